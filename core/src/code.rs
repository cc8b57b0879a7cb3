//! Enums that stores write as one number.

/// Makes an enum whose numbers are part of every stored format, with the way
/// there and back.
macro_rules! coded {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        ///
        /// The numbers are part of every stored format.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$doc])* $variant = $code,)+
        }

        impl $name {
            /// The number a store writes.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// Reads the number that a store wrote.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use coded;
