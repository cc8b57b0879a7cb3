//! What a terminal shows of a new secret.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

use super::told::Told;
use super::when;

/// How much a terminal can show.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Colours and bold letters.
    pub(super) colour: bool,
    pub(super) qr: bool,
}

impl Style {
    /// As the environment has it: NO_COLOR takes the colours, a dumb terminal the QR code, too.
    pub(super) fn of_terminal(qr: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|terminal| terminal == "dumb");
        Self { colour: set("NO_COLOR").is_none() && !dumb, qr: qr && !dumb }
    }
}

/// The lines of the card. The link stands alone on its line, so that it is easily copied.
pub(super) fn card(told: &Told<'_>, mail: Option<&str>, style: Style, now: u64) -> String {
    let link = told.link.as_deref().unwrap_or_default();
    let mut lines = vec!["This link opens once:".to_owned(), String::new()];
    lines.push(if style.colour { format!("  \x1b[1m{link}\x1b[0m") } else { format!("  {link}") });
    lines.push(String::new());
    if style.qr {
        lines.extend(qr(link, style.colour));
        lines.push(String::new());
    }
    if told.passphrase_required == Some(true) {
        lines.push("Passphrase  needed beside the link; tell it by another way".to_owned());
    }
    if let Some(expires) = told.expires {
        lines.push(format!("Expires     {}", when::local(expires, now)));
    }
    if !told.recipient.is_empty() {
        let became = mail.map(|mail| format!(" ({mail})")).unwrap_or_default();
        lines.push(format!("Message to  {}{became}", told.recipient.join(", ")));
    }
    if let Some(receipt) = &told.receipt_link {
        lines.push(format!("Receipt     {receipt}"));
        lines.push(
            "            tells you whether it was opened, and burns it; keep it to yourself".to_owned(),
        );
    }
    lines.join("\n")
}

/// A QR code of half-blocks, two rows a line, dark on light where colours can say so. Else
/// the light modules are drawn, since most terminals are dark.
fn qr(text: &str, colour: bool) -> Vec<String> {
    const QUIET: i32 = 2;
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Low) else { return Vec::new() };
    let span = -QUIET..code.size() + QUIET;
    let light = |x, y| y < code.size() + QUIET && !code.get_module(x, y);
    let rows = span.clone().step_by(2).map(|y| {
        let mut row = String::new();
        for x in span.clone() {
            row.push(match (light(x, y), light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        row
    });
    rows.map(|row| if colour { coloured(&row) } else { format!("  {row}") }).collect()
}

/// White on black, whatever the terminal's own colours are.
fn coloured(row: &str) -> String {
    let mut line = String::with_capacity(row.len() + 32);
    // Writing to a String can't fail.
    write!(line, "  \x1b[38;5;231;48;5;16m{row}\x1b[0m").ok();
    line
}

/// A stranger's text for a terminal, which must not be steered by it: control characters
/// in caret notation, but for line ends and tabs. And whether there were any.
pub(super) fn visible(text: &str) -> (zeroize::Zeroizing<String>, bool) {
    // The longest a character becomes is its escape, six letters of ASCII for two bytes.
    let mut shown = zeroize::Zeroizing::new(String::with_capacity(4 * text.len() + 8));
    let mut any = false;
    for c in text.chars() {
        let code = u32::from(c);
        if !c.is_control() || matches!(c, '\n' | '\t') {
            shown.push(c);
            continue;
        }
        any = true;
        match char::from_u32(code ^ 0x40).filter(|_| code < 0x80) {
            Some(letter) => shown.extend(['^', letter]),
            None => shown.extend(c.escape_unicode()),
        }
    }
    (shown, any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_client::Receipt;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(*visible("a\tb\nä").0, "a\tb\nä");
        let (shown, any) = visible("\u{1b}]52;c;x\u{7}\r\u{7f}\u{9b}");
        assert!(any && *shown == "^[]52;c;x^G^M^?\\u{9b}", "{}", *shown);
    }

    #[test]
    fn without_colours_there_is_no_escape_and_the_code_is_whole() {
        let receipt = Receipt {
            secret_key: "k".repeat(31),
            metadata_key: "m".to_owned(),
            state: "new".to_owned(),
            secret_ttl: Some(60),
            ..Receipt::default()
        };
        let told = Told::of(&"https://a.b".parse().unwrap(), &receipt, 0);
        let plain = card(&told, None, Style { colour: false, qr: true }, 0);
        assert!(!plain.contains('\u{1b}') && plain.contains("(in 60 seconds)"), "{plain}");
        let rows: Vec<_> =
            plain.lines().filter(|line| line.contains('█')).map(|row| row.chars().count()).collect();
        assert!(rows.len() > 14 && rows.iter().all(|width| *width == rows[0]), "{plain}");
        let none = card(&told, None, Style { colour: true, qr: false }, 0);
        assert!(!none.contains('█') && none.contains("\u{1b}[1m"), "{none}");
    }
}
