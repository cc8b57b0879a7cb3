//! Making a record: whole or not at all, once, and within the budget.

use waxseal_core::attempt::Guess;
use waxseal_core::id::RecordId;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created, MailState, Receipt, Record};

use super::settle::ENDINGS;
use super::sweep::sweep_all;
use super::{Fresh, Stores, attempt, bytes, front, holding, open, put, receipt, settle};
use crate::race::{RACERS, race};
use crate::sample::{LIFE, START, account_id, after, client, guarded, made, owned, record};

/// What was stored reads back, byte for byte, the moment `create` has answered.
pub async fn a_created_record_is_whole(stores: &Stores) {
    let account = account_id(1);
    let wanted = Record { mail: MailState::Queued, ..owned(1, account) };
    let fresh = holding(stores, &wanted).await;
    assert_eq!(open(&fresh.store, &wanted, START).await.as_ref(), Some(&wanted.sealed));
    assert_eq!(receipt(&fresh.store, &wanted, START).await, Some(expected(&wanted)));
    let recent = fresh.store.recent(&account, 10, START).await.unwrap();
    assert_eq!(recent, [expected(&wanted)]);
    assert_eq!(bytes(&fresh.store).await, wanted.stored_bytes());
}

/// The emptiest record and a very large one are as whole as any, under ids of any bytes.
pub async fn a_record_of_any_size_is_whole(stores: &Stores) {
    let fresh = stores.fresh().await;
    let mut least = Record { id: RecordId([0; 32]), info: Vec::new(), ..owned(1, account_id(1)) };
    least.sealed.body.clear();
    least.owner.as_mut().unwrap().own.clear();
    let mut largest = Record { id: RecordId([0xff; 32]), info: vec![7; 5_000], ..owned(2, account_id(2)) };
    largest.sealed.body = (0..3_000_000u32).map(|n| n.to_be_bytes()[3]).collect();
    for wanted in [least, largest] {
        assert_eq!(put(&fresh.store, &wanted).await, Created::Fresh);
        assert!(open(&fresh.store, &wanted, START).await == Some(wanted.sealed.clone()));
        assert_eq!(receipt(&fresh.store, &wanted, START).await, Some(expected(&wanted)));
        let before = bytes(&fresh.store).await;
        settle(&fresh.store, &wanted, Ending::Received, START).await.unwrap();
        assert_eq!(before - bytes(&fresh.store).await, sealed_bytes(&wanted));
    }
}

/// A second record of the same id is refused, and nothing of it seeps into the first.
pub async fn taken_leaves_the_first_untouched(stores: &Stores) {
    let first = record(1);
    let second = Record { id: first.id, mail: MailState::Sent, ..owned(2, account_id(2)) };
    let fresh = holding(stores, &first).await;
    assert_eq!(put(&fresh.store, &second).await, Created::Taken);
    assert_eq!(open(&fresh.store, &first, START).await.as_ref(), Some(&first.sealed));
    assert_eq!(receipt(&fresh.store, &first, START).await, Some(expected(&first)));
    assert_eq!(fresh.store.recent(&account_id(2), 10, START).await.unwrap(), []);
    assert_eq!(bytes(&fresh.store).await, first.stored_bytes());

    settle(&fresh.store, &first, Ending::Received, START).await.unwrap();
    assert_eq!(put(&fresh.store, &second).await, Created::Taken, "an ended secret keeps its id");
    assert_eq!(open(&fresh.store, &first, START).await, None);
}

/// Of racing creates of one id one is fresh, and the record that stands is that one, whole.
pub async fn one_of_racing_creates_is_fresh(stores: &Stores) {
    let fresh = stores.fresh().await;
    for key in 0..20 {
        let candidates: Vec<_> = (0..RACERS)
            .map(|n| Record { id: record(key).id, ..record(1_000 + u32::try_from(n).unwrap()) })
            .collect();
        let outcomes = race(|n| {
            let (store, candidate) = (fresh.store.clone(), candidates[n].clone());
            async move { (put(&store, &candidate).await, candidate) }
        })
        .await;
        let winners: Vec<_> = outcomes.iter().filter(|(created, _)| *created == Created::Fresh).collect();
        assert_eq!(winners.len(), 1, "one create wins");
        assert!(outcomes.iter().all(|(created, _)| *created != Created::Full));
        let winner = &winners[0].1;
        assert_eq!(open(&fresh.store, winner, START).await.as_ref(), Some(&winner.sealed));
        assert_eq!(receipt(&fresh.store, winner, START).await, Some(expected(winner)));
    }
}

