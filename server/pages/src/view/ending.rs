//! How it ends for a reader: with the value, too late, or with nothing.

use askama::Template;

use super::style::{Script, Sheet};
use super::{Frame, Page, View, page};

/// The value. Rendered only after the secret was claimed, so "deleted now" is true.
#[derive(Template)]
#[template(path = "shown.html", whitespace = "minimize")]
pub struct Shown<'a> {
    /// Around it. It should offer no languages.
    pub frame: Frame<'a>,
    /// The value.
    pub value: &'a str,
}

impl View for Shown<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn sheets(&self) -> &'static [Sheet] {
        &[Sheet::Base, Sheet::Form]
    }

    fn scripts(&self) -> Vec<Script> {
        vec![Script::Copy]
    }
}

impl Shown<'_> {
    /// 200.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, 200, self.value.len())
    }

    /// Lines to show at once, so that most values need no scrolling.
    fn rows(&self) -> usize {
        self.value.lines().map(|line| 1 + line.len() / 60).sum::<usize>().clamp(2, 16)
    }
}

/// Another was faster, a moment ago. Only for the one who held the page open.
#[derive(Template)]
#[template(path = "lost.html", whitespace = "minimize")]
pub struct Lost<'a> {
    /// Around it.
    pub frame: Frame<'a>,
}

impl View for Lost<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn is_public(&self) -> bool {
        true
    }
}

impl Lost<'_> {
    /// 404, as for everyone after it.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, 404, 0)
    }
}

/// Opened, expired, burned, or never there: one page, so that nobody learns which.
#[derive(Template)]
#[template(path = "gone.html", whitespace = "minimize")]
pub struct Gone<'a> {
    /// Around it.
    pub frame: Frame<'a>,
}

impl View for Gone<'_> {
    fn frame(&self) -> &Frame<'_> {
        &self.frame
    }

    fn is_public(&self) -> bool {
        true
    }
}

impl Gone<'_> {
    /// 404.
    #[must_use]
    pub fn render(&self) -> Page {
        page(self, 404, 0)
    }
}
