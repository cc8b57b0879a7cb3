//! What is typed unseen, key by key. Pure.

use waxseal_core::wiped::Wiped;

/// More than anybody types or pastes.
const ROOM: usize = 1 << 20;

const START_OF_PASTE: &[u8] = b"\x1b[200~";
const END_OF_PASTE: &[u8] = b"\x1b[201~";

/// What a key means for the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Key {
    /// There is more to come.
    More,
    /// That was all.
    Done,
    /// It is not to be.
    Cancelled,
}

/// What was typed so far, in wiped memory that never moves.
pub(super) struct Typed {
    bytes: Wiped,
    /// How much of an escape sequence has come.
    escape: Vec<u8>,
    /// Within a paste a line's end is a part of what is pasted, and ends nothing.
    pasting: bool,
}

impl Typed {
    pub(super) fn new() -> Self {
        Self { bytes: Wiped::new(Vec::with_capacity(ROOM)), escape: Vec::new(), pasting: false }
    }

    /// Takes one byte from a terminal that marks pastes and edits nothing itself.
    pub(super) fn push(&mut self, byte: u8) -> Key {
        if byte == 0x1b || !self.escape.is_empty() {
            self.escape(byte);
            return Key::More;
        }
        match byte {
            _ if self.pasting => self.keep(byte),
            b'\n' | b'\r' => return Key::Done,
            0x03 => return Key::Cancelled,
            0x04 if self.bytes.is_empty() => return Key::Cancelled,
            0x04 => return Key::Done,
            0x08 | 0x7f => self.rub_out(),
            0x15 => self.wipe(),
            _ => self.keep(byte),
        }
        Key::More
    }

    /// What was typed.
    pub(super) fn into_bytes(self) -> Wiped {
        self.bytes
    }

    fn keep(&mut self, byte: u8) {
        if self.bytes.len() < ROOM {
            self.bytes.push(byte);
        }
    }

    /// Arrows and their kin are no text; a paste's marks are heeded.
    fn escape(&mut self, byte: u8) {
        self.escape.push(byte);
        if self.escape == START_OF_PASTE {
            self.pasting = true;
        } else if self.escape == END_OF_PASTE {
            self.pasting = false;
        }
        let is_last = match self.escape.len() {
            1 => false,
            2 => byte != b'[' && byte != b'O',
            _ => (0x40..=0x7e).contains(&byte),
        };
        if is_last {
            self.escape.clear();
        }
    }

    /// The last character, which may be of several bytes.
    fn rub_out(&mut self) {
        while let Some(byte) = self.bytes.pop() {
            if byte & 0xc0 != 0x80 {
                break;
            }
        }
    }

    fn wipe(&mut self) {
        self.bytes.fill(0);
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> (Vec<Key>, Vec<u8>) {
        let mut typed = Typed::new();
        let said = keys.iter().map(|key| typed.push(*key)).filter(|key| *key != Key::More).collect();
        (said, typed.into_bytes().to_vec())
    }

    #[test]
    fn a_line_ends_with_enter_and_is_edited_as_usual() {
        assert_eq!(typed(b"hunter2\n"), (vec![Key::Done], b"hunter2".to_vec()));
        assert_eq!(typed("hä\x7fx\r".as_bytes()).1, b"hx");
        assert_eq!(typed(b"abc\x15x\x1b[Ay\x1bOHz\x04"), (vec![Key::Done], b"xyz".to_vec()));
        assert_eq!(typed(b"abc\x03").0, [Key::Cancelled]);
        assert_eq!(typed(b"\x04").0, [Key::Cancelled]);
        assert_eq!(typed(b"\x7f\x7f\n"), (vec![Key::Done], Vec::new()));
    }

    #[test]
    fn a_paste_keeps_its_lines() {
        let pasted = typed(b"\x1b[200~a\nb\x03\n\x1b[201~\n");
        assert_eq!(pasted, (vec![Key::Done], b"a\nb\x03\n".to_vec()));
    }
}
