//! What is left of ended secrets in the file and its log: nothing.

mod common;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use common::{await_until, log_bytes, number, open};
use tokio::task::JoinSet;
use waxseal_conformance::sample;
use waxseal_core::attempt::Guess;
use waxseal_core::id::ClientId;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{Record, Store};
use waxseal_core::time::{Timestamp, Ttl};
use waxseal_sqlite::SqliteStore;

const SECRETS: u32 = 12_000;
/// Callers that create and settle at one time, so that batches are mixed.
const CALLERS: u32 = 32;

/// Bytes of a marker: enough that no two are alike by chance.
const MARK: usize = 8;
/// Every marker's first byte: makes the search quick.
const FIRST: u8 = 0xf5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_secrets_leave_no_lock_and_no_body() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = filled(&path).await;
    let (locks, bodies) = remains(&path, 0..SECRETS);
    assert!(locks >= SECRETS && bodies >= SECRETS, "the search finds what stands: {locks}, {bodies}");

    all(&store, |store, n| async move {
        if ends(n) {
            let ending = if n % 4 == 0 { Ending::Received } else { Ending::Burned };
            assert!(store.settle(&sample::id(n), ending, sample::START).await.unwrap().is_some());
        }
    })
    .await;
    await_until("an empty log", || log_bytes(&path) == 0);
    let (locks, bodies) = remains(&path, (0..SECRETS).filter(|n| ends(*n)));
    assert_eq!((locks, bodies), (0, 0), "stale locks and bodies");

    let (locks, bodies) = remains(&path, (0..SECRETS).filter(|n| !ends(*n)));
    assert!(locks >= SECRETS / 2 && bodies >= SECRETS / 2, "the living stand: {locks}, {bodies}");
    assert_intact(&path);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_swept_leave_nothing_and_their_rows_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Arc::new(open(&path));
    all(&store, |store, n| async move {
        let life = if lives_long(n) { Ttl::days(7) } else { sample::LIFE };
        store.create(sample::made(record(n), sample::START, life), sample::START).await.unwrap();
    })
    .await;
    sweep(&store, sample::after(sample::LIFE.secs())).await;
    await_until("an empty log", || log_bytes(&path) == 0);
    let (locks, bodies) = remains(&path, (0..SECRETS).filter(|n| !lives_long(*n)));
    assert_eq!((locks, bodies), (0, 0), "stale locks and bodies");
    assert_rows_went(&path);

    sweep(&store, sample::after(2 * sample::LIFE.secs())).await;
    let living = (0..SECRETS).filter(|n| lives_long(*n)).count();
    assert_eq!(number(&path, "SELECT count(*) FROM receipts"), i64::try_from(living).unwrap());
    assert_intact(&path);

    // What lived beside the removed rows was not moved: once ended it is gone, too.
    for n in (0..SECRETS).filter(|n| lives_long(*n)) {
        store.settle(&sample::id(n), Ending::Received, sample::START).await.unwrap().unwrap();
    }
    await_until("an empty log", || log_bytes(&path) == 0);
    let (locks, bodies) = remains(&path, 0..SECRETS);
    assert_eq!((locks, bodies), (0, 0), "stale locks and bodies");
}

/// Who guessed is nobody's business either, once there is nothing left to guess at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_leaves_no_trace_of_who_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let guesser = mark(1, 6);
    let traces = || in_file_and_log(&path).iter().map(|bytes| times(bytes, &guesser)).sum::<usize>();
    for n in 0..3 {
        store.create(sample::guarded(n), sample::START).await.unwrap();
        let (guess, policy) = (Guess::Open(ClientId(guesser)), AttemptPolicy::default());
        store.attempt(&sample::id(n), guess, &policy, sample::START).await.unwrap();
    }
    assert!(traces() >= 3, "the search finds what stands");

    store.settle(&sample::id(0), Ending::Received, sample::START).await.unwrap().unwrap();
    store.settle(&sample::id(1), Ending::Burned, sample::START).await.unwrap().unwrap();
    sweep(&store, sample::after(sample::LIFE.secs())).await;
    await_until("an empty log", || log_bytes(&path) == 0);
    assert_eq!((number(&path, "SELECT count(*) FROM attempts"), traces()), (0, 0));
}

async fn filled(path: &Path) -> Arc<SqliteStore> {
    let store = Arc::new(open(path));
    all(&store, |store, n| async move {
        store.create(record(n), sample::START).await.unwrap();
    })
    .await;
    store
}

/// A thousand in a row and some alone, so that live rows stand among dead ones.
fn lives_long(n: u32) -> bool {
    n / 1_000 == 3 || n % 1_100 == 700
}

