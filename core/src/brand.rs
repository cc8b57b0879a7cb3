//! What a deployment, or a custom domain of it, calls itself and looks like.

use std::fmt;
use std::str::FromStr;

/// A colour for what stands out on a page and in a mail: `#rrggbb`. Holds three
/// numbers and no text, so whatever a page writes it into stays as it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Accent(pub [u8; 3]);

/// The text is no colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a colour is # and six hexadecimal digits, such as #9b2c2c: two each for red, green and blue")]
pub struct NotAColour;

impl Default for Accent {
    /// The red of sealing wax. 7.5 to 1 against white, where WCAG 2.2 asks for 4.5.
    fn default() -> Self {
        Self([0x9b, 0x2c, 0x2c])
    }
}

impl FromStr for Accent {
    type Err = NotAColour;
    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(NotAColour)?;
        // `from_str_radix` alone would take a sign.
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).map_err(|_| NotAColour)?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Accent {
    /// As CSS reads it, in lower case.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// What pages and mails say of whom they come from. The texts are the operator's,
/// and are escaped wherever they are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brand {
    /// What it is called.
    pub name: String,
    /// Its colour.
    pub accent: Accent,
    /// A line at the foot of every page.
    pub footer: Option<String>,
}

impl Default for Brand {
    fn default() -> Self {
        Self { name: "Waxseal".to_owned(), accent: Accent::default(), footer: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_is_written_in_lower_case() {
        assert_eq!("#0aB1fF".parse::<Accent>().map(|accent| accent.to_string()), Ok("#0ab1ff".to_owned()));
        assert_eq!(Accent::default().to_string().parse(), Ok(Accent::default()));
        let none =
            ["", "#", "0ab1ff", "#fff", "#0ab1ff0", "#0ab1fg", "#+ab1ff", "red", " #0ab1ff", "#0ab1f\u{e9}"];
        for text in none {
            assert_eq!(text.parse::<Accent>(), Err(NotAColour), "{text}");
        }
    }
}
