//! Custom domains of accounts: add, list, remove.

use std::sync::Arc;

use waxseal_core::domain::Domain;
use waxseal_core::store::{AccountStore, DomainChange};

use super::Stores;
use crate::race::race;
use crate::sample::{account, account_id, domain, token};

/// What was added reads back, whole, in the order of the hosts.
pub async fn an_added_domain_is_whole(stores: &Stores) {
    let fresh = stores.fresh().await;
    assert_eq!(fresh.store.domains().await.unwrap(), []);
    add_accounts(&*fresh.store, 2).await;
    for n in [4, 1, 6, 3, 2, 5] {
        assert_eq!(fresh.store.add_domain(domain(n, 1 + n % 2)).await.unwrap(), DomainChange::Done);
    }
    let expected: Vec<Domain> = (1..=6).map(|n| domain(n, 1 + n % 2)).collect();
    assert_eq!(fresh.store.domains().await.unwrap(), expected);
}

/// A host stands once over all accounts, and the first stays as it was. Another port
/// is another host, and so is another name that begins or ends with it.
pub async fn a_host_stands_once_over_all_accounts(stores: &Stores) {
    let fresh = stores.fresh().await;
    add_accounts(&*fresh.store, 2).await;
    assert_eq!(fresh.store.add_domain(domain(1, 1)).await.unwrap(), DomainChange::Done);
    for owner in 1..=2 {
        let second = Domain { host: domain(1, 1).host, ..domain(6, owner) };
        assert_eq!(fresh.store.add_domain(second).await.unwrap(), DomainChange::Taken);
    }
    assert_eq!(fresh.store.domains().await.unwrap(), [domain(1, 1)]);
    let others = ["d001.example", "d001.example:844", "d001.example:84430", "x.d001.example:8443"];
    for host in others {
        let other = Domain { host: host.to_owned(), ..domain(1, 2) };
        assert_eq!(fresh.store.add_domain(other).await.unwrap(), DomainChange::Done, "{host}");
    }
    assert_eq!(fresh.store.domains().await.unwrap().len(), 5);
}

/// A domain of an account that is not there is refused, and nothing is left behind.
pub async fn an_unknown_account_gets_no_domain(stores: &Stores) {
    let fresh = stores.fresh().await;
    add_accounts(&*fresh.store, 1).await;
    assert_eq!(fresh.store.add_domain(domain(1, 2)).await.unwrap(), DomainChange::Unknown);
    assert_eq!(fresh.store.domains().await.unwrap(), []);
    assert_eq!(fresh.store.add_domain(domain(1, 1)).await.unwrap(), DomainChange::Done, "the host is free");
    assert_eq!(
        fresh.store.add_domain(domain(1, 2)).await.unwrap(),
        DomainChange::Unknown,
        "that there is no such account is told first"
    );
}

/// Removing takes that host and no other, and it may be added anew, by another account.
pub async fn a_removed_domain_leaves_nothing(stores: &Stores) {
    let fresh = stores.fresh().await;
    add_accounts(&*fresh.store, 2).await;
    for n in 1..=3 {
        assert_eq!(fresh.store.add_domain(domain(n, 1)).await.unwrap(), DomainChange::Done);
    }
    for absent in ["d002.example", "D002.example:8443", ""] {
        assert!(!fresh.store.remove_domain(absent).await.unwrap(), "{absent}");
    }
    assert!(fresh.store.remove_domain(&domain(2, 1).host).await.unwrap());
    assert!(!fresh.store.remove_domain(&domain(2, 1).host).await.unwrap());
    assert_eq!(fresh.store.domains().await.unwrap(), [domain(1, 1), domain(3, 1)]);
    assert_eq!(fresh.store.add_domain(domain(2, 2)).await.unwrap(), DomainChange::Done);
    assert_eq!(fresh.store.domains().await.unwrap(), [domain(1, 1), domain(2, 2), domain(3, 1)]);
}

