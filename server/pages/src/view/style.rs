//! Style and script, and the policy that allows just these.
//!
//! Both are written into each page, so that it is painted after one request. The
//! policy names their hashes. The colours of a brand stand in a style element of
//! their own, whose hash is computed for the page: an attribute would be blocked.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use super::colour::Palette;

/// The style of all pages, without comments and blanks.
pub(super) static STYLE: LazyLock<Inline> =
    LazyLock::new(|| Inline::new(squeeze_style(include_str!("style.css"))));
static COPY: LazyLock<Inline> = LazyLock::new(|| Inline::new(squeeze(include_str!("script/copy.js"))));
static SHOW: LazyLock<Inline> = LazyLock::new(|| Inline::new(squeeze(include_str!("script/show.js"))));
static COUNTDOWN: LazyLock<Inline> =
    LazyLock::new(|| Inline::new(squeeze(include_str!("script/countdown.js"))));

/// A comfort that a page offers where scripts run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Script {
    /// A button that puts a field on the clipboard.
    Copy,
    /// A switch that shows a passphrase.
    Show,
    /// How long it is until a time.
    Countdown,
}

impl Script {
    fn inline(self) -> &'static Inline {
        match self {
            Self::Copy => &COPY,
            Self::Show => &SHOW,
            Self::Countdown => &COUNTDOWN,
        }
    }

    pub(super) fn text(self) -> &'static str {
        &self.inline().text
    }
}

/// A text that stands in a page, and its hash.
pub(super) struct Inline {
    pub(super) text: String,
    hash: String,
}

impl Inline {
    fn new(text: String) -> Self {
        let hash = STANDARD.encode(digest(&SHA256, text.as_bytes()));
        Self { text, hash }
    }
}

/// What a page's head and foot hold.
pub struct Styles {
    brand: Inline,
}

impl Styles {
    /// For a brand's accent, `#rrggbb`.
    pub(super) fn of(accent: &str) -> Self {
        Self { brand: Inline::new(Palette::of(accent).css()) }
    }

    pub(super) fn common(&self) -> &'static str {
        &STYLE.text
    }

    pub(super) fn brand(&self) -> &str {
        &self.brand.text
    }
}

/// The `Content-Security-Policy` of a page with these styles and scripts.
/// `img-src` is for the empty icon, which keeps browsers from asking for one.
pub(super) fn policy(styles: &Styles, scripts: &[Script]) -> String {
    let hash = |inline: &Inline| format!(" 'sha256-{}'", inline.hash);
    let styles = hash(&STYLE) + &hash(&styles.brand);
    let scripts: String = scripts.iter().map(|script| hash(script.inline())).collect();
    let scripts = if scripts.is_empty() { String::new() } else { format!(" script-src{scripts};") };
    format!(
        "default-src 'none'; style-src{styles};{scripts} img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Leaves out comments, indentation and line ends. Both files are written so that
/// no line needs its end, and comments fill lines of their own.
fn squeeze(source: &str) -> String {
    let mut in_comment = false;
    let mut squeezed = String::with_capacity(source.len());
    for line in source.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.starts_with("//") {
            squeezed.push_str(line);
        }
        in_comment &= !line.ends_with("*/");
    }
    squeezed
}

/// As [`squeeze`], without the blanks that a style sheet does not need.
fn squeeze_style(source: &str) -> String {
    let blanks =
        [(": ", ":"), ("; ", ";"), (", ", ","), (" { ", "{"), (" {", "{"), (" }", "}"), (" > ", ">")];
    blanks.iter().fold(squeeze(source), |style, (wide, narrow)| style.replace(wide, narrow))
}
