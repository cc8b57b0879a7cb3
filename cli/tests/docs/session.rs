//! A folder and a running server, where the blocks of one page are run in bash.
//!
//! Not trycmd: it knows no shell, no server that runs beside the commands and no
//! link that one command prints and the next one takes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::blocks::{Block, Step};

/// Where pages say that the server listens.
const WRITTEN: &str = "127.0.0.1:7143";

pub(crate) struct Session {
    folder: TempDir,
    server: Child,
    /// Where it really listens.
    address: String,
}

impl Session {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = program(folder.path(), env!("CARGO_BIN_EXE_waxseal"));
        server.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = server.spawn().unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = said.find_map(|line| Some(line.strip_prefix("listening on http://")?.to_owned()));
        std::thread::spawn(move || said.for_each(drop));
        Self { folder, server, address: address.expect("the server did not start") }
    }

    /// Runs a block, and panics where it fails or prints what the page does not show.
    pub(crate) fn run(&self, page: &str, block: &Block) {
        for Step { command, output } in &block.steps {
            let done = self.bash(command);
            let printed = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
            let printed = printed.concat().replace(&self.address, WRITTEN);
            let place = format!("{page}:{}: `{command}`", block.line);
            let Some(shown) = output else {
                assert!(done.status.success(), "{place} failed:\n{printed}");
                continue;
            };
            let printed: Vec<&str> = printed.lines().filter(|line| !line.is_empty()).collect();
            let alike = printed.len() == shown.len()
                && shown.iter().zip(&printed).all(|(shown, printed)| fits(shown, printed));
            assert!(alike, "{place} shows {shown:#?}\nbut prints {printed:#?}");
        }
    }

    fn bash(&self, command: &str) -> Output {
        let command = command.replace(WRITTEN, &self.address);
        program(self.folder.path(), "bash").args(["-euc", &command]).output().unwrap()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// A program in `folder`, that finds `waxseal` and nothing of the caller's settings.
fn program(folder: &Path, name: &str) -> Command {
    let ours = Path::new(env!("CARGO_BIN_EXE_waxseal")).parent().unwrap().display().to_string();
    let path = format!("{ours}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new(name);
    command.env_clear().env("PATH", path).env("HOME", folder).current_dir(folder).stdin(Stdio::null());
    command
}

/// Whether a line is as shown, where `[..]` and `…` stand for anything.
fn fits(shown: &str, printed: &str) -> bool {
    let shown = shown.replace('…', "[..]");
    let parts: Vec<&str> = shown.split("[..]").collect();
    let [first, middle @ .., last] = &parts[..] else { return shown == printed };
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn wildcards_stand_for_anything_and_nothing_else() {
    assert!(fits("a[..]c…e", "abcde") && fits("a[..]", "a") && !fits("a[..]c", "ab") && !fits("a", "ab"));
}
