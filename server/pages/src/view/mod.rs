//! What people see: one struct a page, plain data in, a [`Page`] out.
//!
//! The templates stand in `templates/`, all of them around `frame.html`. They
//! escape whatever they are given. A secret is written as text and never read.
//!
//! Everything a page needs comes with it: one request, no font, no image, no
//! third party. Its style and script are allowed by their hashes.

mod colour;
mod create;
mod ending;
mod front;
mod qr;
mod receipt;
mod style;
mod trouble;

use std::fmt;

use askama::{FastWritable, Template, filters::HtmlSafe};
use waxseal_core::time::{Timestamp, Ttl};
use waxseal_locale::{Words, fill, machine};
use zeroize::Zeroizing;

use crate::field;

use style::{Script, Sheet};

pub use create::{Closed, Create, Limits, Problem, Typed};
pub use ending::{Gone, Lost, Shown};
pub use front::{BurnConfirm, Confirm, Front, Refusal};
pub use receipt::{Generated, Receipt, ReceiptState};
pub use trouble::{Trouble, What};

/// A rendered page.
pub struct Page {
    /// The HTTP status that its content means.
    pub status: u16,
    /// The HTML. It may hold a secret, a key or a token, so it wipes itself.
    pub body: Zeroizing<String>,
    /// The value of its `Content-Security-Policy`.
    pub csp: String,
    /// Whether nothing secret stands on it: no value, nothing typed, no receipt.
    pub is_public: bool,
    /// The value of its `Content-Language`.
    pub language: &'static str,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What every page has around it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The reader's language.
    pub words: &'static Words,
    /// Whether the reader chose it by `?locale=`; then forms and links keep it.
    pub chosen: bool,
    /// Whose site it is.
    pub brand: Brand<'a>,
    /// Where this deployment keeps its data.
    pub region: Option<Region<'a>>,
    /// The other deployments.
    pub regions: &'a [Region<'a>],
    /// Whether to offer the page in other languages, by links to its own path.
    /// Not where following one would lose what the page shows.
    pub offers_languages: bool,
}

/// Whose site it is, from the configuration.
#[derive(Clone, Copy)]
pub struct Brand<'a> {
    /// The name, which is also the logo.
    pub name: &'a str,
    /// The one colour, `#rrggbb`. What is hard to read in it is derived from it.
    pub accent: &'a str,
    /// A line at the foot of every page.
    pub footer: Option<&'a str>,
}

/// A region: a deployment with a store of its own.
#[derive(Clone, Copy)]
pub struct Region<'a> {
    /// Its name.
    pub label: &'a str,
    /// The address of its create page.
    pub url: &'a str,
}

impl<'a> Frame<'a> {
    /// What to put behind a path of ours, so that a chosen language stays.
    pub(crate) fn query(&self) -> String {
        if self.chosen { format!("?{}={}", field::LOCALE, self.words.tag) } else { String::new() }
    }

    fn region_line(&self, label: &str) -> String {
        fill(self.words.frame.region, &[("region", &label)])
    }

    fn languages(&self) -> [&'static Words; 5] {
        Words::ALL
    }

    fn time(&self, at: &Timestamp) -> Time {
        Time { words: self.words, at: *at, counts_down: false }
    }

    /// A time that a script counts down to.
    fn deadline(&self, at: &Timestamp) -> Time {
        Time { words: self.words, at: *at, counts_down: true }
    }

    fn lifetime(&self, ttl: &Ttl) -> String {
        self.words.duration(*ttl)
    }

    fn colours(&self) -> style::Inline {
        style::Inline::brand(self.brand.accent)
    }
}

/// What `frame.html` asks of the page in it.
trait View: Template {
    fn frame(&self) -> &Frame<'_>;

    /// The parts of the style that it needs.
    fn sheets(&self) -> &'static [Sheet] {
        &[Sheet::Base]
    }

    /// Whether nothing secret stands on it.
    fn is_public(&self) -> bool {
        false
    }

    /// What it does more where scripts run.
    fn scripts(&self) -> Vec<Script> {
        Vec::new()
    }
}

/// More than any page holds beside what comes from outside.
const HTML: usize = 24 * 1024;
/// `"` becomes `&#34;`; nothing grows more.
const WORST_ESCAPE: usize = 5;

/// Renders a page. `foreign` is how many bytes of it came from outside, so that
/// the buffer is large enough from the start: one that grows leaves a copy behind
/// that nobody wipes.
fn page(view: &impl View, status: u16, foreign: usize) -> Page {
    let mut body = Zeroizing::new(String::with_capacity(HTML + foreign * WORST_ESCAPE));
    // Writing to a String can't fail, and no template calls what can.
    let rendered = view.render_into(&mut *body);
    debug_assert!(rendered.is_ok());
    let frame = view.frame();
    let csp = style::policy(frame.brand.accent, view.sheets(), &view.scripts());
    Page { status, body, csp, is_public: view.is_public(), language: frame.words.tag }
}

/// A point in time, as HTML: for people in their language, for machines in UTC.
struct Time {
    words: &'static Words,
    at: Timestamp,
    counts_down: bool,
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = if self.counts_down { " data-left" } else { "" };
        write!(f, "<time{left} datetime={}>{}</time>", machine(self.at), self.words.date(self.at))
    }
}

impl FastWritable for Time {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        write!(dest, "{self}").map_err(Into::into)
    }
}

// Digits, and words of ours without markup.
impl HtmlSafe for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_makes_the_buffer_grow() {
        let brand = Brand { name: "A", accent: "#000000", footer: None };
        let words = Words::of("fr");
        let frame = Frame { words, chosen: true, brand, region: None, regions: &[], offers_languages: true };
        for value in ["", "plain", &"\"".repeat(100_000), &"<".repeat(10_000)] {
            let page = Shown { frame, value }.render();
            let granted = String::with_capacity(HTML + value.len() * WORST_ESCAPE).capacity();
            assert_eq!(page.body.capacity(), granted, "{} bytes", value.len());
        }
    }
}
