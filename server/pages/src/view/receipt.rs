//! What a creator sees: the link, and what became of the secret.

use askama::Template;
use waxseal_core::store::{MailState, forgotten};
use waxseal_core::time::Timestamp;

use super::qr::Qr;
use super::style::{Script, Sheet};
use super::{Frame, Page, View, page};

/// A value was made here: it and its link, this once.
#[derive(Template)]
#[template(path = "generated.html", whitespace = "minimize")]
pub struct Generated<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// The value.
    pub value: &'a str,
    /// The link to share.
    pub link: &'a str,
    /// The path of the receipt.
    pub receipt: &'a str,
    /// When the link ends.
    pub expires: Timestamp,
}

impl View for Generated<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn sheets(&self) -> &'static [Sheet] {
        &[Sheet::Base, Sheet::Form, Sheet::Receipt]
    }

    fn scripts(&self) -> Vec<Script> {
        vec![Script::Copy, Script::Countdown]
    }
}

impl Generated<'_> {
    /// 200.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, 200, self.value.len() + 2 * self.link.len() + self.receipt.len())
    }

    fn qr(&self) -> Option<Qr> {
        Qr::of(self.link)
    }
}

/// What became of a secret.
#[derive(Clone, Copy)]
pub enum ReceiptState<'a> {
    /// Not opened.
    New {
        /// The link to share.
        link: &'a str,
        /// Set while wrong passphrases keep it locked.
        locked_until: Option<Timestamp>,
    },
    /// Opened by its one reader.
    Opened {
        /// When.
        at: Timestamp,
    },
    /// Deleted unopened by its creator.
    Burned {
        /// When.
        at: Timestamp,
    },
    /// Its time passed.
    Expired,
    /// Its content was lost before its time.
    Orphaned,
}

/// The creator's page.
#[derive(Template)]
#[template(path = "receipt.html", whitespace = "minimize")]
pub struct Receipt<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// The creator's key, as it stands in the page's address.
    pub key: &'a str,
    /// What became of the secret.
    pub state: ReceiptState<'a>,
    /// Whether the creator has just made it.
    pub just_made: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends, or ended, unopened.
    pub expires: Timestamp,
    /// Whether it takes a passphrase.
    pub passphrase_required: bool,
    /// Who is told, masked.
    pub recipients: &'a [String],
    /// What became of the message.
    pub mail: MailState,
}

impl View for Receipt<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn sheets(&self) -> &'static [Sheet] {
        &[Sheet::Base, Sheet::Form, Sheet::Receipt]
    }

    fn scripts(&self) -> Vec<Script> {
        match self.state {
            ReceiptState::New { .. } => vec![Script::Copy, Script::Countdown],
            _ => Vec::new(),
        }
    }
}

impl Receipt<'_> {
    /// 200.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, 200, 1_024)
    }

    fn title(&self) -> &'static str {
        let texts = &self.frame.words.receipt;
        match self.state {
            ReceiptState::New { .. } if self.just_made => texts.ready,
            ReceiptState::New { .. } => texts.waiting,
            ReceiptState::Opened { .. } => texts.opened,
            ReceiptState::Burned { .. } => texts.burned,
            ReceiptState::Expired => texts.expired,
            ReceiptState::Orphaned => texts.orphaned,
        }
    }

    fn lead(&self) -> &'static str {
        let texts = &self.frame.words.receipt;
        match self.state {
            ReceiptState::New { .. } if self.just_made => texts.ready_text,
            ReceiptState::New { .. } => texts.waiting_text,
            ReceiptState::Opened { .. } => texts.opened_text,
            ReceiptState::Burned { .. } => texts.burned_text,
            ReceiptState::Expired => texts.expired_text,
            ReceiptState::Orphaned => texts.orphaned_text,
        }
    }

    fn mail_text(&self) -> Option<&'static str> {
        let texts = &self.frame.words.receipt;
        match self.mail {
            MailState::None => None,
            MailState::NotConfigured => Some(texts.mail_off),
            MailState::Queued => Some(texts.mail_queued),
            MailState::Sent => Some(texts.mail_sent),
            MailState::Failed => Some(texts.mail_failed),
            MailState::OverQuota => Some(texts.mail_over_quota),
        }
    }

    fn kept_until(&self) -> Timestamp {
        forgotten(self.created, self.expires)
    }

    fn qr(&self) -> Option<Qr> {
        match self.state {
            ReceiptState::New { link, .. } => Qr::of(link),
            _ => None,
        }
    }
}
