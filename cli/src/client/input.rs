//! What is handed over: the secret, a passphrase, a link. Never by argument.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use anyhow::anyhow;
use waxseal_client::Link;
use waxseal_core::secret::{Passphrase, Plaintext};
use waxseal_core::wiped::Wiped;
use waxseal_server::read_private;
use zeroize::Zeroizing;

use super::terminal::ask_unseen;
use crate::args::{Passphrased, Share, Stray};
use crate::exit::Failure;

/// More than any server keeps.
const LARGEST: usize = 16 << 20;
/// More than a link has.
const LONGEST_LINK: usize = 8 << 10;

/// Refuses words that may be a secret, and repeats none of them.
///
/// # Errors
/// The refusal, if there are any.
pub(super) fn refuse_stray(stray: &Stray) -> Result<(), Failure> {
    if stray.words.is_empty() && stray.secret.is_none() && stray.token.is_none() {
        return Ok(());
    }
    Err(Failure::usage(anyhow!(
        "secrets, passphrases and tokens are never arguments: every user of this machine sees those, and the \
         shell keeps them. Pipe the secret in, or name a --file; --passphrase asks; the token has a --token-file. \
         If what you typed was a secret, change it"
    )))
}

/// The secret: of the file, of what is piped in, or typed unseen.
///
/// # Errors
/// If there is none, or none that the API can carry.
pub(super) fn secret(share: &Share) -> Result<Plaintext, Failure> {
    let mut bytes = match &share.file {
        Some(path) => of_file(path)?,
        None if io::stdin().is_terminal() => ask_unseen(
            "Secret (unseen; Enter ends it, pasted lines are kept): ",
            "pipe it in, or name a --file",
        )?,
        None => all(io::stdin().lock(), LARGEST).map_err(|error| unread("standard input", &error))?,
    };
    if share.trim_newline && bytes.last() == Some(&b'\n') {
        bytes.pop();
        bytes.pop_if(|last| *last == b'\r');
    }
    text(bytes)
}

fn of_file(path: &Path) -> Result<Wiped, Failure> {
    let read = File::open(path).and_then(|file| all(file, LARGEST));
    read.map_err(|error| unread(&path.display().to_string(), &error))
}

fn unread(place: &str, error: &io::Error) -> Failure {
    Failure::usage(anyhow!("cannot read the secret from {place}: {error}"))
}

/// The API carries text, and servers alter what is none, or lose it.
fn text(bytes: Wiped) -> Result<Plaintext, Failure> {
    if bytes.is_empty() {
        return Err(Failure::usage(anyhow!("there is nothing to share: the secret is empty")));
    }
    let good = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
    Plaintext::from_utf8(bytes).ok_or_else(|| {
        Failure::usage(anyhow!(
            "the secret is no UTF-8 text (from byte {} on), and the API carries text only; encode it first, as by \
             base64. Nothing was sent",
            good + 1
        ))
    })
}

/// All of it, in memory that is wiped wherever it grows.
fn all(mut from: impl Read, most: usize) -> io::Result<Wiped> {
    let mut bytes = Wiped::new(vec![0; 64 << 10]);
    let mut read = 0;
    loop {
        match from.read(&mut bytes[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if read > most {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it has more than {most} bytes"),
            ));
        }
        if read == bytes.len() {
            let mut larger = Wiped::new(vec![0; 2 * read]);
            larger[..read].copy_from_slice(&bytes);
            bytes = larger;
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}

/// The passphrase that flags and environment give. `anew` asks for it twice.
///
/// # Errors
/// If it can't be had.
pub(super) fn passphrase(given: &Passphrased, anew: bool) -> Result<Option<Passphrase>, Failure> {
    if given.passphrase {
        return ask_passphrase("Passphrase: ", anew).map(Some);
    }
    if let Some(path) = &given.passphrase_file {
        let text =
            read_private(path, true).map_err(|error| Failure::usage(anyhow!("the passphrase: {error}")))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        return nonempty(line.strip_suffix('\r').unwrap_or(line)).map(Some);
    }
    let set = std::env::var_os("WAXSEAL_PASSPHRASE").filter(|value| !value.is_empty());
    let no_text = |_: OsString| Failure::usage(anyhow!("WAXSEAL_PASSPHRASE: this is no UTF-8 text"));
    set.map(|value| value.into_string().map(Passphrase::from).map_err(no_text)).transpose()
}

/// Asks for a passphrase.
///
/// # Errors
/// If nobody is there, or none is given.
pub(super) fn ask_passphrase(question: &str, anew: bool) -> Result<Passphrase, Failure> {
    const INSTEAD: &str = "give the passphrase by --passphrase-file or WAXSEAL_PASSPHRASE";
    let typed = ask_unseen(question, INSTEAD)?;
    if anew && !same(&typed, &ask_unseen("The same again: ", INSTEAD)?) {
        return Err(Failure::usage(anyhow!("these were two passphrases; nothing was sent")));
    }
    let text = std::str::from_utf8(&typed);
    nonempty(text.map_err(|_| Failure::usage(anyhow!("the passphrase is no UTF-8 text")))?)
}

/// Both come from the same hands, so that their time tells nobody anything.
fn same(one: &Wiped, other: &Wiped) -> bool {
    one.len() == other.len() && one.iter().zip(other.iter()).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

fn nonempty(passphrase: &str) -> Result<Passphrase, Failure> {
    if passphrase.is_empty() {
        return Err(Failure::usage(anyhow!("the passphrase is empty")));
    }
    Ok(passphrase.into())
}

/// The link that was given, or that standard input holds.
///
/// # Errors
/// If it is none. What it is instead is not repeated.
pub(super) fn link(given: &OsStr) -> Result<Link, Failure> {
    let text = if given == "-" {
        let bytes = all(io::stdin().lock(), LONGEST_LINK);
        let bytes = bytes.map_err(|error| Failure::usage(anyhow!("cannot read the link: {error}")))?;
        Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
    } else {
        Zeroizing::new(given.to_string_lossy().into_owned())
    };
    text.parse().map_err(Failure::usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_as_they_are_and_no_more_than_that() {
        let long = "ä\r\n".repeat(100_000);
        assert_eq!(all(long.as_bytes(), LARGEST).unwrap().as_slice(), long.as_bytes());
        assert!(all(&[0; 11][..], 10).is_err());
        let refused = text(Wiped::new(b"hunter2\xff".to_vec())).unwrap_err().to_string();
        assert!(refused.contains("from byte 8 on") && !refused.contains("hunter2"), "{refused}");
    }
}
