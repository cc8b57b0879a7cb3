//! A disk that is really full: new secrets are refused, those that stand can be
//! opened, and all is well again once there is room. And one that is read-only.
//!
//! Needs the right to mount a file system of a few megabytes; says so if there is none.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout)]

mod common;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use common::{content, open};
use waxseal_conformance::sample;
use waxseal_core::state::Ending;
use waxseal_core::store::{Created, Record, Store, StoreError};
use waxseal_sqlite::{OpenError, Options, SqliteStore};

#[tokio::test]
async fn secrets_can_be_opened_on_a_full_disk_and_stored_again_after() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = open(&disk.folder.path().join("store"));
    let ballast = disk.folder.path().join("ballast");
    for n in 0..50 {
        assert_eq!(create(&store, n).await.unwrap(), Created::Fresh);
    }
    fill(&ballast);

    let refused = create_until_refused(&store, 50).await;
    for n in 0..50 {
        let ended = store.settle(&sample::id(n), Ending::Received, sample::START).await.unwrap();
        assert!(ended.is_some(), "{n} could not be opened");
    }
    assert!(matches!(create(&store, refused).await, Err(StoreError::Unavailable(_))), "still full");
    for n in 50..refused {
        assert_eq!(content(&store, n).await, Some(large(n).sealed), "{n} was acknowledged and lost");
    }
    assert_eq!(content(&store, refused).await, None);

    fs::remove_file(&ballast).unwrap();
    assert_eq!(create(&store, refused).await.unwrap(), Created::Fresh);
}

/// What a killed process left can be read there, and that is not enough.
#[tokio::test]
async fn a_store_on_a_read_only_disk_is_refused() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store"));
    assert_eq!(create(&store, 1).await.unwrap(), Created::Fresh);
    for name in ["store", "store-wal", "store-shm"] {
        fs::copy(folder.path().join(name), disk.folder.path().join(name)).unwrap();
    }
    disk.remount("ro");
    let path = disk.folder.path().join("store");
    assert_eq!(common::number(&path, "SELECT count(*) FROM receipts"), 1);
    let error = SqliteStore::open(&path, Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly(_)), "{error:?}");
    disk.remount("rw");
    assert_eq!(content(&open(&path), 1).await, Some(large(1).sealed));
}

/// Answers the first number that found no room.
async fn create_until_refused(store: &SqliteStore, first: u32) -> u32 {
    for n in first..first + 10_000 {
        match create(store, n).await {
            Ok(created) => assert_eq!(created, Created::Fresh),
            Err(StoreError::Unavailable(_)) => return n,
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("the disk never filled up");
}

async fn create(store: &SqliteStore, n: u32) -> Result<Created, StoreError> {
    store.create(large(n), sample::START).await
}

fn large(n: u32) -> Record {
    let mut record = sample::record(n);
    record.sealed.body.resize(20_000, 0x5a);
    record
}

/// Writes until there is no room.
fn fill(path: &Path) {
    let mut file = OpenOptions::new().create_new(true).write(true).open(path).unwrap();
    while file.write_all(&[0x5a; 1_024]).is_ok() {}
}

/// A file system of 24 MiB in memory, gone with its value.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(folder.path());
        if mount.output().is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self { folder });
        }
        assert!(std::env::var_os("CI").is_none(), "no right to mount a small file system");
        println!("SKIPPED: no right to mount a small file system");
        None
    }

    fn remount(&self, access: &str) {
        let options = format!("remount,{access}");
        let done = Command::new("mount").args(["-o", &options]).arg(self.folder.path()).status();
        assert!(done.is_ok_and(|status| status.success()), "{options}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}
