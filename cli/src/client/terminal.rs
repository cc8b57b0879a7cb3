//! The person at the terminal, wherever standard input leads.

use anyhow::{Context, anyhow};
use waxseal_core::wiped::Wiped;

use crate::exit::Failure;

/// Asks for what must not be seen.
///
/// # Errors
/// A refusal if nobody is there to ask, or the person would not say. `instead` is another
/// way to give it.
pub(super) fn ask_unseen(question: &str, instead: &str) -> Result<Wiped, Failure> {
    match system::ask_unseen(question).context("cannot ask").map_err(Failure::other)? {
        system::Heard::Nobody => Err(Failure::usage(anyhow!("nobody is here to ask; {instead}"))),
        system::Heard::Cancelled => Err(Failure::other(anyhow!("nothing was done"))),
        system::Heard::Text(bytes) => Ok(bytes),
    }
}

#[cfg(unix)]
mod system {
    use std::fs::File;
    use std::io::{self, Read, Write};

    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
    use waxseal_core::wiped::Wiped;

    use super::super::typed::{Key, Typed};

    pub(super) enum Heard {
        Nobody,
        Cancelled,
        Text(Wiped),
    }

    const MARK_PASTES: &[u8] = b"\x1b[?2004h";
    const MARK_NO_PASTES: &[u8] = b"\x1b[?2004l";

    pub(super) fn ask_unseen(question: &str) -> io::Result<Heard> {
        let Ok(terminal) = File::options().read(true).write(true).open("/dev/tty") else {
            return Ok(Heard::Nobody);
        };
        let mut unseen = Unseen::of(terminal)?;
        unseen.terminal.write_all(question.as_bytes())?;
        let mut typed = Typed::new();
        loop {
            let mut byte = [0];
            let key = match unseen.terminal.read(&mut byte)? {
                0 => Key::Cancelled,
                _ => typed.push(byte[0]),
            };
            match key {
                Key::More => {}
                Key::Done => return Ok(Heard::Text(typed.into_bytes())),
                Key::Cancelled => return Ok(Heard::Cancelled),
            }
        }
    }

    /// A terminal that shows nothing of what is typed, until this is dropped. Nothing of
    /// the line is kept in the system, whose lines end at 4,095 bytes, and Ctrl-C is a key,
    /// so that it leaves no terminal dumb.
    struct Unseen {
        terminal: File,
        before: Termios,
    }

    impl Unseen {
        fn of(mut terminal: File) -> io::Result<Self> {
            let before = tcgetattr(&terminal)?;
            let mut unseen = before.clone();
            unseen.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
            unseen.special_codes[SpecialCodeIndex::VMIN] = 1;
            unseen.special_codes[SpecialCodeIndex::VTIME] = 0;
            tcsetattr(&terminal, OptionalActions::Flush, &unseen)?;
            let marked = terminal.write_all(MARK_PASTES);
            let unseen = Self { terminal, before };
            marked.map(|()| unseen)
        }
    }

    impl Drop for Unseen {
        fn drop(&mut self) {
            self.terminal.write_all(MARK_NO_PASTES).ok();
            self.terminal.write_all(b"\n").ok();
            // What is left of a paste must not be run by the shell.
            tcsetattr(&self.terminal, OptionalActions::Flush, &self.before).ok();
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    use waxseal_core::wiped::Wiped;

    #[allow(dead_code)]
    pub(super) enum Heard {
        Nobody,
        Cancelled,
        Text(Wiped),
    }

    /// Without a terminal of the kind, secrets come from files and pipes.
    pub(super) fn ask_unseen(_: &str) -> io::Result<Heard> {
        Ok(Heard::Nobody)
    }
}
