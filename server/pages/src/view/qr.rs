//! The share link as a QR code: one SVG path, drawn as strokes.

use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

/// Modules of white that the standard asks for on every side.
const QUIET: i32 = 4;

/// What a template needs to draw it.
pub(super) struct Qr {
    /// Modules a side, with the quiet zone.
    pub(super) side: i32,
    /// The dark modules: for each row a move, then runs and gaps. It leads to
    /// the link, so it wipes itself.
    pub(super) path: Zeroizing<String>,
}

impl Qr {
    /// `None` for a text beyond the largest code (2,953 bytes).
    pub(super) fn of(text: &str) -> Option<Self> {
        // The best correction that fits into the smallest code for this length.
        let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
        let mut path = Zeroizing::new(String::with_capacity(16 * 1024));
        for y in 0..code.size() {
            draw_row(&code, y, &mut path);
        }
        Some(Self { side: code.size() + 2 * QUIET, path })
    }
}

fn draw_row(code: &QrCode, y: i32, path: &mut String) {
    let mut x = 0;
    let mut drawn = None;
    while x < code.size() {
        let length = (x..code.size()).take_while(|at| code.get_module(*at, y)).count();
        let length = i32::try_from(length).unwrap_or(0);
        if length == 0 {
            x += 1;
            continue;
        }
        path.push_str(&match drawn {
            None => format!("M{} {}h{length}", x + QUIET, y + QUIET),
            Some(end) => format!("m{} 0h{length}", x - end),
        });
        x += length;
        drawn = Some(x);
    }
}
