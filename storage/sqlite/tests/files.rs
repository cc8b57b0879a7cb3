//! The file: made once and whole, kept over restarts, and left alone if it is not ours.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};

use common::{await_until, content, log_bytes, open, put};
use rusqlite::Connection;
use waxseal_conformance::sample;
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{AccountStore, Attempt, Check, Created, Store, StoreError};
use waxseal_sqlite::{OpenError, Options, SqliteStore};

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (guarded, owned) = (sample::guarded(1), sample::owned(2, sample::account_id(7)));
    let store = open(&path);
    put(&store, &guarded).await;
    put(&store, &owned).await;
    put(&store, &sample::record(3)).await;
    guess(&store).await;
    store.settle(&sample::id(3), Ending::Burned, sample::after(5)).await.unwrap().unwrap();
    store.add_account(sample::account(1), sample::token(1)).await.unwrap();
    store.bind(Check(vec![1, 2, 3])).await.unwrap();
    let usage = store.usage().await.unwrap();
    store.close();

    let store = open(&path);
    assert_eq!(content(&store, 1).await, Some(guarded.sealed));
    assert_eq!(guess(&store).await, 3, "the guess before counts");
    assert_eq!(store.recent(&sample::account_id(7), 9, sample::START).await.unwrap()[0].id, owned.id);
    let burned = store.receipt(&sample::id(3), sample::START).await.unwrap().unwrap();
    assert_eq!((burned.state, burned.updated), (State::Burned, sample::after(5)));
    let account = store.account(&sample::account_id(1)).await.unwrap();
    assert_eq!(account, Some((sample::account(1), vec![sample::token(1)])));
    assert_eq!(store.bind(Check(vec![9])).await.unwrap(), Check(vec![1, 2, 3]));
    assert_eq!(store.usage().await.unwrap(), usage);
}

#[tokio::test]
async fn closing_leaves_the_store_and_its_reserve() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"));
    put(&store, &sample::record(1)).await;
    store.close();
    let entries = fs::read_dir(folder.path()).unwrap();
    let names: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, BTreeSet::from(["store".into(), "store-reserve".into()]));
}

#[tokio::test]
async fn the_log_is_cut_after_an_ending() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    await_until("the log cut at the start", || log_bytes(&path) == 0);
    put(&store, &sample::record(1)).await;
    assert!(log_bytes(&path) > 0);
    store.settle(&sample::id(1), Ending::Received, sample::START).await.unwrap().unwrap();
    await_until("an empty log", || log_bytes(&path) == 0);
}

/// A token's wrap would give its account's list away to whoever finds the token.
#[tokio::test]
async fn the_log_is_cut_after_a_token_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let cut = || await_until("an empty log", || log_bytes(&path) == 0);
    cut();
    for n in [1, 2] {
        store.add_account(sample::account(n), sample::token(n)).await.unwrap();
    }
    assert!(log_bytes(&path) > 0);
    store.revoke_token(&sample::account_id(1), &sample::token(1).name).await.unwrap();
    cut();
    store.remove_account(&sample::account_id(2)).await.unwrap();
    assert!(log_bytes(&path) > 0);
    cut();
}

#[tokio::test]
async fn a_budget_is_kept_over_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let bytes = sample::record(1).stored_bytes() + sample::record(2).stored_bytes();
    let bounded = || SqliteStore::open(&path, Options { stored_bytes_budget: bytes }).unwrap();
    let create = async |store: &SqliteStore, n| store.create(sample::record(n), sample::START).await.unwrap();

    let store = bounded();
    assert_eq!(create(&store, 1).await, Created::Fresh);
    store.close();
    let store = bounded();
    assert_eq!(create(&store, 2).await, Created::Fresh);
    assert_eq!(create(&store, 3).await, Created::Full);
    assert_eq!(create(&store, 2).await, Created::Taken);
    assert!(content(&store, 1).await.is_some(), "nothing was evicted");
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let _store = open(&path);
    for entry in fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn of_openings_that_race_one_makes_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = Arc::new(folder.path().join("store"));
    let start = Arc::new(Barrier::new(8));
    let opening = |_| {
        let (path, start) = (Arc::clone(&path), Arc::clone(&start));
        std::thread::spawn(move || {
            start.wait();
            open(&path)
        })
    };
    let threads: Vec<_> = (0..8).map(opening).collect();
    let stores: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    put(&stores[0], &sample::record(1)).await;
    for store in &stores {
        assert!(content(store, 1).await.is_some());
    }
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = SqliteStore::open(missing.join("store"), Options::default()).unwrap_err();
    assert!(matches!(&error, OpenError::NoFolder(named) if *named == missing), "{error}");
}

