//! The clock: `now` is compared at every read, and nothing lengthens a life.

use waxseal_core::attempt::Guess;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created, MailState, Record};
use waxseal_core::time::{Timestamp, Ttl};

use super::{Stores, attempt, front, holding, open, put, receipt, settle};
use crate::sample::{LIFE, START, account_id, after, client, guarded, made, owned, record};

/// A second before it expires a secret is whole; at the very second every read refuses, swept or not.
pub async fn reads_at_the_second_of_expiry_refuse(stores: &Stores) {
    for swept in [false, true] {
        let wanted = guarded(1);
        let fresh = holding(stores, &wanted).await;
        let (last, expired) = (after(LIFE.secs() - 1), after(LIFE.secs()));
        assert!(front(&fresh.store, &wanted, last).await.is_some());
        assert_eq!(open(&fresh.store, &wanted, last).await.as_ref(), Some(&wanted.sealed));
        if swept {
            fresh.store.sweep(100, expired).await.unwrap();
        }
        assert_eq!(front(&fresh.store, &wanted, expired).await, None);
        for guess in [Guess::None(client(0)), Guess::Open(client(0)), Guess::Burn(client(0))] {
            assert_eq!(attempt(&fresh.store, &wanted, guess, expired).await, Attempt::Gone);
        }
    }
}

/// In its last second a secret can still be ended; from the next on it cannot, and stays expired.
pub async fn an_ending_after_expiry_loses(stores: &Stores) {
    for ending in [Ending::Received, Ending::Burned] {
        let (timely, late) = (record(1), record(2));
        let fresh = holding(stores, &timely).await;
        put(&fresh.store, &late).await;
        assert!(settle(&fresh.store, &timely, ending, after(LIFE.secs() - 1)).await.is_some());
        assert_eq!(settle(&fresh.store, &late, ending, after(LIFE.secs())).await, None);
        assert_eq!(settle(&fresh.store, &late, ending, after(LIFE.secs() + 1)).await, None);
        let told = receipt(&fresh.store, &late, after(LIFE.secs() + 1)).await.unwrap();
        assert_eq!((told.state, told.updated), (State::Expired, START));
    }
}

/// What a receipt says at every corner of a secret's three stretches of life,
/// however it ended, whether or not a sweep came by.
pub async fn a_receipt_follows_the_clock(stores: &Stores) {
    for swept in [false, true] {
        for ending in [None, Some(Ending::Received), Some(Ending::Burned)] {
            let wanted = record(1);
            let fresh = holding(stores, &wanted).await;
            if let Some(ending) = ending {
                settle(&fresh.store, &wanted, ending, START).await.unwrap();
            }
            for (now, past) in corners(&wanted) {
                if swept {
                    fresh.store.sweep(100, now).await.unwrap();
                }
                let told = receipt(&fresh.store, &wanted, now).await.map(|receipt| receipt.state);
                assert_eq!(told, state_after(ending, past), "{ending:?} at {now:?}, swept: {swept}");
            }
        }
    }
}

/// Looks, guesses, mail notes, refused creates and endings leave expiry and the
/// end of the receipt where they were.
pub async fn nothing_lengthens_a_life(stores: &Stores) {
    for ending in [None, Some(Ending::Received), Some(Ending::Burned)] {
        let wanted = guarded(1);
        let fresh = holding(stores, &wanted).await;
        let last = after(LIFE.secs() - 1);
        open(&fresh.store, &wanted, last).await;
        attempt(&fresh.store, &wanted, Guess::Open(client(0)), last).await;
        attempt(&fresh.store, &wanted, Guess::Burn(client(0)), last).await;
        fresh.store.note_mail(&wanted.id, MailState::Queued, last).await.unwrap();
        let longer = made(wanted.clone(), last, Ttl::days(7));
        assert_eq!(put(&fresh.store, &longer).await, Created::Taken);
        if let Some(ending) = ending {
            settle(&fresh.store, &wanted, ending, last).await.unwrap();
        }
        let told = receipt(&fresh.store, &wanted, last).await.unwrap();
        assert_eq!((told.created, told.expires), (START, wanted.sealed.expires));
        assert_eq!(open(&fresh.store, &wanted, wanted.sealed.expires).await, None);
        assert!(receipt(&fresh.store, &wanted, before(wanted.forgotten())).await.is_some());
        assert_eq!(receipt(&fresh.store, &wanted, wanted.forgotten()).await, None);
    }
}

/// Once a receipt's time is over nothing answers to its id, though no sweep came by.
pub async fn a_forgotten_receipt_is_gone_unswept(stores: &Stores) {
    let account = account_id(1);
    let wanted = owned(1, account);
    let fresh = holding(stores, &wanted).await;
    let now = wanted.forgotten();
    fresh.store.note_mail(&wanted.id, MailState::Sent, now).await.unwrap();
    assert_eq!(receipt(&fresh.store, &wanted, now).await, None);
    assert_eq!(fresh.store.recent(&account, 10, now).await.unwrap(), []);
    assert_eq!(front(&fresh.store, &wanted, now).await, None);
    assert_eq!(open(&fresh.store, &wanted, now).await, None);
    assert_eq!(settle(&fresh.store, &wanted, Ending::Burned, now).await, None);
}

/// Which stretch of a secret's life a moment lies in.
#[derive(Clone, Copy)]
enum Past {
    Nothing,
    Expiry,
    Receipt,
}

fn corners(record: &Record) -> [(Timestamp, Past); 6] {
    let (expires, forgotten) = (record.sealed.expires, record.forgotten());
    [
        (START, Past::Nothing),
        (before(expires), Past::Nothing),
        (expires, Past::Expiry),
        (before(forgotten), Past::Expiry),
        (forgotten, Past::Receipt),
        (forgotten.plus(Ttl::days(1)), Past::Receipt),
    ]
}

fn state_after(ending: Option<Ending>, past: Past) -> Option<State> {
    match (past, ending) {
        (Past::Receipt, _) => None,
        (_, Some(Ending::Received)) => Some(State::Received),
        (_, Some(Ending::Burned)) => Some(State::Burned),
        (Past::Nothing, None) => Some(State::New),
        (Past::Expiry, None) => Some(State::Expired),
    }
}

fn before(moment: Timestamp) -> Timestamp {
    Timestamp::from_secs(moment.secs() - 1)
}