/// An account takes its domains with it, and nobody else's: one that comes by the same
/// name later finds none.
pub async fn a_removed_account_takes_its_domains(stores: &Stores) {
    let fresh = stores.fresh().await;
    add_accounts(&*fresh.store, 2).await;
    for (n, owner) in [(1, 1), (2, 2), (3, 1)] {
        assert_eq!(fresh.store.add_domain(domain(n, owner)).await.unwrap(), DomainChange::Done);
    }
    assert!(fresh.store.remove_account(&account_id(1)).await.unwrap());
    assert_eq!(fresh.store.domains().await.unwrap(), [domain(2, 2)]);
    assert!(fresh.store.add_account(account(1), token(1)).await.unwrap());
    assert_eq!(fresh.store.domains().await.unwrap(), [domain(2, 2)]);
    assert_eq!(fresh.store.add_domain(domain(1, 2)).await.unwrap(), DomainChange::Done, "the host is free");
}

/// Of racing adds of one host one is done, and the domain that stands is that one.
pub async fn one_of_racing_domains_wins(stores: &Stores) {
    let fresh = stores.fresh().await;
    add_accounts(&*fresh.store, 3).await;
    for key in 0..20 {
        let host = format!("raced{key}.example");
        let outcomes = race(|n| {
            let n = u32::try_from(n).unwrap();
            let candidate = Domain { host: host.clone(), ..domain(n, 1 + n % 3) };
            let store = Arc::clone(&fresh.store);
            async move { (store.add_domain(candidate.clone()).await.unwrap(), candidate) }
        })
        .await;
        let mut winners = outcomes.into_iter().filter(|(change, _)| *change == DomainChange::Done);
        let (_, winner) = winners.next().expect("one add wins");
        assert_eq!(winners.count(), 0, "no more than one add wins");
        let standing = fresh.store.domains().await.unwrap();
        assert_eq!(standing.into_iter().find(|domain| domain.host == host), Some(winner));
    }
}

/// Racing adds of different hosts all stand, and of racing removals of one host one wins.
pub async fn no_racing_domain_is_lost(stores: &Stores) {
    let fresh = stores.fresh().await;
    add_accounts(&*fresh.store, 1).await;
    let added = race(|n| {
        let (store, n) = (Arc::clone(&fresh.store), u32::try_from(n).unwrap());
        async move { store.add_domain(domain(n, 1)).await.unwrap() }
    })
    .await;
    assert!(added.iter().all(|change| *change == DomainChange::Done));
    assert_eq!(fresh.store.domains().await.unwrap().len(), added.len());
    let removed = race(|_| {
        let store = Arc::clone(&fresh.store);
        async move { store.remove_domain(&domain(0, 1).host).await.unwrap() }
    })
    .await;
    assert_eq!(removed.iter().filter(|removed| **removed).count(), 1);
    assert_eq!(fresh.store.domains().await.unwrap().len(), added.len() - 1);
}

/// While an account is removed, domains are added to it: none of them outlives it.
pub async fn no_domain_outlives_a_racing_removal(stores: &Stores) {
    let fresh = stores.fresh().await;
    for round in 1..=20 {
        assert!(fresh.store.add_account(account(round), token(round)).await.unwrap());
        race(|n| {
            let (store, n) = (Arc::clone(&fresh.store), u32::try_from(n).unwrap());
            async move {
                if n == 0 {
                    assert!(store.remove_account(&account_id(round)).await.unwrap());
                } else {
                    store.add_domain(domain(n, round)).await.unwrap();
                }
            }
        })
        .await;
        assert_eq!(fresh.store.domains().await.unwrap(), [], "round {round}");
    }
}

/// The accounts 1 to `count`.
async fn add_accounts(store: &dyn AccountStore, count: u32) {
    for n in 1..=count {
        assert!(store.add_account(account(n), token(n)).await.unwrap());
    }
}
