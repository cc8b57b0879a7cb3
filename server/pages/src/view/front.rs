//! The two pages that ask before something is done that can't be undone: a
//! reader opens, a creator deletes.

use askama::Template;
use waxseal_core::time::Timestamp;

use super::style::{Script, Sheet};
use super::{Frame, Page, View, page};
use crate::field;

/// Why the last try did nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Wrong passphrase.
    WrongPassphrase {
        /// Guesses this client has left.
        left: u32,
    },
    /// Too many wrong ones.
    LockedOut {
        /// When guesses are heard again.
        until: Timestamp,
    },
    /// The page's token was older than twelve hours, or none of ours.
    TokenExpired,
    /// Other characters than those shown.
    WrongCheck,
    /// The form came from another site.
    Foreign,
}

impl Refusal {
    /// 429 for a lock, 422 for the rest.
    const fn status(self) -> u16 {
        if matches!(self, Self::LockedOut { .. }) { 429 } else { 422 }
    }

    fn text(self, frame: &Frame<'_>) -> String {
        let texts = &frame.words.front;
        match self {
            Self::WrongPassphrase { left } => {
                format!(
                    "{} {}",
                    texts.wrong_passphrase,
                    frame.words.count(&frame.words.attempts_left, left.into())
                )
            }
            Self::LockedOut { .. } => texts.locked.into(),
            Self::TokenExpired => texts.expired.into(),
            Self::WrongCheck => texts.wrong_check.into(),
            Self::Foreign => texts.foreign.into(),
        }
    }
}

/// What both ask for.
#[derive(Clone, Copy)]
pub struct Confirm<'a> {
    /// The visitor's key, as it stands in the page's address.
    pub key: &'a str,
    /// Shows that the form was rendered here, for this key.
    pub token: &'a str,
    /// Whether it takes the passphrase.
    pub passphrase_required: bool,
    /// Characters that the visitor is to type.
    pub check: Option<&'a str>,
    /// Why the last try did nothing.
    pub refusal: Option<Refusal>,
}

impl Confirm<'_> {
    /// 200, or what the refusal means.
    fn status(&self) -> u16 {
        self.refusal.map_or(200, Refusal::status)
    }

    fn is_locked(&self) -> bool {
        matches!(self.refusal, Some(Refusal::LockedOut { .. }))
    }

    fn wrong_passphrase(&self) -> bool {
        matches!(self.refusal, Some(Refusal::WrongPassphrase { .. }))
    }

    fn wrong_check(&self) -> bool {
        self.refusal == Some(Refusal::WrongCheck)
    }

    /// A locked page shows no form, only until when.
    fn scripts(&self) -> Vec<Script> {
        match (self.is_locked(), self.passphrase_required) {
            (true, _) => vec![Script::Countdown],
            (false, true) => vec![Script::Show, Script::Forget],
            (false, false) => Vec::new(),
        }
    }
}

/// Before opening.
#[derive(Template)]
#[template(path = "front.html", whitespace = "minimize")]
pub struct Front<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// With the reader's key.
    pub confirm: Confirm<'a>,
}

impl View for Front<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn is_public(&self) -> bool {
        true
    }

    fn sheets(&self) -> &'static [Sheet] {
        match (self.confirm.passphrase_required, self.confirm.check) {
            (false, None) => &[Sheet::Base],
            _ => &[Sheet::Base, Sheet::Form],
        }
    }

    fn scripts(&self) -> Vec<Script> {
        self.confirm.scripts()
    }
}

impl Front<'_> {
    /// 200, or what the refusal means.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, self.confirm.status(), 1_024)
    }
}

/// Before deleting unopened.
#[derive(Template)]
#[template(path = "burn.html", whitespace = "minimize")]
pub struct BurnConfirm<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// With the creator's key.
    pub confirm: Confirm<'a>,
}

impl View for BurnConfirm<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn sheets(&self) -> &'static [Sheet] {
        &[Sheet::Base, Sheet::Form, Sheet::Receipt]
    }

    fn scripts(&self) -> Vec<Script> {
        self.confirm.scripts()
    }
}

impl BurnConfirm<'_> {
    /// 200, or what the refusal means.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, self.confirm.status(), 1_024)
    }
}

impl Frame<'_> {
    /// What stands before and behind the characters to type.
    fn check_hint(&self) -> (&'static str, &'static str) {
        self.words.front.check_hint.split_once("{characters}").unwrap_or_default()
    }
}
