//! `waxseal reveal`: whatever can fail does so before the secret is opened.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::Serialize;
use waxseal_client::{Client, Error, Key, Kind, Refusal};
use waxseal_core::secret::{Passphrase, Plaintext};
use zeroize::Zeroizing;

use super::card::visible;
use super::{failed, input, target};
use crate::args::Reveal;
use crate::exit::Failure;
use crate::{ask, out, serve};

/// Opens a secret and hands it on.
pub(super) async fn reveal(reveal: &Reveal) -> Result<(), Failure> {
    let link = input::link(&reveal.link)?;
    if link.kind == Some(Kind::Receipt) {
        return Err(Failure::usage(anyhow!(
            "this is the receipt's link, which opens nothing; see it with waxseal receipt, or open the other one"
        )));
    }
    let client = target(&reveal.reach)?.of_link(&link)?;
    let target = reveal.output.as_deref().map(Target::prepare).transpose()?;
    serve::outlive_file_limit().context("cannot listen for signals").map_err(Failure::other)?;
    let from = client.origin();
    if !reveal.yes {
        ask::confirm(false, &format!("{from} opens it once; nothing is left of it then."), "open it")?;
    }
    let given = input::passphrase(&reveal.passphrased, false)?;
    let value = open(&client, &link.key, given).await?;
    match target {
        Some(target) => target.keep(&value),
        None => show(&client, reveal, &link.key, &value),
    }
}

/// Asks again where a person may have mistyped. Each try counts as a guess.
async fn open(client: &Client, key: &Key, given: Option<Passphrase>) -> Result<Plaintext, Failure> {
    const TRIES: u32 = 3;
    let may_ask = io::stdin().is_terminal();
    let mut passphrase = given;
    for tried in 1.. {
        match client.reveal(key, passphrase.as_ref()).await {
            Ok(value) => return Ok(value),
            Err(Error::Refused(Refusal::Unknown)) if may_ask && tried <= TRIES => {}
            Err(error) => return Err(not_opened(client, passphrase.is_some(), error)),
        }
        out::remark(if passphrase.is_some() {
            "Unknown or ended, or this is not its passphrase."
        } else {
            "Unknown or ended, or it needs a passphrase."
        });
        passphrase = Some(input::ask_passphrase("Passphrase (Ctrl-C gives up): ", false)?);
    }
    Err(Failure::unknown(anyhow!("nothing was opened")))
}

fn not_opened(client: &Client, guessed: bool, error: Error) -> Failure {
    match error {
        Error::Refused(Refusal::Unknown) => {
            let cause =
                if guessed { "this is not its passphrase" } else { "it needs a passphrase (--passphrase)" };
            Failure::unknown(anyhow!(
                "{} opens nothing by this: it was opened, burned or has ended, never was, or {cause}; servers do \
                 not tell which",
                client.origin()
            ))
        }
        Error::Lost { .. } | Error::Stranger { .. } => {
            Failure::unreachable(anyhow!("{error}; the secret may have been used up"))
        }
        error => failed(client, error),
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    value: &'a str,
    secret_key: &'a str,
    server: String,
}

fn show(client: &Client, reveal: &Reveal, key: &Key, value: &Plaintext) -> Result<(), Failure> {
    if reveal.json {
        let (value, server) = (value.expose(), client.origin().to_string());
        let line =
            serde_json::to_string(&Shown { value, secret_key: key.expose(), server }).map(Zeroizing::new);
        return out::line(&*line.map_err(Failure::other)?);
    }
    if !io::stdout().is_terminal() {
        return print(value.expose());
    }
    let (shown, changed) = visible(value.expose());
    print(&shown)?;
    if !shown.ends_with('\n') {
        out::remark("");
    }
    if changed {
        out::remark("(control characters are shown as ^X; --output or a pipe keeps them as they are)");
    }
    Ok(())
}

/// Past the buffer of standard output, which nobody wipes.
fn print(text: &str) -> Result<(), Failure> {
    let print = || -> io::Result<()> { bare_stdout()?.write_all(text.as_bytes()) };
    print().context("cannot write to standard output").map_err(Failure::other)
}

#[cfg(unix)]
fn bare_stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn bare_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

/// A file that was made before anything is opened, and goes again if nothing is.
struct Target {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Target {
    fn prepare(path: &Path) -> Result<Self, Failure> {
        let file = private().open(path).map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::AlreadyExists => "; it is there already and is not overwritten",
                _ => "",
            };
            Failure::other(anyhow!("cannot make {}: {error}{hint}. Nothing was opened", path.display()))
        })?;
        Ok(Self { path: path.to_owned(), file, kept: false })
    }

    /// Writes the secret. It is the last copy: if that fails, it goes to standard output.
    fn keep(mut self, value: &Plaintext) -> Result<(), Failure> {
        let written = self.file.write_all(value.expose().as_bytes()).and_then(|()| self.file.sync_all());
        let Err(error) = written else {
            self.kept = true;
            out::remark(format_args!("written to {}", self.path.display()));
            return Ok(());
        };
        out::remark(format_args!("cannot write {}: {error}; this is the secret:", self.path.display()));
        print(value.expose())?;
        Err(Failure::other(anyhow!("the secret is on standard output, and not in {}", self.path.display())))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.kept {
            // It is empty, or holds what was told otherwise.
            fs::remove_file(&self.path).ok();
        }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
