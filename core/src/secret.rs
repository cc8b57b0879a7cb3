//! Secret values: three types that print nothing, wipe themselves on drop, and
//! open with one searchable word, `expose`.
//!
//! What wiping cannot reach: a dependency's expanded key schedule, a copy that
//! the compiler left on a stack, pages that the kernel swapped out, and the
//! buffers of the network.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::wiped::Wiped;

/// What the creator hands over and one reader gets back: text, byte for byte.
pub struct Plaintext(String);

impl Drop for Plaintext {
    fn drop(&mut self) {
        drop(Wiped::new(std::mem::take(&mut self.0).into_bytes()));
    }
}

impl ZeroizeOnDrop for Plaintext {}

impl Plaintext {
    /// The text. Call it as late as possible.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes, which is what plans bound.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing to share.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes bytes that were opened. `None`, and the bytes wiped, if they are not UTF-8.
    #[must_use]
    pub fn from_utf8(bytes: Wiped) -> Option<Self> {
        std::str::from_utf8(&bytes).ok()?;
        String::from_utf8(bytes.into_inner()).ok().map(Self)
    }
}

impl From<String> for Plaintext {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Plaintext {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What a reader must know beside the link. Part of the encryption: every byte counts.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(Vec<u8>);

impl Passphrase {
    /// The bytes, as they go into Argon2id.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<String> for Passphrase {
    fn from(text: String) -> Self {
        Self(text.into_bytes())
    }
}

impl From<&str> for Passphrase {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

/// 32 bytes of key: from the key file, derived, or stretched from a passphrase.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct KeyBytes([u8; 32]);

impl KeyBytes {
    /// The bytes, for a cryptographic primitive.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for KeyBytes {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    )*};
}
redacted!(Plaintext, Passphrase, KeyBytes);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_shows_content() {
        let shown = format!(
            "{:?} {:?} {:?}",
            Plaintext::from("hunter2"),
            Passphrase::from("hunter2"),
            KeyBytes::from([0x42; 32])
        );
        assert!(!shown.contains("hunter2") && !shown.contains("66"));
    }

    #[test]
    fn a_value_is_as_long_as_its_bytes() {
        let (value, empty) = (Plaintext::from("\u{e9}"), Plaintext::from(""));
        assert_eq!((value.len(), value.is_empty()), (2, false));
        assert_eq!((empty.len(), empty.is_empty()), (0, true));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert!(Plaintext::from_utf8(Wiped::new(vec![0xff])).is_none());
        assert_eq!(Plaintext::from_utf8(Wiped::new(b"a\n".to_vec())).unwrap().expose(), "a\n");
    }
}
