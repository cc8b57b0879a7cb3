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

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that a path draws.
    fn drawn(path: &str) -> Vec<(i32, i32)> {
        let mut modules = Vec::new();
        for row in path.split('M').skip(1) {
            let (start, runs) = row.split_once('h').unwrap();
            let (x, y) = start.split_once(' ').unwrap();
            let (mut x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            for run in runs.split('h') {
                let (length, gap) = run.split_once('m').unwrap_or((run, "0 0"));
                let length: i32 = length.parse().unwrap();
                modules.extend((x..x + length).map(|x| (x, y)));
                x += length + gap.strip_suffix(" 0").unwrap().parse::<i32>().unwrap();
            }
        }
        modules
    }

    #[test]
    fn the_path_draws_each_dark_module_once() {
        for text in ["", "https://a.example/secret/1", &"x".repeat(300)] {
            let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
            let every = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
            let dark = every.filter(|(x, y)| code.get_module(*x, *y)).map(|(x, y)| (x + QUIET, y + QUIET));
            let qr = Qr::of(text).unwrap();
            assert_eq!(drawn(&qr.path), dark.collect::<Vec<_>>());
            assert_eq!(qr.side, code.size() + 2 * QUIET);
        }
    }

    #[test]
    fn a_text_beyond_every_code_has_none() {
        assert!(Qr::of(&"x".repeat(3_000)).is_none());
    }
}