/// When the budget is spent, `create` says so, stores nothing, and every secret that stands goes on.
pub async fn a_full_store_refuses_and_evicts_nothing(stores: &Stores) {
    let standing: Vec<_> = (0..8).map(record).collect();
    let budget = standing.iter().map(Record::stored_bytes).sum();
    let fresh = stores.bounded(budget).await;
    for secret in &standing {
        assert_eq!(put(&fresh.store, secret).await, Created::Fresh);
    }
    let late = owned(100, account_id(1));
    assert_eq!(put(&fresh.store, &late).await, Created::Full);
    assert_eq!(receipt(&fresh.store, &late, START).await, None);
    assert_eq!(open(&fresh.store, &late, START).await, None);
    assert_eq!(fresh.store.recent(&account_id(1), 10, START).await.unwrap(), []);
    for secret in &standing {
        assert_eq!(open(&fresh.store, secret, START).await.as_ref(), Some(&secret.sealed));
    }
    assert_eq!(bytes(&fresh.store).await, budget);
}

/// An ending gives the bytes of lock and body back to the budget.
pub async fn an_ending_makes_room(stores: &Stores) {
    for (ending, _) in ENDINGS {
        let (fresh, first, second) = full(stores).await;
        settle(&fresh.store, &first, ending, START).await.unwrap();
        assert_eq!(put(&fresh.store, &second).await, Created::Fresh);
    }
}

/// Once they are swept, so do the expired, and the forgotten give back the rest.
pub async fn expiry_makes_room(stores: &Stores) {
    let (fresh, first, second) = full(stores).await;
    sweep_all(&fresh.store, 100, first.sealed.expires).await;
    let second = made(second, first.sealed.expires, LIFE);
    assert_eq!(put(&fresh.store, &second).await, Created::Fresh);
    let third = made(record(3), second.forgotten(), LIFE);
    assert_eq!(put(&fresh.store, &third).await, Created::Full);
    sweep_all(&fresh.store, 100, second.forgotten()).await;
    assert_eq!(put(&fresh.store, &third).await, Created::Fresh);
    assert_eq!(bytes(&fresh.store).await, third.stored_bytes());
}

/// A store that holds one secret, that secret, and another for which there will
/// be room once the first has given back lock and body.
async fn full(stores: &Stores) -> (Fresh, Record, Record) {
    let (first, second) = (record(1), record(2));
    let receipt = first.stored_bytes() - sealed_bytes(&first);
    let fresh = stores.bounded(receipt + second.stored_bytes()).await;
    assert_eq!(put(&fresh.store, &first).await, Created::Fresh);
    assert_eq!(put(&fresh.store, &second).await, Created::Full);
    (fresh, first, second)
}

/// However many create at once, what stands never counts more than the budget,
/// and a budget with room for so many is used.
pub async fn racing_creates_keep_to_the_budget(stores: &Stores) {
    let room_for = 10;
    let alike = |n: usize| Record { id: record(u32::try_from(n).unwrap()).id, ..record(7) };
    let budget = room_for * alike(0).stored_bytes();
    let fresh = stores.bounded(budget).await;
    let outcomes = race(|n| {
        let (store, candidate) = (fresh.store.clone(), alike(n));
        async move { put(&store, &candidate).await }
    })
    .await;
    let made = outcomes.iter().filter(|created| **created == Created::Fresh).count() as u64;
    assert_eq!(made, room_for);
    assert_eq!(bytes(&fresh.store).await, budget);
}

/// Of an id that never stood there is nothing to tell, and no method fails over it.
pub async fn an_unknown_id_is_an_answer(stores: &Stores) {
    let fresh = holding(stores, &record(1)).await;
    let (store, stranger) = (&fresh.store, guarded(2));
    assert_eq!(front(store, &stranger, START).await, None);
    for guess in [Guess::None(client(0)), Guess::Open(client(0)), Guess::Burn(client(0))] {
        assert_eq!(attempt(store, &stranger, guess, START).await, Attempt::Gone);
    }
    for ending in [Ending::Received, Ending::Burned] {
        assert_eq!(settle(store, &stranger, ending, START).await, None);
    }
    assert_eq!(receipt(store, &stranger, START).await, None);
    assert_eq!(store.recent(&account_id(9), 10, START).await.unwrap(), []);
    store.note_mail(&stranger.id, MailState::Sent, START).await.unwrap();
    assert_eq!(receipt(store, &stranger, START).await, None, "a note makes no record");
    let front = store.front(&record(1).id, client(0), &AttemptPolicy::default(), after(1)).await;
    assert!(front.unwrap().is_some(), "the neighbour is not touched");
}

/// The receipt of a new record.
pub(super) fn expected(record: &Record) -> Receipt {
    Receipt {
        id: record.id,
        created: record.sealed.created,
        updated: record.sealed.created,
        expires: record.sealed.expires,
        state: State::New,
        kind: record.sealed.kind,
        passphrase_required: record.sealed.passphrase_required,
        mail: record.mail,
        info: record.info.clone(),
        own: record.owner.as_ref().map(|owner| owner.own.clone()),
    }
}

/// What an ending gives back of a record's bytes.
pub(super) fn sealed_bytes(record: &Record) -> u64 {
    (waxseal_core::store::LOCK_BYTES + record.sealed.body.len()) as u64
}
