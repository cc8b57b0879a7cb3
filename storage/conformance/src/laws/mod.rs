//! The laws of a [`Store`]. Each takes a harness, makes the stores it needs, and
//! panics on a breach.
//!
//! # Panics
//! Every law panics if it is breached, or if the machinery under the store fails.

mod agreement;
mod attempt;
mod create;
mod dropped;
mod expiry;
mod mail;
mod recent;
mod settle;
mod standing;
mod sweep;

pub use agreement::*;
pub use attempt::*;
pub use create::*;
pub use dropped::*;
pub use expiry::*;
pub use mail::*;
pub use recent::*;
pub use settle::*;
pub use standing::*;
pub use sweep::*;

use std::sync::Arc;

use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{Attempt, Created, Front, Receipt, Record, Sealed, Store};
use waxseal_core::time::Timestamp;

use crate::sample::client;
use crate::{Harness, Subject};

type Stores = Harness<dyn Store>;
type Fresh = Subject<dyn Store>;
type AnyStore = Arc<dyn Store>;

/// Stores `record` at the moment it was made.
async fn put(store: &AnyStore, record: &Record) -> Created {
    store.create(record.clone(), record.sealed.created).await.unwrap()
}

/// An empty store with `record` in it.
async fn holding(stores: &Stores, record: &Record) -> Fresh {
    let fresh = stores.fresh().await;
    assert_eq!(put(&fresh.store, record).await, Created::Fresh);
    fresh
}

/// What opening without a passphrase hands out.
async fn open(store: &AnyStore, record: &Record, now: Timestamp) -> Option<Sealed> {
    match attempt(store, record, Guess::None(client(0)), now).await {
        Attempt::Granted { sealed, .. } => Some(sealed),
        Attempt::Gone | Attempt::LockedOut { .. } => None,
    }
}

async fn attempt(store: &AnyStore, record: &Record, guess: Guess, now: Timestamp) -> Attempt {
    store.attempt(&record.id, guess, &AttemptPolicy::default(), now).await.unwrap()
}

async fn front(store: &AnyStore, record: &Record, now: Timestamp) -> Option<Front> {
    store.front(&record.id, client(0), &AttemptPolicy::default(), now).await.unwrap()
}

async fn settle(store: &AnyStore, record: &Record, ending: Ending, now: Timestamp) -> Option<Receipt> {
    store.settle(&record.id, ending, now).await.unwrap()
}

async fn receipt(store: &AnyStore, record: &Record, now: Timestamp) -> Option<Receipt> {
    store.receipt(&record.id, now).await.unwrap()
}

async fn bytes(store: &AnyStore) -> u64 {
    store.usage().await.unwrap().bytes
}
