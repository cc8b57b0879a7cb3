//! The contract as a plain struct that one thread uses: what every answer of a
//! store is compared with, and what the broken stores are broken from. It keeps
//! a record's history and works out every answer from it.

use std::collections::BTreeMap;

use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State, Stored};
use waxseal_core::store::{
    Attempt, Check, Created, Front, LOCK_BYTES, MailState, RECENT_REACH, Receipt, Record, Swept, Usage,
};
use waxseal_core::time::Timestamp;

/// A store for one thread.
#[derive(Debug, Default)]
pub(crate) struct Model {
    budget: u64,
    entries: BTreeMap<RecordId, Entry>,
    check: Option<Check>,
}

/// One record and what has happened to it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) record: Record,
    pub(crate) attempts: Attempts,
    pub(crate) state: Stored,
    pub(crate) sealed: bool,
    updated: Timestamp,
    mail: (MailState, Timestamp),
}

impl Entry {
    pub(crate) fn new(record: Record, now: Timestamp) -> Self {
        let (updated, mail) = (record.sealed.created, (record.mail, now));
        Self { record, attempts: Attempts::default(), state: Stored::New, sealed: true, updated, mail }
    }

    fn seen(&self, now: Timestamp) -> State {
        self.state.seen(self.sealed, self.record.sealed.expires, now)
    }

    pub(crate) fn stored_bytes(&self) -> u64 {
        let content = (LOCK_BYTES + self.record.sealed.body.len()) as u64;
        self.record.stored_bytes() - if self.sealed { 0 } else { content }
    }

    pub(crate) fn front(&self, client: ClientId, policy: &AttemptPolicy, now: Timestamp) -> Option<Front> {
        if self.seen(now) != State::New {
            return None;
        }
        let passphrase_required = self.record.sealed.passphrase_required;
        Some(match self.attempts.look(client, self.record.sealed.expires, policy, now) {
            Verdict::Granted { remaining } => Front { passphrase_required, remaining, locked_until: None },
            Verdict::LockedOut { until } => {
                Front { passphrase_required, remaining: 0, locked_until: Some(until) }
            }
        })
    }

    pub(crate) fn attempt(&mut self, guess: Guess, policy: &AttemptPolicy, now: Timestamp) -> Attempt {
        if self.seen(now) != State::New {
            return Attempt::Gone;
        }
        let sealed = self.record.sealed.clone();
        let guess = if sealed.passphrase_required { guess } else { Guess::None(guess.client()) };
        let (attempts, verdict) = self.attempts.clone().count(guess, sealed.expires, policy, now);
        match verdict {
            Verdict::LockedOut { until } => Attempt::LockedOut { until },
            Verdict::Granted { remaining } => {
                self.attempts = attempts;
                Attempt::Granted { sealed, remaining }
            }
        }
    }

    pub(crate) fn settle(&mut self, ending: Ending, now: Timestamp) -> Option<Receipt> {
        if self.seen(now) != State::New {
            return None;
        }
        self.state = self.state.on(ending)?;
        self.updated = now;
        self.sealed = false;
        self.receipt(now)
    }

    fn receipt(&self, now: Timestamp) -> Option<Receipt> {
        let Record { id, sealed, info, owner, .. } = &self.record;
        let (mail, noted) = self.mail;
        (now < self.record.forgotten()).then(|| Receipt {
            id: *id,
            created: sealed.created,
            updated: self.updated,
            expires: sealed.expires,
            state: self.seen(now),
            kind: sealed.kind,
            passphrase_required: sealed.passphrase_required,
            mail: mail.seen(noted, now),
            info: info.clone(),
            own: owner.as_ref().map(|owner| owner.own.clone()),
        })
    }
}

impl Model {
    /// An empty model that may keep so many bytes, 0 for no bound.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, ..Self::default() }
    }

    pub(crate) fn create(&mut self, record: Record, now: Timestamp) -> Created {
        if self.entries.contains_key(&record.id) {
            return Created::Taken;
        }
        if self.budget > 0 && self.usage().bytes + record.stored_bytes() > self.budget {
            return Created::Full;
        }
        self.entries.insert(record.id, Entry::new(record, now));
        Created::Fresh
    }

    /// Leaves less room, as if bytes were lost count of.
    pub(crate) fn shrink_budget(&mut self, bytes: u64) {
        if self.budget > 0 {
            self.budget = self.budget.saturating_sub(bytes).max(1);
        }
    }

    pub(crate) fn entry(&mut self, id: &RecordId) -> Option<&mut Entry> {
        self.entries.get_mut(id)
    }

    pub(crate) fn receipt(&self, id: &RecordId, now: Timestamp) -> Option<Receipt> {
        self.entries.get(id)?.receipt(now)
    }

    pub(crate) fn recent(&self, account: &AccountId, limit: usize, now: Timestamp) -> Vec<Receipt> {
        let of_account =
            |entry: &&Entry| entry.record.owner.as_ref().is_some_and(|owner| owner.account == *account);
        let receipts = self.entries.values().filter(of_account).filter_map(|entry| entry.receipt(now));
        let mut recent: Vec<_> =
            receipts.filter(|receipt| now.since(receipt.created) <= RECENT_REACH).collect();
        recent.sort_by_key(|receipt| std::cmp::Reverse((receipt.created, receipt.id)));
        recent.truncate(limit);
        recent
    }

    pub(crate) fn note_mail(&mut self, id: &RecordId, mail: MailState, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.mail = (mail, now);
        }
    }

    pub(crate) fn sweep(&mut self, limit: usize, now: Timestamp) -> Swept {
        let due = |entry: &&mut Entry| {
            now >= entry.record.forgotten() || (entry.sealed && now >= entry.record.sealed.expires)
        };
        let mut swept = Swept::default();
        for entry in self.entries.values_mut().filter(due).take(limit) {
            if now < entry.record.forgotten() {
                swept.expired += 1;
            } else {
                swept.forgotten += 1;
            }
            entry.sealed = false;
        }
        let mut left = swept.forgotten;
        self.entries.retain(|_, entry| {
            let stays = left == 0 || now < entry.record.forgotten();
            left -= u64::from(!stays);
            stays
        });
        swept.more = swept.expired + swept.forgotten >= limit as u64;
        swept
    }

    pub(crate) fn bind(&mut self, check: Check) -> Check {
        self.check.get_or_insert(check).clone()
    }

    pub(crate) fn usage(&self) -> Usage {
        let of = |state| self.entries.values().filter(move |entry| entry.state == state);
        let mut kids = BTreeMap::new();
        for entry in self.entries.values() {
            *kids.entry(entry.record.kid).or_default() += 1;
        }
        Usage {
            bytes: self.entries.values().map(Entry::stored_bytes).sum(),
            new: of(Stored::New).filter(|entry| entry.sealed).count() as u64,
            received: of(Stored::Received).count() as u64,
            burned: of(Stored::Burned).count() as u64,
            kids: kids.into_iter().collect(),
        }
    }
}
