//! A damaged record fails alone, and is left as it is.

mod common;

use std::path::Path;

use common::{content, open, put};
use rusqlite::Connection;
use waxseal_conformance::sample;
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{Store, StoreError};
use waxseal_sqlite::SqliteStore;

const ACCOUNT: u32 = 5;

#[tokio::test]
async fn an_unknown_state_is_damage() {
    let (store, _folder) = spoiled("UPDATE receipts SET state = 7 WHERE id = ?1").await;
    assert!(is_damaged(guess(&store).await));
    assert!(is_damaged(store.receipt(&sample::id(1), sample::START).await));
    assert!(is_damaged(store.settle(&sample::id(1), Ending::Burned, sample::START).await));
    let listed = store.recent(&sample::account_id(ACCOUNT), 9, sample::START).await.unwrap();
    assert_eq!(listed.iter().map(|receipt| receipt.id).collect::<Vec<_>>(), [sample::id(2)]);
    assert_others_are_unaffected(&store).await;
}

#[tokio::test]
async fn a_lock_of_another_length_is_damage() {
    let sql = "UPDATE locks SET lock = x'00' WHERE slot = (SELECT slot FROM receipts WHERE id = ?1)";
    let (store, _folder) = spoiled(sql).await;
    assert!(is_damaged(guess(&store).await));
    assert_others_are_unaffected(&store).await;
}

#[tokio::test]
async fn unreadable_guesses_are_damage() {
    let sql = "INSERT INTO attempts SELECT slot, x'0909' FROM receipts WHERE id = ?1";
    let (store, _folder) = spoiled(sql).await;
    assert!(is_damaged(guess(&store).await));
    let (client, policy) = (sample::client(0), AttemptPolicy::default());
    assert!(is_damaged(store.front(&sample::id(1), client, &policy, sample::START).await));
    assert_others_are_unaffected(&store).await;
}

#[tokio::test]
async fn a_sweep_leaves_a_damaged_receipt_and_takes_the_others() {
    let (store, _folder) = spoiled("UPDATE receipts SET kind = 9 WHERE id = ?1").await;
    let end = sample::after(2 * sample::LIFE.secs());
    for _ in 0..2 {
        store.sweep(100, end).await.unwrap();
    }
    assert_eq!(store.usage().await.unwrap().kids, [(sample::KID, 1)], "the damaged one stands");
    assert!(is_damaged(store.receipt(&sample::id(1), end).await));
}

/// A store of three records, the first of which `sql` damages.
async fn spoiled(sql: &str) -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    for n in 1..4 {
        let mut record = sample::owned(n, sample::account_id(ACCOUNT + n / 3));
        record.sealed.passphrase_required = n == 1;
        put(&store, &record).await;
    }
    spoil(&path, sql);
    (store, folder)
}

fn spoil(path: &Path, sql: &str) {
    let conn = Connection::open(path).unwrap();
    assert_eq!(conn.execute(sql, [sample::id(1).as_bytes()]).unwrap(), 1);
}

async fn guess(store: &SqliteStore) -> Result<impl std::fmt::Debug, StoreError> {
    let guess = Guess::Open(sample::client(1));
    store.attempt(&sample::id(1), guess, &AttemptPolicy::default(), sample::START).await
}

fn is_damaged<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Damaged(_)))
}

async fn assert_others_are_unaffected(store: &SqliteStore) {
    assert!(content(store, 2).await.is_some());
    let ended = store.settle(&sample::id(2), Ending::Burned, sample::START).await.unwrap();
    assert!(ended.is_some());
    assert!(content(store, 3).await.is_some());
}
