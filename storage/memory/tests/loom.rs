//! The store under every order in which two or three threads may meet at its locks and
//! counters: `scripts/loom` runs it.

#![cfg(loom)]

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use waxseal_conformance::sample::{self, LIFE, START, after, record};
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created, LOCK_BYTES, Record, Store};
use waxseal_core::time::Timestamp;
use waxseal_memory::MemoryStore;

/// The last second of a sample's life.
const LAST: u64 = LIFE.secs() - 1;

/// A secret that is not too short.
const SAMPLE: u32 = 80;

/// An empty store of so many bytes, 0 for any, in which `records` stand.
fn holding(budget: u64, records: &[Record]) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new(budget));
    for record in records {
        assert_eq!(create(&store, record), Created::Fresh);
    }
    store
}

fn create(store: &MemoryStore, record: &Record) -> Created {
    block_on(store.create(record.clone(), START)).unwrap()
}

fn settle(store: &MemoryStore, n: u32, ending: Ending, now: Timestamp) -> bool {
    block_on(store.settle(&sample::id(n), ending, now)).unwrap().is_some()
}

fn attempt(store: &MemoryStore, n: u32, guess: Guess) -> Attempt {
    block_on(store.attempt(&sample::id(n), guess, &AttemptPolicy::default(), START)).unwrap()
}

fn bytes(store: &MemoryStore) -> u64 {
    block_on(store.usage()).unwrap().bytes
}

/// Runs both beside one another: what each answered.
fn beside<A, B>(
    store: &Arc<MemoryStore>,
    other: impl FnOnce(&MemoryStore) -> A + Send + 'static,
    here: impl FnOnce(&MemoryStore) -> B,
) -> (A, B)
where
    A: Send + 'static,
{
    let theirs = store.clone();
    let other = thread::spawn(move || other(&theirs));
    let here = here(store);
    (other.join().unwrap(), here)
}

#[test]
fn of_reader_and_burner_one_wins_and_the_receipt_agrees() {
    loom::model(|| {
        let store = holding(0, &[record(1)]);
        let (read, burned) = beside(
            &store,
            |store| settle(store, 1, Ending::Received, START),
            |store| settle(store, 1, Ending::Burned, START),
        );
        assert!(read != burned, "{read} {burned}");
        let receipt = block_on(store.receipt(&sample::id(1), START)).unwrap().unwrap();
        assert_eq!(receipt.state, if read { State::Received } else { State::Burned });
        assert_eq!(attempt(&store, 1, Guess::None(sample::client(1))), Attempt::Gone);
    });
}

#[test]
fn of_three_readers_one_wins() {
    loom::model(|| {
        let store = holding(0, &[record(1)]);
        let theirs = store.clone();
        let third = thread::spawn(move || settle(&theirs, 1, Ending::Received, START));
        let (one, two) = beside(
            &store,
            |store| settle(store, 1, Ending::Received, START),
            |store| settle(store, 1, Ending::Received, START),
        );
        let third = third.join().unwrap();
        assert_eq!([one, two, third].iter().filter(|won| **won).count(), 1);
    });
}

#[test]
fn whoever_opens_beside_an_ending_gets_all_of_it_or_nothing() {
    loom::model(|| {
        let store = holding(0, &[record(1)]);
        let (ended, seen) = beside(
            &store,
            |store| settle(store, 1, Ending::Burned, START),
            |store| attempt(store, 1, Guess::None(sample::client(1))),
        );
        assert!(ended);
        match seen {
            Attempt::Granted { sealed, .. } => assert!(sealed == record(1).sealed),
            other => assert_eq!(other, Attempt::Gone),
        }
    });
}

#[test]
fn racing_guesses_are_both_counted() {
    loom::model(|| {
        let store = holding(0, &[sample::guarded(1)]);
        let guess = |store: &MemoryStore| match attempt(store, 1, Guess::Open(sample::client(1))) {
            Attempt::Granted { remaining, .. } => remaining,
            other => panic!("{other:?}"),
        };
        let (one, two) = beside(&store, guess, guess);
        assert_eq!(one.abs_diff(two), 1, "{one} and {two} are left");
    });
}

#[test]
fn of_two_of_one_id_one_is_made_and_the_bytes_of_one_are_kept() {
    loom::model(|| {
        let store = holding(0, &[]);
        let (one, two) = beside(&store, |store| create(store, &record(1)), |store| create(store, &record(1)));
        assert!([(Created::Fresh, Created::Taken), (Created::Taken, Created::Fresh)].contains(&(one, two)));
        assert_eq!(bytes(&store), record(1).stored_bytes());
    });
}

