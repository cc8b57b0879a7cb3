//! Files of earlier versions: opened, brought up to this one, and as good as before.
//!
//! `version-1/` and `version-2/` hold stores that the program made while these were the
//! newest, and their keys, which guard nothing else. They are never made anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};

use rusqlite::Connection;
use tempfile::TempDir;
use waxseal_conformance::kept::Kept;
use waxseal_core::account::Accounts;
use waxseal_core::domain::Domain;
use waxseal_core::id::{ClientId, LinkKey, MetadataKey};
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::state::State;
use waxseal_core::store::{AccountState, AccountStore, DomainChange};
use waxseal_core::system::{InlineStretch, SystemEntropy};
use waxseal_core::time::{Clock, Moment};
use waxseal_core::vault::{Ports, Reveal, Vault};
use waxseal_sqlite::{OpenError, Options, SqliteStore};

const STORE: &[u8] = include_bytes!("version-1/store.db");
const KEYS: &str = include_str!("version-1/store.key");

const PLAIN: &str = "0d7cs4tent1evj6makamewcfkji428x";
const GUARDED: &str = "0d7csdhnzn9zueo70wwq2pzxl4p45ni";
const OPENED: &str = "m0angp8ql5tuxn4xwfs9fa9an71uls0";
const BURNED: &str = "1ike50rie33cp5h6nhrwz9ggayragud";
const TOM: &str = "tom@example.com";
const TOKEN: &str = "42940f838cb615775d4467d7d84618910537110eaf4ec655aa70d819fe883e75";

const VERSION_2: Kept = Kept {
    keys: include_str!("version-2/store.key"),
    now: 1_795_844_844,
    plain: "1wq3ivd26mirzaq1rhd4d7tjkx1hh0t",
    guarded: "1wq3q1dig4jbpdg5gha3i53jmvcm4y1",
    expired: ["1wq4qdq1w5hun7mdzkdyhqlfcp87lei", "b2c74zgyufjjci973opn3aiydjhaqrd"],
    opened: "pe5mgs1zqba2hzciu4qqer1lg8j3gcp",
    burned: "gy78o73drn0qb6jucib3yndjzthyjoz",
    token: "ecd146ed8d62c8a34755ac9997ebfcd36becfd2a3953ce3cfea7d5d5ff69051d",
};

/// A minute after the file was made: its secrets live for a week.
#[derive(Debug)]
struct Then;

impl Clock for Then {
    fn now(&self) -> Moment {
        Moment::from_millis(1_795_401_750_000)
    }
}

/// A copy of the file of version 1.
fn version_1() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    fs::write(&path, STORE).unwrap();
    (folder, path)
}

fn world(store: SqliteStore) -> (Vault, Accounts) {
    let (store, entropy) = (Arc::new(store), Arc::new(SystemEntropy::default()));
    let keyring = Arc::new(Keyring::parse(KEYS).unwrap());
    let accounts = Accounts::new(store.clone(), keyring.clone(), Arc::new(Then), entropy.clone());
    let ports = Ports { store, clock: Arc::new(Then), entropy, stretch: Arc::new(InlineStretch) };
    (Vault::new(ports, keyring, Policy::default()), accounts)
}

async fn reveal(vault: &Vault, key: &str, passphrase: Option<&str>) -> Option<String> {
    let key = LinkKey::parse(key).unwrap();
    match vault.reveal(&key, passphrase.map(Into::into), ClientId::LOCAL).await.unwrap() {
        Reveal::Shown(opened) => Some(opened.value.expose().to_owned()),
        _ => None,
    }
}

