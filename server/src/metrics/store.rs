//! A store that is watched: how long it takes, and how it fails.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use waxseal_core::attempt::Guess;
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{
    Attempt, Check, Created, Front, MailState, Receipt, Record, Store, StoreError, Swept, Usage,
};
use waxseal_core::time::Timestamp;

use super::Metrics;

/// Another store, and where its figures go.
#[derive(Debug)]
pub(super) struct Metered {
    pub(super) store: Arc<dyn Store>,
    pub(super) metrics: Arc<Metrics>,
}

impl Metered {
    async fn timed<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let done = work.await;
        self.metrics.stored(operation, start.elapsed(), done.as_ref().err());
        done
    }
}

#[async_trait]
impl Store for Metered {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        self.timed("create", self.store.create(record, now)).await
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        self.timed("front", self.store.front(id, client, policy, now)).await
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let answer = self.timed("attempt", self.store.attempt(id, guess, policy, now)).await;
        if let Ok(answer) = &answer {
            self.metrics.attempted(guess, answer);
        }
        answer
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        self.timed("settle", self.store.settle(id, ending, now)).await
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        self.timed("receipt", self.store.receipt(id, now)).await
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.timed("recent", self.store.recent(account, limit, now)).await
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        self.timed("note_mail", self.store.note_mail(id, mail, now)).await
    }

    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        self.timed("sweep", self.store.sweep(limit, now)).await
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        self.timed("bind", self.store.bind(check)).await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.timed("usage", self.store.usage()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.timed("ping", self.store.ping()).await
    }
}
