//! Stores that are broken on purpose, each in the way that stores are broken in
//! earnest: the proof that the laws catch it.
//!
//! A law suite is worth what it refuses. Whoever adds a law can run it against
//! these, and against the sound store they are broken from.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::task::yield_now;
use waxseal_core::attempt::{Attempts, Guess};
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, Stored};
use waxseal_core::store::{
    Attempt, Check, Created, Front, MailState, Receipt, Record, Store, StoreError, Swept, Usage,
};
use waxseal_core::time::Timestamp;

use crate::model::{Entry, Model};

/// In which way a store is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// `settle` reads, decides, and writes in a later step: two readers win.
    GetThenDelete,
    /// Reads trust the sweep to take away what has expired.
    NoExpiryCheck,
    /// `attempt` decides on the count it read and writes its own a step later:
    /// racing guesses are lost count of.
    CountAfterCheck,
    /// `create` writes the receipt in one step and the content in the next: a
    /// dropped call leaves half.
    PartialWrite,
    /// An ending marks the record and keeps lock and body.
    BodyKept,
    /// A note about a message writes the record anew, and drops the guesses.
    GuessesForgotten,
    /// What the sweep forgets is not given back to the budget.
    BudgetLeak,
}

/// One Mutex around the model: a store without a fault, or with one.
#[derive(Debug)]
pub struct FaultyStore {
    model: Mutex<Model>,
    fault: Option<Fault>,
}

impl FaultyStore {
    /// A store that keeps every law, within a budget of bytes (0: none).
    #[must_use]
    pub fn sound(budget: u64) -> Self {
        Self { model: Mutex::new(Model::new(budget)), fault: None }
    }

    /// A store that is sound but for one fault.
    #[must_use]
    pub fn with(fault: Fault, budget: u64) -> Self {
        Self { fault: Some(fault), ..Self::sound(budget) }
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of a record to decide on, as one reads it before a write that comes too late.
    fn copy(&self, id: &RecordId) -> Option<Entry> {
        self.model().entry(id).cloned()
    }

    /// The `now` that a read compares with: never past the last second of a
    /// secret's life where expiry is not checked.
    fn compared(&self, id: &RecordId, now: Timestamp) -> Timestamp {
        match self.copy(id) {
            Some(entry) if self.fault == Some(Fault::NoExpiryCheck) => {
                now.min(Timestamp::from_secs(entry.record.sealed.expires.secs() - 1))
            }
            _ => now,
        }
    }

    async fn create_in_two_steps(&self, record: Record, now: Timestamp) -> Created {
        let id = record.id;
        let created = self.model().create(record, now);
        if created == Created::Fresh {
            self.set_sealed(&id, false);
            yield_now().await;
            self.set_sealed(&id, true);
        }
        created
    }

    fn set_sealed(&self, id: &RecordId, sealed: bool) {
        if let Some(entry) = self.model().entry(id) {
            entry.sealed = sealed;
        }
    }

    async fn attempt_on_a_copy(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Attempt {
        let Some(mut copy) = self.copy(id) else {
            return Attempt::Gone;
        };
        let answer = copy.attempt(guess, policy, now);
        yield_now().await;
        if let Some(entry) = self.model().entry(id) {
            entry.attempts = copy.attempts;
        }
        answer
    }

    async fn settle_on_a_copy(&self, id: &RecordId, ending: Ending, now: Timestamp) -> Option<Receipt> {
        let mut copy = self.copy(id)?;
        let told = copy.settle(ending, now)?;
        yield_now().await;
        *self.model().entry(id)? = copy;
        Some(told)
    }

    fn settle_and_keep_the_body(&self, id: &RecordId, ending: Ending, now: Timestamp) -> Option<Receipt> {
        let mut model = self.model();
        let entry = model.entry(id)?;
        let told = entry.settle(ending, now)?;
        entry.sealed = entry.state != Stored::New;
        Some(told)
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        Ok(match self.fault {
            Some(Fault::PartialWrite) => self.create_in_two_steps(record, now).await,
            _ => self.model().create(record, now),
        })
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        let now = self.compared(id, now);
        Ok(self.model().entry(id).and_then(|entry| entry.front(client, policy, now)))
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        if self.fault == Some(Fault::CountAfterCheck) {
            return Ok(self.attempt_on_a_copy(id, guess, policy, now).await);
        }
        let now = self.compared(id, now);
        Ok(self.model().entry(id).map_or(Attempt::Gone, |entry| entry.attempt(guess, policy, now)))
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        let now = self.compared(id, now);
        Ok(match self.fault {
            Some(Fault::GetThenDelete) => self.settle_on_a_copy(id, ending, now).await,
            Some(Fault::BodyKept) => self.settle_and_keep_the_body(id, ending, now),
            _ => self.model().entry(id).and_then(|entry| entry.settle(ending, now)),
        })
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        Ok(self.model().receipt(id, now))
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        Ok(self.model().recent(account, limit, now))
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        let mut model = self.model();
        model.note_mail(id, mail, now);
        if self.fault == Some(Fault::GuessesForgotten)
            && let Some(entry) = model.entry(id)
        {
            entry.attempts = Attempts::default();
        }
        Ok(())
    }

    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        let mut model = self.model();
        let before = model.usage().bytes;
        let swept = model.sweep(limit, now);
        if self.fault == Some(Fault::BudgetLeak) && swept.forgotten > 0 {
            let freed = before - model.usage().bytes;
            model.shrink_budget(freed);
        }
        Ok(swept)
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        Ok(self.model().bind(check))
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        Ok(self.model().usage())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
