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
pub(super) static STYLE: LazyLock<Inline> = LazyLock::new(|| Inline::new(squeeze(include_str!("style.css"))));
/// The script of all pages, without comments and indentation.
pub(super) static SCRIPT: LazyLock<Inline> =
    LazyLock::new(|| Inline::new(squeeze(include_str!("script.js"))));

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

    pub(super) fn script(&self) -> &'static str {
        &SCRIPT.text
    }
}

/// The `Content-Security-Policy` of a page with these styles.
pub(super) fn policy(styles: &Styles) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}' 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        STYLE.hash, styles.brand.hash, SCRIPT.hash
    )
}

/// Leaves out comments that fill lines of their own, indentation and line ends.
/// Both files are written so that no line needs its end.
fn squeeze(source: &str) -> String {
    let lines = source.lines().map(str::trim);
    lines.filter(|line| !line.starts_with("//") && !line.starts_with("/*")).collect()
}
