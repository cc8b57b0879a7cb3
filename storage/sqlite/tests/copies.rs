//! Copies are whole, made while the store is in use; and a restored one wakes nothing.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::{content, number, open, put};
use rusqlite::Connection;
use tempfile::TempDir;
use waxseal_conformance::sample;
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{AccountStore, Attempt, Store};
use waxseal_core::time::Timestamp;
use waxseal_sqlite::{CopyError, Preview, Restored, SqliteStore, Unknown, Unread};

const NOW: Timestamp = sample::START;

struct Place {
    folder: TempDir,
    store: PathBuf,
    copy: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, copy) = (folder.path().join("store"), folder.path().join("copy"));
        Self { folder, store, copy }
    }

    /// A store of so many secrets, the first of which takes a passphrase, and its copy.
    async fn copied(secrets: u32) -> (Self, SqliteStore) {
        let place = Self::new();
        let store = open(&place.store);
        put(&store, &sample::guarded(1)).await;
        for n in 2..=secrets {
            put(&store, &sample::record(n)).await;
        }
        store.add_account(sample::account(1), sample::token(1)).await.unwrap();
        place.backup(false).unwrap();
        (place, store)
    }

    fn backup(&self, overwrite: bool) -> Result<(), CopyError> {
        waxseal_sqlite::backup(&self.store, &self.copy, overwrite, &mut |_, _| {})
    }

    fn restore(&self, unknown: Unknown) -> Result<Restored, CopyError> {
        waxseal_sqlite::restore(&self.copy, &self.store, unknown, NOW, &mut |_, _| {})
    }

    fn preview(&self) -> Preview {
        waxseal_sqlite::preview(&self.copy, &self.store, NOW, &mut |_, _| {}).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn assert_sound(path: &Path) {
    let audit = waxseal_sqlite::verify(path, NOW, &mut |_, _| {}).unwrap().unwrap();
    assert_eq!((audit.flaws, &audit.named[..]), (0, &[][..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_whole_while_the_store_is_in_use() {
    let place = Place::new();
    let store = Arc::new(open(&place.store));
    let busy = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for n in 0.. {
                put(&store, &sample::record(n)).await;
                if n % 2 == 0 {
                    store.settle(&sample::id(n), Ending::Received, NOW).await.unwrap().unwrap();
                }
            }
        }
    });
    let mut before = 0;
    for _ in 0..10 {
        while number(&place.store, "SELECT count(*) FROM receipts") <= before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        place.backup(true).unwrap();
        assert_sound(&place.copy);
        before = number(&place.copy, "SELECT count(*) FROM receipts");
        assert!(before > 0);
    }
    busy.abort();
}

#[tokio::test]
async fn a_copy_is_its_owners_and_overwrites_only_if_told() {
    let (place, _store) = Place::copied(3).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&place.copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::write(&place.copy, "mine").unwrap();
    assert!(matches!(place.backup(false), Err(CopyError::Exists(_))));
    assert_eq!(fs::read(&place.copy).unwrap(), b"mine");
    // As a run leaves it that was killed.
    fs::write(place.folder.path().join("copy.77-0.new"), "half").unwrap();
    fs::write(place.folder.path().join("copy.mine.new"), "mine").unwrap();
    place.backup(true).unwrap();
    assert_sound(&place.copy);
    let copies = || place.names().into_iter().filter(|name| name.starts_with("copy")).collect::<Vec<_>>();
    assert_eq!(copies(), ["copy", "copy.mine.new"]);
    fs::remove_file(&place.copy).unwrap();
    place.backup(false).unwrap();
    assert_eq!(copies(), ["copy", "copy.mine.new"]);
    let itself = waxseal_sqlite::backup(&place.store, &place.store, true, &mut |_, _| {});
    assert!(matches!(itself, Err(CopyError::Same(_))));
}

#[tokio::test]
async fn whoever_waits_for_a_copy_hears_of_all_of_it() {
    let (place, store) = Place::copied(40).await;
    store.close();
    let mut heard = Vec::new();
    waxseal_sqlite::backup(&place.store, &place.copy, true, &mut |done, of| heard.push((done, of))).unwrap();
    let bytes = |path: &Path| fs::metadata(path).unwrap().len();
    assert_eq!(heard.last(), Some(&(bytes(&place.copy), bytes(&place.store))));
}

/// SQLite copies what breaks a rule of its table without a word.
#[tokio::test]
async fn a_copy_that_is_not_sound_gets_no_name() {
    let spoil = |path: &Path| {
        let sql = "CREATE TABLE notes (note); INSERT INTO notes VALUES (NULL); PRAGMA writable_schema = ON;
                   UPDATE sqlite_schema SET sql = 'CREATE TABLE notes (note NOT NULL)' WHERE name = 'notes'";
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
    };
    let (place, store) = Place::copied(4).await;
    store.close();
    let before = place.names();
    spoil(&place.copy);
    let broken = place.restore(Unknown::Keep);
    assert!(matches!(&broken, Err(CopyError::Broken { path, .. }) if *path == place.copy), "{broken:?}");
    assert_sound(&place.store);
    assert_eq!(place.names(), before);

    spoil(&place.store);
    fs::write(&place.copy, "the one before").unwrap();
    let broken = place.backup(true);
    assert!(matches!(&broken, Err(CopyError::Broken { path, .. }) if *path == place.store), "{broken:?}");
    assert_eq!(fs::read(&place.copy).unwrap(), b"the one before");
    assert_eq!(place.names(), before);
}

#[tokio::test]
async fn no_copy_is_made_of_nothing_or_to_nowhere() {
    let place = Place::new();
    assert!(matches!(place.backup(false), Err(CopyError::Missing(_))));
    assert_eq!(place.names(), [""; 0]);
    drop(open(&place.store));
    let nowhere = place.folder.path().join("no/copy");
    let refused = waxseal_sqlite::backup(&place.store, &nowhere, false, &mut |_, _| {});
    assert!(matches!(refused, Err(CopyError::Open(_))));
    let missing = waxseal_sqlite::restore(&nowhere, &place.store, Unknown::Keep, NOW, &mut |_, _| {});
    assert!(matches!(missing, Err(CopyError::Missing(_))));
}

#[tokio::test]
async fn what_has_ended_since_stays_ended() {
    let (place, store) = Place::copied(5).await;
    store.settle(&sample::id(2), Ending::Received, sample::after(7)).await.unwrap().unwrap();
    store.settle(&sample::id(3), Ending::Burned, NOW).await.unwrap().unwrap();
    let (guess, policy) = (Guess::Open(sample::client(1)), AttemptPolicy::default());
    store.attempt(&sample::id(1), guess, &policy, NOW).await.unwrap();
    put(&store, &sample::record(9)).await;
    store.revoke_token(&sample::account_id(1), &sample::token(1).name).await.unwrap();

    let foreseen = place.preview();
    let unread = Unread { same: 3, ended: 2, unknown: 0 };
    assert_eq!((foreseen.unread, foreseen.replaces), (unread, true));
    assert_eq!((foreseen.lost, foreseen.revoked), (1, 1));
    assert_eq!((foreseen.audit.states.new, foreseen.audit.accounts), (5, 1));
    store.close();

    let restored = place.restore(Unknown::Refuse).unwrap();
    assert_eq!(restored.unread, unread);
    assert_sound(&place.store);
    let store = open(&place.store);
    let received = store.receipt(&sample::id(2), NOW).await.unwrap().unwrap();
    assert_eq!((received.state, received.updated), (State::Received, sample::after(7)));
    assert_eq!(store.receipt(&sample::id(3), NOW).await.unwrap().unwrap().state, State::Burned);
    assert!(content(&store, 2).await.is_none() && content(&store, 3).await.is_none());
    assert!(content(&store, 4).await.is_some() && content(&store, 5).await.is_some());
    let guessed = store.attempt(&sample::id(1), guess, &policy, NOW).await.unwrap();
    assert!(matches!(guessed, Attempt::Granted { remaining: 3, .. }), "guesses stay counted");
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    // What was replaced is still there, whole.
    let replaced = restored.replaced.unwrap();
    assert_sound(&replaced);
    assert_eq!(number(&replaced, "SELECT count(*) FROM receipts"), 6);
}

/// Secrets are read a thousand at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_of_thousands_is_looked_at() {
    const COPIED: u32 = 2_000;
    const ALL: u32 = 3_002;
    let (place, store) = Place::copied(1).await;
    let store = Arc::new(store);
    let fill = async |from: u32, to: u32| {
        for some in (from..=to).collect::<Vec<_>>().chunks(500) {
            let puts = some.iter().map(|n| (store.clone(), sample::record(*n)));
            let puts = puts.map(|(store, record)| tokio::spawn(async move { put(&store, &record).await }));
            for done in puts.collect::<Vec<_>>() {
                done.await.unwrap();
            }
        }
    };
    fill(2, COPIED).await;
    place.backup(true).unwrap();
    for n in [2, COPIED] {
        store.settle(&sample::id(n), Ending::Received, NOW).await.unwrap().unwrap();
    }
    fill(COPIED + 1, ALL).await;
    let unread = Unread { same: u64::from(COPIED) - 2, ended: 2, unknown: 0 };
    let foreseen = place.preview();
    assert_eq!((foreseen.unread, foreseen.lost), (unread, u64::from(ALL - COPIED)));
    Arc::into_inner(store).unwrap().close();
    assert_eq!(place.restore(Unknown::Refuse).unwrap().unread, unread);
    let store = open(&place.store);
    assert!(content(&store, 2).await.is_none() && content(&store, COPIED).await.is_none());
    assert_eq!(store.usage().await.unwrap().new, u64::from(COPIED) - 2);
}

#[tokio::test]
async fn nothing_of_what_ended_lies_in_the_restored_file() {
    let (place, store) = Place::copied(40).await;
    let record = sample::record(7);
    store.settle(&record.id, Ending::Received, NOW).await.unwrap().unwrap();
    store.close();
    let holds =
        |path: &Path, part: &[u8]| fs::read(path).unwrap().windows(part.len()).any(|window| window == part);
    assert!(holds(&place.copy, &record.sealed.lock.0) && holds(&place.copy, &record.sealed.body));
    place.restore(Unknown::Refuse).unwrap();
    assert!(!holds(&place.store, &record.sealed.lock.0) && !holds(&place.store, &record.sealed.body));
}

#[tokio::test]
async fn what_nobody_knows_waits_for_a_word() {
    let (place, store) = Place::copied(4).await;
    store.close();
    fs::remove_file(&place.store).unwrap();
    assert_eq!(place.preview().unread, Unread { unknown: 4, ..Unread::default() });
    assert!(matches!(place.restore(Unknown::Refuse), Err(CopyError::Unknown(4))));
    assert!(!place.store.exists());

    let restored = place.restore(Unknown::End).unwrap();
    assert_eq!(restored.replaced, None);
    assert_sound(&place.store);
    let store = open(&place.store);
    assert!(content(&store, 2).await.is_none());
    assert_eq!(store.receipt(&sample::id(2), NOW).await.unwrap().unwrap().state, State::Orphaned);
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    store.close();

    // What was ended by a restore is known as such, and no further one wakes it.
    assert_eq!(place.preview().unread, Unread { ended: 4, ..Unread::default() });
    place.restore(Unknown::Keep).unwrap();
    assert!(content(&open(&place.store), 2).await.is_none());

    fs::remove_file(&place.store).unwrap();
    place.restore(Unknown::Keep).unwrap();
    assert!(content(&open(&place.store), 2).await.is_some());
}

#[tokio::test]
async fn what_expires_by_then_is_no_danger() {
    let (place, store) = Place::copied(4).await;
    store.close();
    fs::remove_file(&place.store).unwrap();
    let later = sample::after(sample::LIFE.secs());
    let restored =
        waxseal_sqlite::restore(&place.copy, &place.store, Unknown::Refuse, later, &mut |_, _| {}).unwrap();
    assert_eq!(restored.unread, Unread::default());
}

#[tokio::test]
async fn a_store_in_use_is_not_replaced() {
    let (place, store) = Place::copied(4).await;
    assert!(matches!(place.restore(Unknown::Keep), Err(CopyError::InUse(_))));
    put(&store, &sample::record(9)).await;
    store.close();
    let reader = common::peek(&place.store);
    assert_eq!(reader.query_row("SELECT count(*) FROM receipts", [], |row| row.get(0)), Ok(5));
    assert!(matches!(place.restore(Unknown::Keep), Err(CopyError::InUse(_))));
    drop(reader);
    place.restore(Unknown::Keep).unwrap();
    let itself = waxseal_sqlite::restore(&place.store, &place.store, Unknown::Keep, NOW, &mut |_, _| {});
    assert!(matches!(itself, Err(CopyError::Same(_))));
}

/// A folder that stands in the place of its journal keeps everybody out.
#[tokio::test]
async fn a_store_that_cannot_be_taken_is_not_said_to_be_in_use() {
    let (place, store) = Place::copied(4).await;
    store.close();
    fs::create_dir(format!("{}-journal", place.store.display())).unwrap();
    let refused = place.restore(Unknown::Keep);
    assert!(matches!(refused, Err(CopyError::Open(_))), "{refused:?}");
}

#[tokio::test]
async fn the_log_of_a_store_that_is_gone_is_never_taken_for_the_copys() {
    let (place, store) = Place::copied(4).await;
    store.close();
    fs::remove_file(&place.store).unwrap();
    fs::write(format!("{}-wal", place.store.display()), "left").unwrap();
    assert!(matches!(place.restore(Unknown::Keep), Err(CopyError::Leftover(_))));
    assert!(!place.store.exists());
}

#[tokio::test]
async fn what_was_replaced_earlier_stays_where_it_is() {
    let (place, store) = Place::copied(4).await;
    store.close();
    let [first, second] = [(); 2].map(|()| place.restore(Unknown::Keep).unwrap().replaced.unwrap());
    assert_ne!(first, second);
    assert_sound(&first);
    assert_sound(&second);
}

/// Only the superuser can give files away: whoever else runs this sees no more than that
/// the owner stays.
#[cfg(unix)]
#[tokio::test]
async fn what_is_restored_belongs_to_the_owner_of_what_it_replaces_or_of_its_folder() {
    use std::os::unix::fs::{MetadataExt, chown};
    let (place, store) = Place::copied(4).await;
    store.close();
    let owner = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.uid(), found.gid())
    };
    chown(&place.store, Some(4_001), Some(4_002)).ok();
    let before = owner(&place.store);
    place.restore(Unknown::Keep).unwrap();
    assert_eq!(owner(&place.store), before);

    fs::remove_file(&place.store).unwrap();
    chown(place.folder.path(), Some(4_003), Some(4_004)).ok();
    place.restore(Unknown::Keep).unwrap();
    assert_eq!(owner(&place.store), owner(place.folder.path()));
}

#[tokio::test]
async fn a_damaged_store_is_left_to_its_owner() {
    let (place, store) = Place::copied(4).await;
    store.close();
    fs::write(&place.store, "SQLite format 3\0 and no more").unwrap();
    let before = fs::read(&place.store).unwrap();
    assert!(matches!(place.restore(Unknown::Keep), Err(CopyError::Open(_))));
    assert_eq!(fs::read(&place.store).unwrap(), before);
    fs::remove_file(&place.store).unwrap();
    fs::write(&place.copy, "SQLite format 3\0 and no more").unwrap();
    assert!(matches!(place.restore(Unknown::Keep), Err(CopyError::Open(_))));
    assert!(!place.store.exists());
}

#[tokio::test]
async fn a_copy_of_an_older_format_is_restored() {
    let place = Place::new();
    fs::write(&place.copy, include_bytes!("version-1/store.db")).unwrap();
    let foreseen = place.preview();
    assert!(foreseen.format < foreseen.newest);
    place.restore(Unknown::Keep).unwrap();
    drop(open(&place.store));
    assert_sound(&place.store);
}