fn assert_rows_went(path: &Path) {
    for table in ["locks", "bodies"] {
        let rows = number(path, &format!("SELECT count(*) FROM {table}"));
        assert!((2_000..10_000).contains(&rows), "{rows} rows of {table} stand");
    }
    let live = number(path, "SELECT count(*) FROM bodies WHERE live = 1");
    let living = (0..SECRETS).filter(|n| lives_long(*n)).count();
    assert_eq!(live, i64::try_from(living).unwrap());
    let dead = number(path, "SELECT coalesce(sum(length(body)), 0) FROM bodies WHERE live = 0");
    assert_eq!(number(path, "SELECT dead_bytes FROM totals"), dead);
}

/// Sweeps on even when there is no more, because rows go block by block.
async fn sweep(store: &SqliteStore, now: Timestamp) {
    for _ in 0..100 {
        store.sweep(1_000, now).await.unwrap();
    }
}

/// Every other one, in no regular order.
fn ends(n: u32) -> bool {
    n.wrapping_mul(0x9e37_79b9) >> 31 == 0
}

/// Bodies of one to 24 times 192 bytes: most lie in their page, and those over the
/// 4,061 bytes that a row may take of one overflow it.
fn record(n: u32) -> Record {
    let mut record = sample::record(n);
    let body = &mut record.sealed.body;
    body.resize(192 * (1 + n as usize * 7 % 24), 0x5a);
    let (middle, end) = (body.len() / 2, body.len());
    body[..MARK].copy_from_slice(&mark(n, 1));
    body[middle..middle + MARK].copy_from_slice(&mark(n, 2));
    body[end - MARK..].copy_from_slice(&mark(n, 3));
    record.sealed.lock.0[..MARK].copy_from_slice(&mark(n, 4));
    record.sealed.lock.0[61 - MARK..].copy_from_slice(&mark(n, 5));
    record
}

/// A marker for the `place` of a record, unlike any other.
fn mark(n: u32, place: u64) -> [u8; MARK] {
    let mixed = ((u64::from(n) << 8) | place).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mut mark = (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb).to_be_bytes();
    mark[0] = FIRST;
    mark
}

/// How often markers of these locks, and of these bodies, stand in the file or its log.
fn remains(path: &Path, secrets: impl Iterator<Item = u32>) -> (u32, u32) {
    let places = secrets.flat_map(|n| (1..=5).map(move |place| (mark(n, place), place)));
    let wanted: HashMap<_, _> = places.collect();
    let (mut locks, mut bodies) = (0, 0);
    for bytes in in_file_and_log(path) {
        let mut rest = &bytes[..];
        while let Some(at) = rest.iter().position(|byte| *byte == FIRST) {
            rest = &rest[at..];
            match rest.first_chunk::<MARK>().and_then(|found| wanted.get(found)) {
                Some(1..=3) => bodies += 1,
                Some(_) => locks += 1,
                None => {}
            }
            rest = &rest[1..];
        }
    }
    (locks, bodies)
}

fn in_file_and_log(path: &Path) -> [Vec<u8>; 2] {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path, Path::new(&log)].map(|file| std::fs::read(file).unwrap_or_default())
}

fn times(bytes: &[u8], mark: &[u8; MARK]) -> usize {
    bytes.windows(MARK).filter(|window| window == mark).count()
}

async fn all<F, Fut>(store: &Arc<SqliteStore>, call: F)
where
    F: Fn(Arc<SqliteStore>, u32) -> Fut + Copy + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let store = Arc::clone(store);
        callers.spawn(async move {
            for n in (caller..SECRETS).step_by(CALLERS as usize) {
                call(Arc::clone(&store), n).await;
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
}

fn assert_intact(path: &Path) {
    let verdict: String =
        common::peek(path).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_holds_nothing_of_what_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = filled(&path).await;
    all(&store, |store, n| async move {
        if ends(n) {
            store.settle(&sample::id(n), Ending::Received, sample::START).await.unwrap().unwrap();
        }
    })
    .await;
    // The log of the store is not cut yet; that of the copy is none.
    let copy = folder.path().join("copy");
    waxseal_sqlite::backup(&path, &copy, false, &mut |_, _| {}).unwrap();
    let (locks, bodies) = remains(&copy, (0..SECRETS).filter(|n| ends(*n)));
    assert_eq!((locks, bodies), (0, 0), "stale locks and bodies");
    let living = u32::try_from((0..SECRETS).filter(|n| !ends(*n)).count()).unwrap();
    let (locks, bodies) = remains(&copy, (0..SECRETS).filter(|n| !ends(*n)));
    assert!(locks >= living && bodies >= living, "the living stand: {locks}, {bodies}");
    assert_eq!(number(&copy, "PRAGMA freelist_count"), 0);
    assert_intact(&copy);
}
