//! Texts with named places.

use std::fmt::Display;

/// Defines a struct whose every field is a text, and lists them for tests.
macro_rules! texts {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: &'static str,)+
        }

        #[cfg(test)]
        impl $name {
            /// Every text, with its name.
            pub(crate) fn each(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((concat!(stringify!($name), ".", stringify!($field)), self.$field)),+]
            }
        }
    };
}
pub(crate) use texts;

/// A text with its named places filled: `{max}` by what stands beside `"max"`.
/// A place that no value is given for stays as it is. What is filled in is not
/// looked through again.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, place, after)) = next_place(rest) {
        filled.push_str(before);
        match values.iter().find(|(name, _)| *name == place) {
            Some((_, value)) => filled.push_str(&value.to_string()),
            None => filled.extend(["{", place, "}"]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

fn next_place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, from_place) = text.split_once('{')?;
    let (place, after) = from_place.split_once('}')?;
    Some((before, place, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let filled = fill("{a} and {b}, {a}", &[("a", &"{b}"), ("b", &2)]);
        assert_eq!(filled, "{b} and 2, {b}");
    }

    #[test]
    fn a_place_without_a_value_and_a_lone_brace_stay() {
        assert_eq!(fill("{a} {", &[]), "{a} {");
    }
}
