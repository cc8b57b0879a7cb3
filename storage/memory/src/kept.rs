//! One record as it lies in memory. Packed, for a store may hold millions: what
//! most records lack is a null pointer, and lock and body share an allocation.

use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::id::{ClientId, Kid, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State, Stored};
use waxseal_core::store::{
    Attempt, Front, Kind, LOCK_BYTES, Lock, MailState, Owner, RECORD_OVERHEAD, Receipt, Record, Sealed,
    forgotten,
};
use waxseal_core::time::Timestamp;
use zeroize::{Zeroize, Zeroizing};

/// A record, ended or not.
pub(crate) struct Kept {
    created: Timestamp,
    expires: Timestamp,
    life: Life,
    /// Absent until the first guess is counted.
    attempts: Option<Box<Attempts>>,
    info: Box<[u8]>,
    /// Absent for a guest's secret that nobody noted a message for.
    extra: Option<Box<Extra>>,
    kid: Kid,
    state: Stored,
    kind: Kind,
    passphrase_required: bool,
}

/// What lies where the sealed content lay.
enum Life {
    /// The content.
    Sealed(Content),
    /// When it was ended; for the expired, when it was made.
    Over(Timestamp),
}

/// What most guests' secrets lack.
struct Extra {
    owner: Option<Owner>,
    mail: MailState,
    noted: Timestamp,
}

/// The lock, then the body. Wiped when dropped.
struct Content(Zeroizing<Box<[u8]>>);

impl Content {
    fn pack(lock: &Lock, mut body: Vec<u8>) -> Self {
        let packed = [&lock.0[..], &body].concat().into_boxed_slice();
        body.zeroize();
        Self(Zeroizing::new(packed))
    }

    fn unpack(&self) -> Option<(Lock, Vec<u8>)> {
        let (lock, body) = self.0.split_first_chunk::<LOCK_BYTES>()?;
        Some((Lock(*lock), body.to_vec()))
    }
}

impl Kept {
    pub(crate) fn new(record: Record, now: Timestamp) -> Self {
        let Record { kid, sealed, info, owner, mail, .. } = record;
        let plain = owner.is_none() && mail == MailState::None;
        Self {
            created: sealed.created,
            expires: sealed.expires,
            life: Life::Sealed(Content::pack(&sealed.lock, sealed.body)),
            attempts: None,
            info: info.into_boxed_slice(),
            extra: (!plain).then(|| Box::new(Extra { owner, mail, noted: now })),
            kid,
            state: Stored::New,
            kind: sealed.kind,
            passphrase_required: sealed.passphrase_required,
        }
    }

    pub(crate) const fn created(&self) -> Timestamp {
        self.created
    }

    pub(crate) fn owner(&self) -> Option<&Owner> {
        self.extra.as_ref()?.owner.as_ref()
    }

    pub(crate) const fn kid(&self) -> Kid {
        self.kid
    }

    pub(crate) const fn state(&self) -> Stored {
        self.state
    }

    /// Whether lock and body are still there.
    pub(crate) const fn is_sealed(&self) -> bool {
        matches!(self.life, Life::Sealed(_))
    }

    /// Whether the receipt's time is over, too.
    pub(crate) fn is_forgotten(&self, now: Timestamp) -> bool {
        now >= forgotten(self.created, self.expires)
    }

