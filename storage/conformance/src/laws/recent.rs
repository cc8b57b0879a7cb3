//! An account's list.

use waxseal_core::state::{Ending, State};
use waxseal_core::store::{RECENT_REACH, Receipt, Record};
use waxseal_core::time::Ttl;

use super::{AnyStore, Stores, put, receipt, settle};
use crate::sample::{LIFE, START, account_id, after, made, owned, record};

/// A list is ordered by the time of making, the newest first, in whatever order its secrets came in.
pub async fn recent_is_newest_first(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in [3, 1, 4, 0, 5, 2] {
        // The newest gets the least id, so that an order by id shows.
        let wanted = Record { id: record(9 - n).id, ..owned(n, account_id(1)) };
        put(&fresh.store, &made(wanted, after(u64::from(n)), LIFE)).await;
    }
    let listed = recent(&fresh.store, 1, 10, 10).await;
    let created: Vec<_> = listed.iter().map(|receipt| receipt.created).collect();
    assert_eq!(created, (0..6).rev().map(after).collect::<Vec<_>>());
}

/// A list is as long as was asked for at most, and then shows the newest.
pub async fn recent_keeps_to_its_limit(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 0..30 {
        put(&fresh.store, &made(owned(n, account_id(1)), after(u64::from(n)), LIFE)).await;
    }
    let all = recent(&fresh.store, 1, usize::MAX, 30).await;
    assert_eq!(all.len(), 30);
    for limit in [0, 1, 7, 29, 30] {
        assert_eq!(recent(&fresh.store, 1, limit, 30).await, all[..limit]);
    }
}

/// What was made more than 30 days ago is not listed, though its receipt stands.
pub async fn recent_reaches_30_days_back(stores: &Stores) {
    let fresh = stores.fresh().await;
    let old = made(owned(1, account_id(1)), START, Ttl::days(20));
    let younger = made(owned(2, account_id(1)), after(10), Ttl::days(20));
    put(&fresh.store, &old).await;
    put(&fresh.store, &younger).await;
    let reach = RECENT_REACH.secs();
    assert_eq!(recent(&fresh.store, 1, 10, reach - 1).await.len(), 2);
    let listed = recent(&fresh.store, 1, 10, reach + 1).await;
    assert_eq!(ids(&listed), [younger.id]);
    assert!(receipt(&fresh.store, &old, after(reach + 1)).await.is_some());
}

/// No account sees another's secrets, or a guest's.
pub async fn recent_shows_one_account_only(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 0..30 {
        let guests = n % 3 == 0;
        let secret = if guests { record(n) } else { owned(n, account_id(n % 3)) };
        put(&fresh.store, &made(secret, after(u64::from(n)), LIFE)).await;
    }
    for account in [1, 2] {
        let mut listed = ids(&recent(&fresh.store, account, 100, 30).await);
        listed.reverse();
        let own: Vec<_> = (0..30).filter(|n| n % 3 == account).map(|n| record(n).id).collect();
        assert_eq!(listed, own);
    }
    assert_eq!(recent(&fresh.store, 0, 100, 30).await, []);
}

/// The opened, the burned and the expired are listed as what they are.
pub async fn recent_shows_what_has_ended(stores: &Stores) {
    let fresh = stores.fresh().await;
    let secrets: Vec<_> = (0..4).map(|n| made(owned(n, account_id(1)), after(u64::from(n)), LIFE)).collect();
    for secret in &secrets {
        put(&fresh.store, secret).await;
    }
    settle(&fresh.store, &secrets[1], Ending::Received, after(5)).await.unwrap();
    settle(&fresh.store, &secrets[2], Ending::Burned, after(5)).await.unwrap();
    let states = async |now| {
        let listed = recent(&fresh.store, 1, 10, now).await;
        listed.iter().map(|receipt| receipt.state).collect::<Vec<_>>()
    };
    assert_eq!(states(6).await, [State::New, State::Burned, State::Received, State::New]);
    let expired = [State::Expired, State::Burned, State::Received, State::Expired];
    assert_eq!(states(LIFE.secs() + 10).await, expired);
    fresh.store.sweep(100, after(LIFE.secs() + 10)).await.unwrap();
    assert_eq!(states(LIFE.secs() + 11).await, expired);
}

/// Forgotten receipts leave the list, swept or not, and take no place in it.
pub async fn recent_drops_the_forgotten(stores: &Stores) {
    for swept in [false, true] {
        let fresh = stores.fresh().await;
        for n in 0..20 {
            let life = if n < 10 { Ttl::days(5) } else { LIFE };
            put(&fresh.store, &made(owned(n, account_id(1)), after(u64::from(n)), life)).await;
        }
        let now = 2 * LIFE.secs() + 100;
        if swept {
            while fresh.store.sweep(100, after(now)).await.unwrap().more {}
        }
        let listed = recent(&fresh.store, 1, 4, now).await;
        assert_eq!(ids(&listed), [9, 8, 7, 6].map(|n| record(n).id), "swept: {swept}");
    }
}

async fn recent(store: &AnyStore, account: u32, limit: usize, now: u64) -> Vec<Receipt> {
    store.recent(&account_id(account), limit, after(now)).await.unwrap()
}

fn ids(receipts: &[Receipt]) -> Vec<waxseal_core::id::RecordId> {
    receipts.iter().map(|receipt| receipt.id).collect()
}