#[test]
fn a_folder_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    for error in refusals(folder.path()) {
        assert!(matches!(error, OpenError::NotAFile(_)), "{error}");
    }
}

#[test]
fn nothing_is_made_beneath_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    for error in refusals(&file.join("store")) {
        assert!(matches!(error, OpenError::Failed { .. }), "{error}");
    }
}

/// A folder in the place of the log keeps anybody from making one, as permissions do.
#[test]
fn a_file_beside_which_no_log_can_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).close();
    fs::create_dir(folder.path().join("store-wal")).unwrap();
    for error in refusals(&path) {
        assert!(matches!(error, OpenError::ReadOnly(_)), "{error:?}");
    }
}

/// Nor can a folder be read as the journal of a writer that died.
#[test]
fn a_machine_that_refuses_to_read_is_not_taken_for_damage_or_for_missing_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).close();
    fs::create_dir(folder.path().join("store-journal")).unwrap();
    let error = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Failed { .. }), "{error:?}");
}

#[test]
fn an_empty_file_is_refused() {
    refuses(|_| Vec::new(), |error| matches!(error, OpenError::Empty(_)));
}

#[test]
fn a_file_of_text_is_refused() {
    refuses(|_| b"my shopping list\n".repeat(1_000), |error| matches!(error, OpenError::NotSqlite(_)));
}

#[test]
fn a_file_cut_short_is_refused() {
    for keep in [100, 1_000, 4_096, 8_192, 20_000] {
        refuses(
            |whole| whole[..keep].to_vec(),
            |error| matches!(error, OpenError::Damaged(_) | OpenError::NotSqlite(_)),
        );
    }
    refuses(|whole| whole[..whole.len() - 1].to_vec(), |error| matches!(error, OpenError::Damaged(_)));
}

#[test]
fn a_file_with_a_damaged_head_is_refused() {
    let damaged = |mut whole: Vec<u8>| {
        whole[100..200].fill(0xee);
        whole
    };
    refuses(damaged, |error| matches!(error, OpenError::Damaged(_)));
}

#[test]
fn another_programs_file_is_refused() {
    let foreign = |_| made_by("PRAGMA application_id = 7; CREATE TABLE songs (title)");
    refuses(foreign, |error| matches!(error, OpenError::Foreign { found: 7, .. }));
}

#[test]
fn a_newer_file_is_refused() {
    let newer =
        |_| made_by("PRAGMA application_id = 0x5758534c; PRAGMA user_version = 3; CREATE TABLE t (x)");
    refuses(newer, |error| matches!(error, OpenError::Newer { found: 3, .. }));
}

#[tokio::test]
async fn a_store_whose_folder_was_moved_answers_no_ping_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (here, away) = (folder.path().join("here"), folder.path().join("away"));
    fs::create_dir(&here).unwrap();
    let store = open(&here.join("store"));
    put(&store, &sample::record(1)).await;
    store.ping().await.unwrap();
    fs::rename(&here, &away).unwrap();
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    fs::rename(&away, &here).unwrap();
    store.ping().await.unwrap();
    assert!(content(&store, 1).await.is_some());
}

/// Why what stands there is neither opened nor looked at.
fn refusals(path: &Path) -> [OpenError; 2] {
    [SqliteStore::open(path, Options::default()).unwrap_err(), waxseal_sqlite::inspect(path).unwrap_err()]
}

/// Opens what `spoil` makes of a whole store; it must be refused, and left as it is.
fn refuses(spoil: impl FnOnce(Vec<u8>) -> Vec<u8>, expected: impl Fn(&OpenError) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).close();
    let spoiled = spoil(fs::read(&path).unwrap());
    fs::write(&path, &spoiled).unwrap();

    for error in refusals(&path) {
        assert!(expected(&error), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert!(fs::read(&path).unwrap() == spoiled, "the file was changed");
}

fn made_by(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other");
    let conn = Connection::open(Path::new(&path)).unwrap();
    conn.execute_batch(sql).unwrap();
    conn.close().unwrap();
    fs::read(path).unwrap()
}

/// Guesses at record 1; answers how many guesses are left.
async fn guess(store: &SqliteStore) -> u32 {
    let guess = Guess::Open(sample::client(1));
    match store.attempt(&sample::id(1), guess, &AttemptPolicy::default(), sample::START).await.unwrap() {
        Attempt::Granted { remaining, .. } => remaining,
        other => panic!("{other:?}"),
    }
}
