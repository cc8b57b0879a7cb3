//! Styles and scripts, and the policy that allows just these.
//!
//! They are written into each page that needs them, so that it is painted after
//! one request. The policy names their hashes. The colours of a brand stand in a
//! style element of their own, hashed for the page: an attribute would be blocked.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};

use super::colour::Palette;

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

    /// The colours of a brand, for its accent.
    pub(super) fn brand(accent: &str) -> Self {
        Self::new(Palette::of(accent).css())
    }
}

static BASE: LazyLock<Inline> = LazyLock::new(|| style(include_str!("style/base.css")));
static FORM: LazyLock<Inline> = LazyLock::new(|| style(include_str!("style/form.css")));
static CREATE: LazyLock<Inline> = LazyLock::new(|| style(include_str!("style/create.css")));
static RECEIPT: LazyLock<Inline> = LazyLock::new(|| style(include_str!("style/receipt.css")));
static COPY: LazyLock<Inline> = LazyLock::new(|| script(include_str!("script/copy.js")));
static SHOW: LazyLock<Inline> = LazyLock::new(|| script(include_str!("script/show.js")));
static FORGET: LazyLock<Inline> = LazyLock::new(|| script(include_str!("script/forget.js")));
static COUNTDOWN: LazyLock<Inline> = LazyLock::new(|| script(include_str!("script/countdown.js")));

/// A part of the style. Each page holds only what it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sheet {
    /// Text and buttons.
    Base,
    /// Fields.
    Form,
    /// The page that creates.
    Create,
    /// The pages of a creator's own.
    Receipt,
}

impl Sheet {
    pub(super) fn inline(self) -> &'static Inline {
        match self {
            Self::Base => &BASE,
            Self::Form => &FORM,
            Self::Create => &CREATE,
            Self::Receipt => &RECEIPT,
        }
    }
}

/// What a page does more where scripts run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Script {
    /// A button that puts a field on the clipboard.
    Copy,
    /// A switch that shows a passphrase.
    Show,
    /// Empties the fields of a page that is left.
    Forget,
    /// How long it is until a time.
    Countdown,
}

impl Script {
    pub(super) fn inline(self) -> &'static Inline {
        match self {
            Self::Copy => &COPY,
            Self::Show => &SHOW,
            Self::Forget => &FORGET,
            Self::Countdown => &COUNTDOWN,
        }
    }
}

/// The `Content-Security-Policy` of a page with these sheets and scripts.
/// `img-src` is for the empty icon, which keeps browsers from asking for one.
pub(super) fn policy(accent: &str, sheets: &[Sheet], scripts: &[Script]) -> String {
    let hash = |inline: &Inline| format!(" 'sha256-{}'", inline.hash);
    let styles: String = sheets.iter().map(|sheet| hash(sheet.inline())).collect();
    let brand = hash(&Inline::brand(accent));
    let scripts: String = scripts.iter().map(|script| hash(script.inline())).collect();
    let scripts = if scripts.is_empty() { String::new() } else { format!(" script-src{scripts};") };
    format!(
        "default-src 'none'; style-src{styles}{brand};{scripts} img-src data:; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Without the blanks that a style sheet does not need.
fn style(source: &str) -> Inline {
    squeezed(source, &[": ", "; ", ", ", " { ", " {", " }", " > "])
}

/// Without most blanks. No text in a script holds one of these with its blanks.
fn script(source: &str) -> Inline {
    squeezed(
        source,
        &[
            " = ", " => ", " ? ", " : ", ": ", ", ", "; ", " { ", "{ ", " {", " }", " > ", " / ", " - ",
            " + ", " == ",
        ],
    )
}

/// Leaves out comments, indentation, line ends and the blanks around some signs.
/// The sources are written so that no line needs its end, and comments fill lines
/// of their own.
fn squeezed(source: &str, blanks: &[&str]) -> Inline {
    let mut in_comment = false;
    let mut text = String::with_capacity(source.len());
    for line in source.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.starts_with("//") {
            text.push_str(line);
        }
        in_comment &= !line.ends_with("*/");
    }
    Inline::new(blanks.iter().fold(text, |text, wide| text.replace(wide, wide.trim())))
}
