//! The sweep: it gives back space, and decides nothing.

use waxseal_core::attempt::Guess;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created, Record, Swept, Usage};
use waxseal_core::time::{Timestamp, Ttl};

use super::create::sealed_bytes;
use super::settle::ENDINGS;
use super::{AnyStore, Fresh, Stores, attempt, front, open, put, receipt, settle};
use crate::sample::{LIFE, START, account_id, after, client, guarded, made, owned, record};

/// The content of the expired goes, their receipts stay, and both are counted.
pub async fn sweep_erases_the_expired(stores: &Stores) {
    let (fresh, all) = filled(stores, 40).await;
    let expired = after(LIFE.secs());
    let swept = sweep_all(&fresh.store, usize::MAX, expired).await;
    assert_eq!((swept.expired, swept.forgotten), (40, 0));
    let usage = fresh.store.usage().await.unwrap();
    let left: u64 = all.iter().map(|secret| secret.stored_bytes() - sealed_bytes(secret)).sum();
    assert_eq!((usage.new, usage.bytes), (0, left));
    for secret in &all {
        let told = receipt(&fresh.store, secret, expired).await.unwrap();
        assert_eq!((told.state, told.updated), (State::Expired, START));
    }
}

/// What another node has swept is gone for one whose clock is behind, too: there is nothing
/// to open and nothing to end, and the receipt says that the content is gone.
pub async fn what_was_swept_is_gone_for_a_clock_that_is_behind(stores: &Stores) {
    let fresh = stores.fresh().await;
    for secret in [record(1), guarded(2)] {
        put(&fresh.store, &secret).await;
        sweep_all(&fresh.store, 100, secret.sealed.expires).await;
        for guess in [Guess::None(client(0)), Guess::Open(client(0)), Guess::Burn(client(0))] {
            assert_eq!(attempt(&fresh.store, &secret, guess, START).await, Attempt::Gone);
        }
        assert_eq!(front(&fresh.store, &secret, START).await, None);
        let before = fresh.store.usage().await.unwrap();
        for (ending, _) in ENDINGS {
            assert_eq!(settle(&fresh.store, &secret, ending, START).await, None);
        }
        assert_eq!(fresh.store.usage().await.unwrap(), before);
        assert_eq!(receipt(&fresh.store, &secret, START).await.unwrap().state, State::Orphaned);
    }
}

/// Receipts whose time is over go, of the ended and the expired alike, until nothing counts any more.
pub async fn sweep_forgets_receipts(stores: &Stores) {
    let (fresh, all) = filled(stores, 40).await;
    settle(&fresh.store, &all[3], Ending::Received, START).await.unwrap();
    settle(&fresh.store, &all[4], Ending::Burned, START).await.unwrap();
    let swept = sweep_all(&fresh.store, 1_000, all[0].forgotten()).await;
    assert_eq!(swept.forgotten, 40);
    assert_eq!(fresh.store.usage().await.unwrap(), Usage::default());
    assert_eq!(fresh.store.recent(&account_id(1), 100, START).await.unwrap(), []);
    for secret in &all {
        assert_eq!(receipt(&fresh.store, secret, START).await, None, "not even for an earlier `now`");
    }
}

/// A full store has all of its room again once everything in it is forgotten, time after time.
pub async fn forgetting_makes_room(stores: &Stores) {
    let all: Vec<_> = (0..6).map(|n| if n % 2 == 0 { owned(n, account_id(1)) } else { record(n) }).collect();
    let fresh = stores.bounded(all.iter().map(Record::stored_bytes).sum()).await;
    for round in 0..3 {
        let start = after(round * 3 * LIFE.secs());
        for secret in &all {
            assert_eq!(put(&fresh.store, &made(secret.clone(), start, LIFE)).await, Created::Fresh);
        }
        assert_eq!(put(&fresh.store, &made(record(9), start, LIFE)).await, Created::Full);
        settle(&fresh.store, &all[0], Ending::Received, start).await.unwrap();
        settle(&fresh.store, &all[1], Ending::Burned, start).await.unwrap();
        sweep_all(&fresh.store, 1_000, start.plus(LIFE)).await;
        sweep_all(&fresh.store, 1_000, start.plus(LIFE).plus(LIFE)).await;
    }
}

/// A second sweep of the same moment finds nothing to do.
pub async fn sweep_is_idempotent(stores: &Stores) {
    let (fresh, all) = filled(stores, 40).await;
    for now in [all[0].sealed.expires, all[0].forgotten()] {
        sweep_all(&fresh.store, 1_000, now).await;
        let before = fresh.store.usage().await.unwrap();
        assert_eq!(fresh.store.sweep(1_000, now).await.unwrap(), Swept::default());
        assert_eq!(fresh.store.usage().await.unwrap(), before);
    }
}

/// What lives, or has a receipt to live, is not touched.
pub async fn sweep_leaves_the_living(stores: &Stores) {
    let (fresh, _) = filled(stores, 20).await;
    let living: Vec<_> = (100..120).map(|n| made(record(n), START, Ttl::days(7))).collect();
    for secret in &living {
        put(&fresh.store, secret).await;
    }
    settle(&fresh.store, &living[0], Ending::Burned, START).await.unwrap();
    let now = after(3 * LIFE.secs());
    let swept = sweep_all(&fresh.store, 1_000, now).await;
    assert_eq!(swept.forgotten, 20);
    assert_eq!(receipt(&fresh.store, &living[0], now).await.unwrap().state, State::Burned);
    for secret in &living[1..] {
        assert_eq!(open(&fresh.store, secret, now).await.as_ref(), Some(&secret.sealed));
    }
}

/// A small limit bounds each call, and repeated calls do the whole work: when
/// one answers that there is no more, nothing that was due is left.
pub async fn sweep_completes_over_repeated_calls(stores: &Stores) {
    let (fresh, all) = filled(stores, 200).await;
    let first = fresh.store.sweep(7, all[0].sealed.expires).await.unwrap();
    assert!(first.more && first.expired < 200, "one call keeps to about its limit");
    let rest = sweep_all(&fresh.store, 7, all[0].sealed.expires).await;
    assert_eq!(first.expired + rest.expired, 200);
    assert_eq!(fresh.store.usage().await.unwrap().new, 0);
    assert_eq!(sweep_all(&fresh.store, 7, all[0].forgotten()).await.forgotten, 200);
    assert_eq!(fresh.store.usage().await.unwrap(), Usage::default());
}

/// A store with so many secrets of one life, every other an account's.
async fn filled(stores: &Stores, count: u32) -> (Fresh, Vec<Record>) {
    let fresh = stores.fresh().await;
    let all: Vec<_> =
        (0..count).map(|n| if n % 2 == 0 { owned(n, account_id(1)) } else { record(n) }).collect();
    for secret in &all {
        put(&fresh.store, secret).await;
    }
    (fresh, all)
}

/// Sweeps until there is no more, and sums up.
pub(super) async fn sweep_all(store: &AnyStore, limit: usize, now: Timestamp) -> Swept {
    let mut total = Swept::default();
    for _ in 0..10_000 {
        let swept = store.sweep(limit, now).await.unwrap();
        total.expired += swept.expired;
        total.forgotten += swept.forgotten;
        if !swept.more {
            return total;
        }
    }
    panic!("10 000 calls did not finish the sweep");
}
