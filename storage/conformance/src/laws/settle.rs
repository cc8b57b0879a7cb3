//! Endings: one winner ever, a receipt that agrees with it, and nothing left to open.

use waxseal_core::attempt::Guess;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Receipt};

use super::create::{expected, sealed_bytes};
use super::{Stores, attempt, bytes, front, holding, open, put, receipt, settle};
use crate::race::race;
use crate::sample::{START, account_id, after, client, guarded, owned, record};

/// Both endings, and the state each leads to.
pub(super) const ENDINGS: [(Ending, State); 2] =
    [(Ending::Received, State::Received), (Ending::Burned, State::Burned)];

/// The winner's receipt, and every one read later, has the ending's state and
/// stamp; all else is as it was made.
pub async fn an_ending_is_told_by_its_receipt(stores: &Stores) {
    for (ending, state) in ENDINGS {
        let wanted = owned(1, account_id(1));
        let fresh = holding(stores, &wanted).await;
        let told = settle(&fresh.store, &wanted, ending, after(77)).await;
        let ended = Receipt { state, updated: after(77), ..expected(&wanted) };
        assert_eq!(told.as_ref(), Some(&ended));
        assert_eq!(receipt(&fresh.store, &wanted, after(78)).await.as_ref(), Some(&ended));
        assert_eq!(fresh.store.recent(&account_id(1), 1, after(78)).await.unwrap(), [ended]);
    }
}

/// After an ending there is nothing to open, to guess at or to say, and the
/// bytes of lock and body are given back.
pub async fn an_ending_destroys_the_content(stores: &Stores) {
    for (ending, _) in ENDINGS {
        let wanted = guarded(1);
        let fresh = holding(stores, &wanted).await;
        attempt(&fresh.store, &wanted, Guess::Open(client(0)), START).await;
        settle(&fresh.store, &wanted, ending, after(1)).await.unwrap();
        for guess in [Guess::None(client(0)), Guess::Open(client(0)), Guess::Burn(client(0))] {
            assert_eq!(attempt(&fresh.store, &wanted, guess, after(1)).await, Attempt::Gone);
        }
        assert_eq!(front(&fresh.store, &wanted, after(1)).await, None);
        assert_eq!(bytes(&fresh.store).await, wanted.stored_bytes() - sealed_bytes(&wanted));
    }
}

/// Whoever comes second loses, whatever either wanted, and changes nothing.
pub async fn a_secret_ends_once(stores: &Stores) {
    for (first, state) in ENDINGS {
        for (second, _) in ENDINGS {
            let wanted = record(1);
            let fresh = holding(stores, &wanted).await;
            assert!(settle(&fresh.store, &wanted, first, after(1)).await.is_some());
            assert_eq!(settle(&fresh.store, &wanted, second, after(2)).await, None);
            let told = receipt(&fresh.store, &wanted, after(3)).await.unwrap();
            assert_eq!((told.state, told.updated), (state, after(1)));
        }
    }
}

/// Of 64 racing readers one wins, for every one of many secrets.
pub async fn settle_has_one_winner(stores: &Stores) {
    let fresh = stores.fresh().await;
    for key in 0..100 {
        let wanted = record(key);
        put(&fresh.store, &wanted).await;
        let outcomes = race(|_| {
            let (store, id) = (fresh.store.clone(), wanted.id);
            async move { store.settle(&id, Ending::Received, START).await.unwrap() }
        })
        .await;
        assert_eq!(outcomes.iter().flatten().count(), 1, "winners of secret {key}");
    }
}

/// Of 64 racing readers and burners one wins, and the receipt tells the winner's ending.
pub async fn racing_endings_have_one_winner_and_the_receipt_agrees(stores: &Stores) {
    let fresh = stores.fresh().await;
    for key in 0..100 {
        let wanted = record(key);
        put(&fresh.store, &wanted).await;
        let outcomes = race(|n| {
            let (store, id, (ending, _)) = (fresh.store.clone(), wanted.id, ENDINGS[n % 2]);
            async move { store.settle(&id, ending, after(n as u64)).await.unwrap() }
        })
        .await;
        let winners: Vec<_> = outcomes.iter().enumerate().filter(|(_, told)| told.is_some()).collect();
        assert_eq!(winners.len(), 1, "winners of secret {key}");
        let (n, told) = winners[0];
        let wanted_receipt =
            Receipt { state: ENDINGS[n % 2].1, updated: after(n as u64), ..expected(&wanted) };
        assert_eq!(told.as_ref(), Some(&wanted_receipt));
        assert_eq!(receipt(&fresh.store, &wanted, after(64)).await, Some(wanted_receipt));
        assert_eq!(open(&fresh.store, &wanted, after(64)).await, None);
    }
}

/// Readers that come while another ends the secret get all of it or nothing.
pub async fn a_racing_attempt_sees_all_or_nothing(stores: &Stores) {
    let fresh = stores.fresh().await;
    for key in 0..50 {
        let wanted = record(key);
        put(&fresh.store, &wanted).await;
        let seen = race(|n| {
            let (store, wanted) = (fresh.store.clone(), wanted.clone());
            async move {
                if n == 32 {
                    settle(&store, &wanted, Ending::Burned, START).await.unwrap();
                }
                open(&store, &wanted, START).await
            }
        })
        .await;
        assert_eq!(seen[32], None, "whoever ended it finds it gone");
        assert!(seen.iter().flatten().all(|sealed| *sealed == wanted.sealed));
    }
}

/// One secret's ending is no other's.
pub async fn an_ending_touches_no_neighbour(stores: &Stores) {
    let fresh = stores.fresh().await;
    let all: Vec<_> = (0..50).map(record).collect();
    for secret in &all {
        put(&fresh.store, secret).await;
    }
    settle(&fresh.store, &all[25], Ending::Burned, START).await.unwrap();
    for (n, secret) in all.iter().enumerate() {
        let seen = open(&fresh.store, secret, START).await;
        assert_eq!(seen.as_ref(), (n != 25).then_some(&secret.sealed));
    }
}