    /// Whether only the sweep keeps the sealed content from being erased.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        self.is_sealed() && now >= self.expires
    }

    /// What it counts against the budget as it stands.
    pub(crate) fn stored_bytes(&self) -> u64 {
        let own = self.owner().map_or(0, |owner| owner.own.len());
        RECORD_OVERHEAD + self.sealed_bytes() + (self.info.len() + own) as u64
    }

    /// What lock and body count.
    fn sealed_bytes(&self) -> u64 {
        match &self.life {
            Life::Sealed(content) => content.0.len() as u64,
            Life::Over(_) => 0,
        }
    }

    /// Whether it can be opened at `now`, and with what.
    fn openable(&self, now: Timestamp) -> Option<Sealed> {
        let Life::Sealed(content) = &self.life else {
            return None;
        };
        if self.seen(now) != State::New {
            return None;
        }
        let (lock, body) = content.unpack()?;
        Some(Sealed {
            created: self.created,
            expires: self.expires,
            kind: self.kind,
            passphrase_required: self.passphrase_required,
            lock,
            body,
        })
    }

    fn seen(&self, now: Timestamp) -> State {
        self.state.seen(self.is_sealed(), self.expires, now)
    }

    pub(crate) fn front(&self, client: ClientId, policy: &AttemptPolicy, now: Timestamp) -> Option<Front> {
        if self.seen(now) != State::New {
            return None;
        }
        let none = Attempts::default();
        let attempts = self.attempts.as_deref().unwrap_or(&none);
        let (remaining, locked_until) = match attempts.look(client, self.expires, policy, now) {
            Verdict::Granted { remaining } => (remaining, None),
            Verdict::LockedOut { until } => (0, Some(until)),
        };
        Some(Front { passphrase_required: self.passphrase_required, remaining, locked_until })
    }

    pub(crate) fn attempt(&mut self, guess: Guess, policy: &AttemptPolicy, now: Timestamp) -> Attempt {
        let Some(sealed) = self.openable(now) else {
            return Attempt::Gone;
        };
        let guess = if self.passphrase_required { guess } else { Guess::None(guess.client()) };
        let attempts = self.attempts.as_deref().cloned().unwrap_or_default();
        let (counted, verdict) = attempts.count(guess, self.expires, policy, now);
        match verdict {
            Verdict::LockedOut { until } => Attempt::LockedOut { until },
            Verdict::Granted { remaining } => {
                if !matches!(guess, Guess::None(_)) {
                    self.attempts = Some(Box::new(counted));
                }
                Attempt::Granted { sealed, remaining }
            }
        }
    }

    /// Ends it. Answers how many bytes went, or `None` if there was nothing to end.
    pub(crate) fn end(&mut self, ending: Ending, now: Timestamp) -> Option<u64> {
        if self.seen(now) != State::New {
            return None;
        }
        self.state = self.state.on(ending)?;
        Some(self.erase(now))
    }

    /// Erases the content of what has expired. Answers how many bytes went.
    pub(crate) fn expire(&mut self) -> u64 {
        self.erase(self.created)
    }

    /// Wipes and drops lock, body and counted guesses.
    fn erase(&mut self, updated: Timestamp) -> u64 {
        let bytes = self.sealed_bytes();
        self.attempts = None;
        self.life = Life::Over(updated);
        bytes
    }

    pub(crate) fn note_mail(&mut self, mail: MailState, now: Timestamp) {
        match &mut self.extra {
            Some(extra) => (extra.mail, extra.noted) = (mail, now),
            None => self.extra = Some(Box::new(Extra { owner: None, mail, noted: now })),
        }
    }

    fn updated(&self) -> Timestamp {
        match self.life {
            Life::Sealed(_) => self.created,
            Life::Over(updated) => updated,
        }
    }

    fn mail(&self, now: Timestamp) -> MailState {
        self.extra.as_ref().map_or(MailState::None, |extra| extra.mail.seen(extra.noted, now))
    }

    pub(crate) fn receipt(&self, id: &RecordId, now: Timestamp) -> Option<Receipt> {
        if self.is_forgotten(now) {
            return None;
        }
        Some(Receipt {
            id: *id,
            created: self.created,
            updated: self.updated(),
            expires: self.expires,
            state: self.seen(now),
            kind: self.kind,
            passphrase_required: self.passphrase_required,
            mail: self.mail(now),
            info: self.info.to_vec(),
            own: self.owner().map(|owner| owner.own.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample;

    #[test]
    fn an_unopened_record_is_at_most_72_bytes_beside_what_it_points_to() {
        assert!(size_of::<Kept>() <= 72, "{} bytes", size_of::<Kept>());
    }

    #[test]
    fn it_counts_what_the_contract_counts() {
        let record = sample::owned(1, sample::account_id(1));
        let whole = record.stored_bytes();
        let sealed = (LOCK_BYTES + record.sealed.body.len()) as u64;
        let mut kept = Kept::new(record, sample::START);
        assert_eq!(kept.stored_bytes(), whole);
        assert_eq!(kept.end(Ending::Burned, sample::START), Some(sealed));
        assert_eq!(kept.stored_bytes(), whole - sealed);
    }

    #[test]
    fn lock_and_body_come_back_as_they_went_in() {
        let record = sample::record(3);
        let mut kept = Kept::new(record.clone(), sample::START);
        assert_eq!(kept.openable(sample::START), Some(record.sealed));
        kept.expire();
        assert_eq!(kept.openable(sample::START), None);
    }

    #[test]
    fn counted_guesses_go_with_the_content() {
        let policy = AttemptPolicy::default();
        for ends in [true, false] {
            let mut kept = Kept::new(sample::guarded(1), sample::START);
            assert!(kept.attempts.is_none(), "none is kept before one is counted");
            kept.attempt(Guess::Open(sample::client(1)), &policy, sample::START);
            assert!(kept.attempts.is_some());
            if ends {
                kept.end(Ending::Burned, sample::START);
            } else {
                kept.expire();
            }
            assert!(kept.attempts.is_none() && !kept.is_sealed());
        }
    }
}
