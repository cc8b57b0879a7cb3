//! Where a secret is made.

use askama::Template;
use waxseal_core::time::Ttl;
use waxseal_locale::{Words, fill};

use super::style::{Script, Sheet};
use super::{Frame, Page, View, page};
use crate::field;

/// The form.
#[derive(Template)]
#[template(path = "create.html", whitespace = "minimize")]
pub struct Create<'a> {
    /// Around it.
    pub frame: Frame<'a>,
    /// Names this filling of the form.
    pub nonce: &'a str,
    /// The lifetimes to choose from, shortest first.
    pub lifetimes: &'a [Ttl],
    /// The one that is chosen.
    pub chosen: Ttl,
    /// What may be typed.
    pub limits: Limits,
    /// What was typed already.
    pub typed: Typed<'a>,
    /// What was wrong with it, in the order of the fields.
    pub problems: &'a [Problem],
    /// Finds the request in the log. Shown where the form was sound.
    pub request_id: &'a str,
}

/// What may be typed.
#[derive(Clone, Copy)]
pub struct Limits {
    /// The longest secret, in bytes.
    pub secret_max: usize,
    /// The shortest passphrase, in bytes; 0 for any.
    pub passphrase_min: usize,
    /// Whether there must be one.
    pub passphrase_required: bool,
}

/// What a form came back with.
#[derive(Clone, Copy, Default)]
pub struct Typed<'a> {
    /// The value.
    pub secret: &'a str,
    /// The passphrase.
    pub passphrase: &'a str,
}

/// What is wrong with a filled form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// No secret, and none asked for.
    SecretMissing,
    /// Larger than this site takes.
    SecretTooLarge {
        /// In bytes.
        max: usize,
    },
    /// A secret was typed and one was asked for: which is meant?
    SecretAndGenerate,
    /// None of the lifetimes offered.
    LifetimeUnknown,
    /// Shorter than this site wants.
    PassphraseTooShort {
        /// In bytes.
        min: usize,
    },
    /// Longer than this site takes.
    PassphraseTooLong {
        /// In bytes.
        max: usize,
    },
    /// This site wants one.
    PassphraseMissing,
    /// The form was older than twelve hours, or its nonce is none of ours.
    FormExpired,
    /// The form came from another site.
    FormForeign,
    /// This client has made as many as it may.
    TooMany {
        /// Until it may again.
        wait: Ttl,
    },
    /// It could not be stored, for no fault of the form's.
    NotStored,
}

impl Problem {
    /// The name of the field it is about; `None` if it is about the whole form.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::SecretMissing | Self::SecretTooLarge { .. } | Self::SecretAndGenerate => {
                Some(field::SECRET)
            }
            Self::LifetimeUnknown => Some(field::TTL),
            Self::PassphraseTooShort { .. } | Self::PassphraseTooLong { .. } | Self::PassphraseMissing => {
                Some(field::PASSPHRASE)
            }
            Self::FormExpired | Self::FormForeign | Self::TooMany { .. } | Self::NotStored => None,
        }
    }

    fn text(self, words: &Words) -> String {
        let number = |n: usize| words.number(n as u64);
        let texts = &words.problems;
        match self {
            Self::SecretMissing => texts.secret_missing.into(),
            Self::SecretTooLarge { max } => fill(texts.secret_too_large, &[("max", &number(max))]),
            Self::SecretAndGenerate => texts.secret_and_generate.into(),
            Self::LifetimeUnknown => texts.lifetime_unknown.into(),
            Self::PassphraseTooShort { min } => fill(texts.passphrase_too_short, &[("min", &number(min))]),
            Self::PassphraseTooLong { max } => fill(texts.passphrase_too_long, &[("max", &number(max))]),
            Self::PassphraseMissing => texts.passphrase_missing.into(),
            Self::FormExpired => texts.form_expired.into(),
            Self::FormForeign => texts.form_foreign.into(),
            Self::TooMany { wait } => fill(words.trouble.too_many_text, &[("wait", &words.wait(wait))]),
            Self::NotStored => format!("{} {}", words.trouble.not_stored, words.trouble.unavailable_text),
        }
    }
}

impl View for Create<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn is_public(&self) -> bool {
        self.typed.secret.is_empty() && self.typed.passphrase.is_empty()
    }

    fn sheets(&self) -> &'static [Sheet] {
        &[Sheet::Base, Sheet::Form, Sheet::Create]
    }

    fn scripts(&self) -> Vec<Script> {
        vec![Script::Show, Script::Forget]
    }
}

impl Create<'_> {
    fn what_is_wrong(&self) -> &'static str {
        self.refused_sound().unwrap_or(self.frame.words.problems.title)
    }

    /// Why it was refused although nothing was wrong with it.
    fn refused_sound(&self) -> Option<&'static str> {
        let texts = &self.frame.words.trouble;
        self.problems.iter().find_map(|problem| match problem {
            Problem::TooMany { .. } => Some(texts.too_many),
            Problem::NotStored => Some(texts.unavailable),
            _ => None,
        })
    }

    /// 200, or 422 if something is wrong.
    #[must_use]
    pub fn render(&self) -> Page {
        let status = if self.problems.is_empty() { 200 } else { 422 };
        page(self, status, self.typed.secret.len() + self.typed.passphrase.len())
    }

    /// What is wrong with one field.
    fn problem_of(&self, field: &str) -> Option<String> {
        let problem = self.problems.iter().find(|problem| problem.field() == Some(field))?;
        Some(problem.text(self.frame.words))
    }

    fn secret_hint(&self) -> String {
        let max = self.frame.words.number(self.limits.secret_max as u64);
        fill(self.frame.words.create.secret_hint, &[("max", &max)])
    }

    fn passphrase_hint(&self) -> String {
        let texts = &self.frame.words.create;
        let min = self.frame.words.number(self.limits.passphrase_min as u64);
        match self.limits.passphrase_min {
            0 | 1 => texts.passphrase_hint.into(),
            _ => format!("{} {}", texts.passphrase_hint, fill(texts.passphrase_min, &[("min", &min)])),
        }
    }
}

/// Guests may not create here.
#[derive(Template)]
#[template(path = "closed.html", whitespace = "minimize")]
pub struct Closed<'a> {
    /// Around it.
    pub frame: Frame<'a>,
}

impl View for Closed<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn is_public(&self) -> bool {
        true
    }
}

impl Closed<'_> {
    /// 200: the page is there and says what is so. A flow that refuses a POST says 403.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, 200, 0)
    }
}
