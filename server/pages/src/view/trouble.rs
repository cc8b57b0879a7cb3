//! What went wrong, in plain words, and whether the secret is still safe.

use askama::Template;
use waxseal_core::time::Ttl;
use waxseal_locale::fill;

use super::{Frame, Page, View, page};

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// 400. Nothing happened.
    BadRequest,
    /// 404: no such page.
    NotFound,
    /// 413. Nothing happened.
    TooLarge,
    /// 429. Nothing happened.
    TooMany {
        /// When it is worth another try.
        retry_after: Ttl,
    },
    /// 503 on creating: nothing was stored.
    NotStored,
    /// 503 on opening, burning or looking: it was not even looked up.
    Unreached,
    /// 503: the claim was made but not confirmed.
    Unsure,
    /// 503: damaged, or its master key is missing. Nothing was used up.
    Undecipherable,
}

/// An error page.
#[derive(Template)]
#[template(path = "trouble.html", whitespace = "minimize")]
pub struct Trouble<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// What went wrong.
    pub what: What,
    /// Finds the request in the log.
    pub request_id: &'a str,
}

impl View for Trouble<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn is_public(&self) -> bool {
        true
    }
}

impl Trouble<'_> {
    /// The status that `what` names; a flow may put a finer one (405, 408) in its place.
    #[must_use]
    pub fn render(&self) -> Page {
        let status = match self.what {
            What::BadRequest => 400,
            What::NotFound => 404,
            What::TooLarge => 413,
            What::TooMany { .. } => 429,
            What::NotStored | What::Unreached | What::Unsure | What::Undecipherable => 503,
        };
        page(self, status, 0)
    }

    fn title(&self) -> &'static str {
        let texts = &self.frame.words.trouble;
        match self.what {
            What::BadRequest => texts.bad_request,
            What::NotFound => texts.not_found,
            What::TooLarge => texts.too_large,
            What::TooMany { .. } => texts.too_many,
            What::NotStored | What::Unreached | What::Unsure => texts.unavailable,
            What::Undecipherable => texts.undecipherable,
        }
    }

    fn lead(&self) -> String {
        let texts = &self.frame.words.trouble;
        match self.what {
            What::BadRequest => texts.bad_request_text.into(),
            What::NotFound => texts.not_found_text.into(),
            What::TooLarge => texts.too_large_text.into(),
            What::TooMany { retry_after } => {
                fill(texts.too_many_text, &[("wait", &self.frame.words.wait(retry_after))])
            }
            What::NotStored | What::Unreached => texts.unavailable_text.into(),
            What::Unsure => String::new(),
            What::Undecipherable => texts.undecipherable_text.into(),
        }
    }

    /// What the creator or the reader most wants to know.
    fn safety(&self) -> Option<&'static str> {
        let texts = &self.frame.words.trouble;
        match self.what {
            What::NotFound => None,
            What::BadRequest | What::TooLarge | What::TooMany { .. } | What::Unreached => {
                Some(texts.nothing_happened)
            }
            What::NotStored => Some(texts.not_stored),
            What::Undecipherable => Some(texts.kept),
            What::Unsure => Some(texts.unsure),
        }
    }
}