#[tokio::test]
async fn version_1_is_brought_up_and_all_it_held_is_there() {
    let (_folder, path) = version_1();
    let (vault, accounts) = world(SqliteStore::open(&path, Options::default()).unwrap());
    let standing = vault.ports().store.bind(vault.keyring().check(&SystemEntropy::default()).unwrap()).await;
    assert!(vault.keyring().opens(&standing.unwrap()), "it is bound to its keys still");

    let usage = vault.ports().store.usage().await.unwrap();
    assert_eq!((usage.new, usage.received, usage.burned), (3, 1, 1));
    assert_eq!(reveal(&vault, PLAIN, None).await.as_deref(), Some("plain, of a guest"));
    assert_eq!(reveal(&vault, PLAIN, None).await, None);
    assert_eq!(reveal(&vault, GUARDED, Some("wrong")).await, None);
    assert_eq!(reveal(&vault, GUARDED, Some("swordfish")).await.as_deref(), Some("guarded"));
    for (key, state) in [(OPENED, State::Received), (BURNED, State::Burned)] {
        let metadata = vault.look(&MetadataKey::parse(key).unwrap()).await.unwrap();
        assert_eq!(metadata.unwrap().state, state);
    }

    let tom = accounts.sign_in(TOM, TOKEN).await.unwrap().unwrap();
    let [own] = vault.recent(&tom).await.unwrap().try_into().unwrap();
    assert_eq!(reveal(&vault, own.link_key.text().expose(), None).await.as_deref(), Some("of an account"));
    let tokens = accounts.tokens(TOM).await.unwrap().into_iter().map(|token| token.name);
    assert_eq!(tokens.collect::<Vec<_>>(), ["ci", "first"]);
    let listed = accounts.list().await.unwrap().into_iter();
    let states: BTreeMap<_, _> = listed.map(|account| (account.name.unwrap(), account.state)).collect();
    assert_eq!(states[TOM], AccountState::Active);
    assert_eq!(states["ann@example.com"], AccountState::Suspended);
}

#[tokio::test]
async fn version_2_opens_and_all_it_held_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    fs::write(&path, include_bytes!("version-2/store.db")).unwrap();
    assert_eq!(version(&path), 2);
    VERSION_2.assert_opens(Arc::new(SqliteStore::open(&path, Options::default()).unwrap())).await;
}

#[tokio::test]
async fn version_1_takes_domains_once_it_is_brought_up_and_keeps_them() {
    let (_folder, path) = version_1();
    let tom = Keyring::parse(KEYS).unwrap().account_id(TOM);
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.domains().await.unwrap(), []);
    assert_eq!(store.add_domain(Domain::new("a.example", tom)).await.unwrap(), DomainChange::Done);
    store.close();
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    assert_eq!(store.domains().await.unwrap(), [Domain::new("a.example", tom)]);
}

/// Whether a file was made by this release or brought up by it can't be told.
#[test]
fn a_file_that_was_brought_up_is_like_a_new_one() {
    let (folder, path) = version_1();
    let new = folder.path().join("new");
    for path in [&path, &new] {
        SqliteStore::open(path, Options::default()).unwrap().close();
    }
    assert_eq!((version(&path), schema(&path)), (version(&new), schema(&new)));
    assert_eq!(version(&path), 2);
}

#[test]
fn of_those_that_open_it_at_once_one_brings_it_up_and_all_go_on() {
    let (_folder, path) = version_1();
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        let open = || {
            start.wait();
            SqliteStore::open(&path, Options::default()).map(SqliteStore::close)
        };
        let opened: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        opened.into_iter().for_each(|opened| opened.join().unwrap().unwrap());
    });
    assert_eq!(version(&path), 2);
}

/// What stands in the way of the last statement keeps the first one from being done.
#[test]
fn a_step_that_fails_leaves_the_file_as_it_was() {
    let (_folder, path) = version_1();
    let change = |sql| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    change("CREATE INDEX domains_of_account ON tokens (name)");
    let before = schema(&path);
    let refused = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Failed { .. }), "{refused:?}");
    assert_eq!((version(&path), schema(&path)), (1, before));

    change("DROP INDEX domains_of_account");
    SqliteStore::open(&path, Options::default()).unwrap().close();
    assert_eq!(version(&path), 2);
}

#[test]
fn an_older_file_cut_short_is_refused_and_left_as_it_is() {
    let (_folder, path) = version_1();
    let short = &STORE[..STORE.len() - 1];
    fs::write(&path, short).unwrap();
    let refused = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(matches!(refused, OpenError::Damaged(_)), "{refused:?}");
    assert!(fs::read(&path).unwrap() == short, "the file was changed");
}

fn version(path: &Path) -> i64 {
    let conn = Connection::open(path).unwrap();
    conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// Every table and index by name, and what makes it.
fn schema(path: &Path) -> BTreeMap<String, Option<String>> {
    let conn = Connection::open(path).unwrap();
    let mut statement = conn.prepare("SELECT name, sql FROM sqlite_schema").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}
