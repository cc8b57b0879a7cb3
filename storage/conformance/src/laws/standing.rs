//! The store as a whole: what it is bound to, what stands there, whether it serves.

use std::collections::HashSet;

use waxseal_core::id::Kid;
use waxseal_core::state::Ending;
use waxseal_core::store::{Check, Record, Usage};

use super::create::sealed_bytes;
use super::sweep::sweep_all;
use super::{Stores, holding, put, settle};
use crate::race::race;
use crate::sample::{KID, LIFE, START, after, made, record};

/// The first check stays; everyone is told it.
pub async fn bind_keeps_the_first(stores: &Stores) {
    let fresh = stores.fresh().await;
    let (first, second) = (Check(vec![1; 40]), Check(vec![2; 41]));
    assert_eq!(fresh.store.bind(first.clone()).await.unwrap(), first);
    assert_eq!(fresh.store.bind(second).await.unwrap(), first);
    assert_eq!(fresh.store.bind(first.clone()).await.unwrap(), first);
}

/// Racing binds agree on one check.
pub async fn racing_binds_agree(stores: &Stores) {
    let fresh = stores.fresh().await;
    let answers = race(|n| {
        let (store, own) = (fresh.store.clone(), Check(n.to_be_bytes().to_vec()));
        async move { store.bind(own).await.unwrap().0 }
    })
    .await;
    let distinct: HashSet<_> = answers.into_iter().collect();
    assert_eq!(distinct.len(), 1);
    let standing = fresh.store.bind(Check(vec![9; 9])).await.unwrap();
    assert!(distinct.contains(&standing.0));
}

/// Usage counts the unopened, the opened and the burned, and records by master key.
pub async fn usage_counts_by_state_and_key(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert_eq!(fresh.store.usage().await.unwrap(), Usage::default());
    let other = Kid([9; 4]);
    let all: Vec<_> =
        (0..10).map(|n| if n < 3 { Record { kid: other, ..record(n) } } else { record(n) }).collect();
    for secret in &all {
        put(&fresh.store, secret).await;
    }
    settle(&fresh.store, &all[0], Ending::Received, START).await.unwrap();
    settle(&fresh.store, &all[1], Ending::Burned, START).await.unwrap();
    settle(&fresh.store, &all[2], Ending::Burned, START).await.unwrap();
    let mut usage = fresh.store.usage().await.unwrap();
    usage.kids.sort_unstable();
    let stored: u64 = all.iter().map(Record::stored_bytes).sum();
    let ended: u64 = all[..3].iter().map(sealed_bytes).sum();
    let wanted =
        Usage { bytes: stored - ended, new: 7, received: 1, burned: 2, kids: vec![(KID, 7), (other, 3)] };
    assert_eq!(usage, wanted);
}

/// The expired count as unopened until they are swept; their receipts then only by master key.
pub async fn usage_counts_the_expired_until_they_are_swept(stores: &Stores) {
    let fresh = holding(stores, &record(1)).await;
    let late = made(record(2), after(LIFE.secs()), LIFE);
    put(&fresh.store, &late).await;
    assert_eq!(fresh.store.usage().await.unwrap().new, 2);
    sweep_all(&fresh.store, 100, after(LIFE.secs())).await;
    let usage = fresh.store.usage().await.unwrap();
    assert_eq!((usage.new, usage.received, usage.burned), (1, 0, 0));
    assert_eq!(usage.kids, [(KID, 2)]);
}

/// A store that stands answers a ping, before and after its first record.
pub async fn ping_answers(stores: &Stores) {
    let fresh = stores.fresh().await;
    fresh.store.ping().await.unwrap();
    put(&fresh.store, &record(1)).await;
    fresh.store.ping().await.unwrap();
}
