//! Futures that are dropped halfway, as a closed connection drops a handler's:
//! the operation is done whole, or not at all.

use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created};

use super::create::{expected, sealed_bytes};
use super::{Stores, attempt, bytes, front, holding, open, put, receipt, settle};
use crate::race::drop_after;
use crate::sample::{START, account_id, after, client, guarded, owned, record};

/// How far a future is let run before it is dropped: more than any store needs
/// for one step, so that the last rounds see it finish.
const POLLS: usize = 8;

/// A dropped create left the whole record or none: a second create of the same
/// record finds out which, and then all of it stands.
pub async fn a_dropped_create_is_whole_or_nothing(stores: &Stores) {
    for polls in 0..POLLS {
        let fresh = stores.fresh().await;
        let wanted = owned(1, account_id(1));
        drop_after(polls, fresh.store.create(wanted.clone(), START)).await;
        let again = put(&fresh.store, &wanted).await;
        assert!(matches!(again, Created::Fresh | Created::Taken));
        let sealed = open(&fresh.store, &wanted, START).await;
        assert_eq!(sealed.as_ref(), Some(&wanted.sealed), "after {polls} polls: {again:?}");
        assert_eq!(receipt(&fresh.store, &wanted, START).await, Some(expected(&wanted)));
        let recent = fresh.store.recent(&account_id(1), 10, START).await.unwrap();
        assert_eq!(recent, [expected(&wanted)], "after {polls} polls: {again:?}");
        assert_eq!(bytes(&fresh.store).await, wanted.stored_bytes());
    }
}

/// A dropped create that did not happen holds no part of the budget.
pub async fn a_dropped_create_keeps_no_bytes(stores: &Stores) {
    let wanted = record(1);
    let fresh = stores.bounded(wanted.stored_bytes()).await;
    for polls in (0..POLLS).cycle().take(4 * POLLS) {
        drop_after(polls, fresh.store.create(wanted.clone(), START)).await;
    }
    assert_ne!(put(&fresh.store, &wanted).await, Created::Full);
    assert_eq!(open(&fresh.store, &wanted, START).await.as_ref(), Some(&wanted.sealed));
}

/// A dropped settle ended the secret whole or left it whole: a second one finds out which.
pub async fn a_dropped_settle_is_whole_or_nothing(stores: &Stores) {
    for polls in 0..POLLS {
        let wanted = record(1);
        let fresh = holding(stores, &wanted).await;
        drop_after(polls, fresh.store.settle(&wanted.id, Ending::Received, after(1))).await;
        let second = settle(&fresh.store, &wanted, Ending::Burned, after(2)).await;
        let ended = if second.is_some() { (State::Burned, after(2)) } else { (State::Received, after(1)) };
        let told = receipt(&fresh.store, &wanted, after(3)).await.unwrap();
        assert_eq!((told.state, told.updated), ended, "after {polls} polls");
        assert_eq!(open(&fresh.store, &wanted, after(3)).await, None);
        assert_eq!(bytes(&fresh.store).await, wanted.stored_bytes() - sealed_bytes(&wanted));
    }
}

/// A dropped guess was counted once or not at all, and leaves the secret as it was.
pub async fn a_dropped_guess_counts_once_at_most(stores: &Stores) {
    for polls in 0..POLLS {
        let wanted = guarded(1);
        let fresh = holding(stores, &wanted).await;
        let (policy, guess) = (AttemptPolicy::default(), Guess::Open(client(0)));
        drop_after(polls, fresh.store.attempt(&wanted.id, guess, &policy, START)).await;
        let Attempt::Granted { sealed, remaining } = attempt(&fresh.store, &wanted, guess, START).await
        else {
            panic!("a second guess is heard");
        };
        assert!(sealed == wanted.sealed && (3..=4).contains(&remaining));
        // The dropped one may still be on its way, and land between these two.
        let left = front(&fresh.store, &wanted, START).await.unwrap().remaining;
        assert!((3..=remaining).contains(&left), "after {polls} polls: {left} of {remaining}");
    }
}
