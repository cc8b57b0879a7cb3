//! A store that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use waxseal_core::attempt::Guess;
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{
    Attempt, Check, Created, Front, MailState, Receipt, Record, Store, StoreError, Swept, Usage,
};
use waxseal_core::time::Timestamp;
use waxseal_memory::MemoryStore;

/// What happens to whoever asks.
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(u8)]
pub(crate) enum Mood {
    Well,
    /// Nothing can be reached.
    Away,
    /// It ends a secret, but the answer never comes back.
    Silent,
    /// What stands there can't be read.
    Damaged,
}

#[derive(Debug)]
pub(crate) struct Moody {
    store: MemoryStore,
    mood: AtomicU8,
}

impl Moody {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { store: MemoryStore::default(), mood: AtomicU8::new(Mood::Well as u8) })
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::Relaxed);
    }

    fn is(&self, mood: Mood) -> bool {
        self.mood.load(Ordering::Relaxed) == mood as u8
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is(Mood::Away) {
            return Err(StoreError::Unavailable("away".into()));
        }
        if self.is(Mood::Damaged) { Err(StoreError::Damaged("damaged".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for Moody {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        self.check()?;
        self.store.create(record, now).await
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        self.check()?;
        self.store.front(id, client, policy, now).await
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        self.check()?;
        self.store.attempt(id, guess, policy, now).await
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        self.check()?;
        let settled = self.store.settle(id, ending, now).await;
        if self.is(Mood::Silent) { Err(StoreError::Unconfirmed("silent".into())) } else { settled }
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        self.check()?;
        self.store.receipt(id, now).await
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.store.recent(account, limit, now).await
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        self.store.note_mail(id, mail, now).await
    }

    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        self.store.sweep(limit, now).await
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        self.store.bind(check).await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.store.usage().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.check()
    }
}