#[test]
fn what_two_endings_give_back_is_all_there_to_be_taken() {
    loom::model(|| {
        let (one, other) = apart();
        let (first, second) = (record(one), record(other));
        let sealed = |record: &Record| (LOCK_BYTES + record.sealed.body.len()) as u64;
        let (room, freed) = (first.stored_bytes() + second.stored_bytes(), sealed(&first) + sealed(&second));
        let store = holding(room, &[first, second]);
        let ended = beside(
            &store,
            move |store| settle(store, other, Ending::Received, START),
            |store| settle(store, one, Ending::Burned, START),
        );
        assert_eq!(ended, (true, true));
        assert_eq!(create(&store, &of_bytes(1, freed + 1)), Created::Full);
        assert_eq!(create(&store, &of_bytes(1, freed)), Created::Fresh);
    });
}

#[test]
fn what_is_taken_beside_an_ending_is_not_there_any_more() {
    loom::model(|| {
        let (one, other) = apart();
        let (first, second) = (of_bytes(one, 1_000), record(other));
        let freed = (LOCK_BYTES + first.sealed.body.len()) as u64;
        let store = holding(first.stored_bytes() + second.stored_bytes(), &[first]);
        let (created, ended) = beside(
            &store,
            move |store| create(store, &second),
            |store| settle(store, one, Ending::Received, START),
        );
        assert_eq!((created, ended), (Created::Fresh, true));
        assert_eq!(create(&store, &of_bytes(1, freed + 1)), Created::Full);
    });
}

#[test]
fn of_two_for_whom_there_is_room_once_one_is_made() {
    loom::model(|| {
        let (one, other) = apart();
        let room = record(one).stored_bytes() + record(other).stored_bytes() - 1;
        let store = holding(room, &[]);
        let (first, second) =
            beside(&store, move |store| create(store, &record(other)), |store| create(store, &record(one)));
        assert!(
            [(Created::Fresh, Created::Full), (Created::Full, Created::Fresh)].contains(&(first, second))
        );
    });
}

#[test]
fn a_reader_in_the_last_second_or_the_sweep_gets_it() {
    loom::model(|| {
        let store = holding(0, &[record(1)]);
        let (read, swept) = beside(
            &store,
            |store| settle(store, 1, Ending::Received, after(LAST)),
            |store| block_on(store.sweep(9, after(LIFE.secs()))).unwrap().expired,
        );
        assert_eq!(u64::from(read) + swept, 1);
        let receipt = block_on(store.receipt(&sample::id(1), after(LIFE.secs()))).unwrap().unwrap();
        assert_eq!(receipt.state, if read { State::Received } else { State::Expired });
    });
}

#[test]
fn what_is_forgotten_beside_a_new_record_of_its_account_leaves_no_line_and_no_byte() {
    loom::model(|| {
        let account = sample::account_id(1);
        let store = holding(0, &[sample::owned(SAMPLE, account)]);
        let end = record(SAMPLE).forgotten();
        let (swept, created) = beside(
            &store,
            move |store| block_on(store.sweep(9, end)).unwrap().forgotten,
            |store| block_on(store.create(late(end), end)).unwrap(),
        );
        assert_eq!((swept, created), (1, Created::Fresh));
        let recent = block_on(store.recent(&account, 9, end)).unwrap();
        assert_eq!(recent.iter().map(|receipt| receipt.id).collect::<Vec<_>>(), [late(end).id]);
        assert_eq!(bytes(&store), late(end).stored_bytes());
    });
}

/// Another secret of the account, made as late as that.
fn late(now: Timestamp) -> Record {
    sample::made(sample::owned(apart().1, sample::account_id(1)), now, LIFE)
}

/// Two secrets that lie behind different locks.
fn apart() -> (u32, u32) {
    let lock = |n: u32| sample::id(n).0[31] % 2;
    (SAMPLE, (SAMPLE + 1..).find(|n| lock(*n) != lock(SAMPLE)).unwrap())
}

/// The `n`-th record, with a body that makes it count so many bytes.
fn of_bytes(n: u32, bytes: u64) -> Record {
    let mut record = record(n);
    let beside = record.stored_bytes() - record.sealed.body.len() as u64;
    record.sealed.body.resize(usize::try_from(bytes - beside).unwrap(), 0);
    record
}
