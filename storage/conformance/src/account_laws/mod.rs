//! The laws of an [`AccountStore`]. Each takes a harness, makes the stores it
//! needs, and panics on a breach.
//!
//! # Panics
//! Every law panics if it is breached, or if the machinery under the store fails.

mod domains;
mod tokens;

use std::sync::Arc;

use waxseal_core::store::{Account, AccountState, AccountStore};

use crate::Harness;
use crate::race::race;
use crate::sample::{account, account_id, token};

pub use domains::*;
pub use tokens::*;

type Stores = Harness<dyn AccountStore>;

/// What was added reads back, whole.
pub async fn an_added_account_is_whole(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 0..6 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    for n in 0..6 {
        let found = fresh.store.account(&account_id(n)).await.unwrap();
        assert_eq!(found, Some((account(n), vec![token(n)])));
    }
}

/// Of an account that never stood there is nothing to tell, and nothing fails over it.
pub async fn an_unknown_account_is_an_answer(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert_eq!(fresh.store.account(&account_id(1)).await.unwrap(), None);
    assert_eq!(fresh.store.accounts().await.unwrap(), []);
    assert!(!fresh.store.remove_account(&account_id(1)).await.unwrap());
}

/// A second account of one id is refused, and the first stays as it was.
pub async fn an_id_stands_once(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    let second = Account { id: account_id(1), ..account(2) };
    assert!(!fresh.store.add_account(second, token(2)).await.unwrap());
    assert_eq!(fresh.store.account(&account_id(1)).await.unwrap(), Some((account(1), vec![token(1)])));
    assert!(fresh.store.add_account(account(2), token(2)).await.unwrap(), "the refused token is free");
}

/// A token's digest stands once over all accounts; the refused account is not stored.
pub async fn a_digest_stands_once_over_all_accounts(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    assert!(!fresh.store.add_account(account(2), token(1)).await.unwrap());
    assert_eq!(fresh.store.account(&account_id(2)).await.unwrap(), None);
    assert_eq!(fresh.store.accounts().await.unwrap(), [account(1)]);
}

/// Accounts are listed by their age, oldest first.
pub async fn accounts_are_listed_oldest_first(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in [3, 1, 5, 2, 4] {
        // The oldest gets the greatest id, so that an order by id shows.
        let aged = Account { id: account_id(100 - n), ..account(n) };
        assert!(fresh.store.add_account(aged, token(n)).await.unwrap());
    }
    let listed = fresh.store.accounts().await.unwrap();
    let created: Vec<_> = listed.iter().map(|account| account.created).collect();
    assert_eq!(created, (1..=5).map(|n| account(n).created).collect::<Vec<_>>());
}

/// Removing takes the account and its tokens, and nobody else's; both may be added anew.
pub async fn a_removed_account_leaves_nothing(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    assert!(fresh.store.remove_account(&account_id(1)).await.unwrap());
    assert!(!fresh.store.remove_account(&account_id(1)).await.unwrap());
    assert_eq!(fresh.store.account(&account_id(1)).await.unwrap(), None);
    assert_eq!(fresh.store.accounts().await.unwrap(), [account(2)]);
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap(), "id and digest are free");
}

/// Of racing adds of one id one wins, and the account that stands is that one with its own token.
pub async fn one_of_racing_adds_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    for key in 0..20 {
        let outcomes =
            race(|n| {
                let n = 1_000 + u32::try_from(n).unwrap();
                let candidate = (Account { id: account_id(key), ..account(n) }, token(key * 1_000 + n));
                let store = Arc::clone(&fresh.store);
                async move {
                    (store.add_account(candidate.0.clone(), candidate.1.clone()).await.unwrap(), candidate)
                }
            })
            .await;
        let mut winners = outcomes.into_iter().filter(|(added, _)| *added);
        let (_, (account, token)) = winners.next().expect("one add wins");
        assert_eq!(winners.count(), 0, "no more than one add wins");
        let found = fresh.store.account(&account_id(key)).await.unwrap();
        assert_eq!(found, Some((account, vec![token])));
    }
}

/// Of racing adds of one token's digest under different ids one wins.
pub async fn one_of_racing_digests_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    let outcomes = race(|n| {
        let (store, n) = (Arc::clone(&fresh.store), u32::try_from(n).unwrap());
        async move { store.add_account(account(n), token(7)).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|added| **added).count(), 1);
    assert_eq!(fresh.store.accounts().await.unwrap().len(), 1);
}

/// Of racing removals of one account one wins.
pub async fn one_of_racing_removals_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    let outcomes = race(|_| {
        let store = Arc::clone(&fresh.store);
        async move { store.remove_account(&account_id(1)).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|removed| **removed).count(), 1);
}

/// Suspending, resuming and a change of plan change that and nothing else, of that account alone.
pub async fn state_and_plan_change_alone(stores: &Stores) {
    let fresh = stores.fresh().await;
    for n in 1..=2 {
        assert!(fresh.store.add_account(account(n), token(n)).await.unwrap());
    }
    for (state, plan) in
        [(AccountState::Suspended, "gold"), (AccountState::Active, ""), (account(1).state, "x")]
    {
        assert!(fresh.store.set_state(&account_id(1), state).await.unwrap());
        assert!(fresh.store.set_plan(&account_id(1), plan).await.unwrap());
        let changed = Account { state, plan: plan.to_owned(), ..account(1) };
        assert_eq!(fresh.store.account(&account_id(1)).await.unwrap(), Some((changed, vec![token(1)])));
    }
    assert_eq!(fresh.store.account(&account_id(2)).await.unwrap(), Some((account(2), vec![token(2)])));
}
