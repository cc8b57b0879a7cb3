//! What the operator says of this deployment, as far as answers show it.

use crate::id::AccountId;

/// How numbers are written in answers: `api.v1.numbers`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Numbers {
    /// As JSON numbers.
    #[default]
    Number,
    /// As JSON strings, for clients written after the old documentation page.
    String,
}

/// A custom domain for links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// Its bare host name, lower-cased, with a port if it has one.
    pub host: String,
    /// The account that may name it.
    pub account: AccountId,
}

/// The deployment. Links are built from here, never from a request's headers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// `http` or `https`.
    pub scheme: String,
    /// The host that links stand on, with a port if it has one.
    pub host: String,
    /// Registered custom domains.
    pub domains: Vec<Domain>,
    /// How numbers are written.
    pub numbers: Numbers,
}

impl Site {
    /// `https://host`, of the custom domain if there is one.
    #[must_use]
    pub fn origin(&self, share_domain: Option<&str>) -> String {
        format!("{}://{}", self.scheme, share_domain.unwrap_or(&self.host))
    }
}
