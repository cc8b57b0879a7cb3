//! Who is to be told of a secret by mail.

use std::fmt;

/// One e-mail address, checked and lower-cased. Its `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(String);

impl Recipient {
    /// The address, for the mailer.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient")
    }
}
impl Recipient {
    /// tmp
    pub fn parse(t: &str) -> Option<Self> {
        t.contains('@').then(|| Self(t.to_lowercase()))
    }
    /// tmp
    pub fn masked(&self) -> String {
        String::new()
    }
}
