//! What several of the tests need.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use waxseal_conformance::sample;
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::store::{Attempt, Record, Sealed, Store};
use waxseal_sqlite::{Options, SqliteStore};

/// Tells a test of this program that it runs as another's child, and on which file.
pub(crate) const CHILD: &str = "WAXSEAL_SQLITE_TEST_STORE";

pub(crate) fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Options::default()).unwrap()
}

/// Runs one ignored test of this program in a process of its own.
pub(crate) fn spawn(test: &str, store: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(CHILD, store)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) async fn put(store: &SqliteStore, record: &Record) {
    store.create(record.clone(), sample::START).await.unwrap();
}

/// The sealed content, if it can be opened.
pub(crate) async fn content(store: &SqliteStore, n: u32) -> Option<Sealed> {
    let guess = Guess::None(sample::client(0));
    match store.attempt(&sample::id(n), guess, &AttemptPolicy::default(), sample::START).await.unwrap() {
        Attempt::Granted { sealed, .. } => Some(sealed),
        Attempt::Gone => None,
        Attempt::LockedOut { .. } => panic!("nobody guessed"),
    }
}

/// Looks into the file beside the store.
pub(crate) fn peek(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

pub(crate) fn number(path: &Path, sql: &str) -> i64 {
    peek(path).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Length of the write-ahead log.
pub(crate) fn log_bytes(path: &Path) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    std::fs::metadata(name).map_or(0, |found| found.len())
}

/// Awaits a state that must come.
pub(crate) fn await_until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !reached() {
        assert!(Instant::now() < deadline, "{what} never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}
