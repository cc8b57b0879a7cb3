//! A store over one map behind one lock: the least that keeps every law. What a
//! real one does in a transaction, this one does while it holds the lock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State, Stored};
use waxseal_core::store::{
    Attempt, Check, Created, Front, LOCK_BYTES, Lock, MailState, RECENT_REACH, Receipt, Record, Sealed,
    Store, StoreError, Swept, Usage,
};
use waxseal_core::time::Timestamp;

/// Everything, behind one lock.
#[derive(Debug)]
pub(crate) struct OneMap {
    budget: u64,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    rows: BTreeMap<RecordId, Row>,
    check: Option<Check>,
}

/// One record as it stands. `content` is what must be gone once the secret ends.
#[derive(Debug)]
struct Row {
    /// All but the content, which is taken out of it.
    rest: Record,
    content: Option<Sealed>,
    attempts: Attempts,
    state: Stored,
    updated: Timestamp,
    mail_noted: Timestamp,
}

impl OneMap {
    /// An empty store for so many bytes; 0 for no bound.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, inside: Mutex::default() }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn bytes(&self) -> u64 {
        self.rows.values().map(Row::stored_bytes).sum()
    }
}

impl Row {
    fn new(mut record: Record, now: Timestamp) -> Self {
        let content = Some(record.sealed.clone());
        record.sealed.body = Vec::new();
        record.sealed.lock = Lock([0; LOCK_BYTES]);
        let updated = record.sealed.created;
        Self {
            rest: record,
            content,
            attempts: Attempts::default(),
            state: Stored::New,
            updated,
            mail_noted: now,
        }
    }

    /// The whole record while it is unopened; then the same less lock and body.
    fn stored_bytes(&self) -> u64 {
        let without_body = self.rest.stored_bytes();
        match &self.content {
            Some(content) => without_body + content.body.len() as u64,
            None => without_body - LOCK_BYTES as u64,
        }
    }

    /// The state as a reader sees it now: expiry is compared at every read.
    fn seen(&self, now: Timestamp) -> State {
        self.state.seen(self.content.is_some(), self.rest.sealed.expires, now)
    }

    /// `None` once the receipt's time is over, swept or not.
    fn receipt(&self, now: Timestamp) -> Option<Receipt> {
        let Record { id, sealed, info, owner, mail, .. } = &self.rest;
        (now < self.rest.forgotten()).then(|| Receipt {
            id: *id,
            created: sealed.created,
            updated: self.updated,
            expires: sealed.expires,
            state: self.seen(now),
            kind: sealed.kind,
            passphrase_required: sealed.passphrase_required,
            mail: mail.seen(self.mail_noted, now),
            info: info.clone(),
            own: owner.as_ref().map(|owner| owner.own.clone()),
        })
    }

    /// Destroys what the secret needs to open, and the guesses at it.
    fn erase(&mut self) {
        self.content = None;
        self.attempts = Attempts::default();
    }
}

#[async_trait]
impl Store for OneMap {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        let mut inside = self.inside();
        if inside.rows.contains_key(&record.id) {
            return Ok(Created::Taken);
        }
        if self.budget > 0 && inside.bytes() + record.stored_bytes() > self.budget {
            return Ok(Created::Full);
        }
        inside.rows.insert(record.id, Row::new(record, now));
        Ok(Created::Fresh)
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        let inside = self.inside();
        let Some(row) = inside.rows.get(id).filter(|row| row.seen(now) == State::New) else {
            return Ok(None);
        };
        let (remaining, locked_until) = match row.attempts.look(client, row.rest.sealed.expires, policy, now)
        {
            Verdict::Granted { remaining } => (remaining, None),
            Verdict::LockedOut { until } => (0, Some(until)),
        };
        let passphrase_required = row.rest.sealed.passphrase_required;
        Ok(Some(Front { passphrase_required, remaining, locked_until }))
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let mut inside = self.inside();
        let Some(row) = inside.rows.get_mut(id).filter(|row| row.seen(now) == State::New) else {
            return Ok(Attempt::Gone);
        };
        let Some(sealed) = row.content.clone() else { return Ok(Attempt::Gone) };
        let guess = if sealed.passphrase_required { guess } else { Guess::None(guess.client()) };
        // Core says what a guess costs; a store only keeps the count.
        let (attempts, verdict) = row.attempts.clone().count(guess, sealed.expires, policy, now);
        Ok(match verdict {
            Verdict::LockedOut { until } => Attempt::LockedOut { until },
            Verdict::Granted { remaining } => {
                row.attempts = attempts;
                Attempt::Granted { sealed, remaining }
            }
        })
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        let mut inside = self.inside();
        let Some(row) = inside.rows.get_mut(id).filter(|row| row.seen(now) == State::New) else {
            return Ok(None);
        };
        let Some(ended) = row.state.on(ending) else { return Ok(None) };
        // State and content change in one step: whoever comes second finds neither.
        row.state = ended;
        row.updated = now;
        row.erase();
        Ok(row.receipt(now))
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        Ok(self.inside().rows.get(id).and_then(|row| row.receipt(now)))
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        let inside = self.inside();
        let is_theirs = |row: &&Row| row.rest.owner.as_ref().is_some_and(|owner| owner.account == *account);
        let receipts = inside.rows.values().filter(is_theirs).filter_map(|row| row.receipt(now));
        let mut recent: Vec<_> = receipts.filter(|seen| now.since(seen.created) <= RECENT_REACH).collect();
        recent.sort_by_key(|receipt| std::cmp::Reverse((receipt.created, receipt.id)));
        recent.truncate(limit);
        Ok(recent)
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        if let Some(row) = self.inside().rows.get_mut(id) {
            row.rest.mail = mail;
            row.mail_noted = now;
        }
        Ok(())
    }

    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        self.inside().rows.retain(|_, row| {
            let is_full = swept.expired + swept.forgotten >= limit as u64;
            if is_full {
                return true;
            }
            if now >= row.rest.forgotten() {
                swept.forgotten += 1;
                return false;
            }
            if row.content.is_some() && now >= row.rest.sealed.expires {
                row.erase();
                swept.expired += 1;
            }
            true
        });
        swept.more = swept.expired + swept.forgotten >= limit as u64;
        Ok(swept)
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        Ok(self.inside().check.get_or_insert(check).clone())
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        let inside = self.inside();
        let mut usage = Usage { bytes: inside.bytes(), ..Usage::default() };
        let mut kids = BTreeMap::new();
        for row in inside.rows.values() {
            *kids.entry(row.rest.kid).or_default() += 1;
            match row.state {
                Stored::New => usage.new += u64::from(row.content.is_some()),
                Stored::Received => usage.received += 1,
                Stored::Burned => usage.burned += 1,
            }
        }
        usage.kids = kids.into_iter().collect();
        Ok(usage)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
