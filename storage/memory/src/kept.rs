//! One record as it lies in memory. Packed, for a store may hold millions: what
//! most records lack is one null pointer, and lock, body and info box share an
//! allocation.

use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::id::{ClientId, Kid, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State, Stored};
use waxseal_core::store::{
    Attempt, Front, Kind, LOCK_BYTES, Lock, MailState, Owner, RECORD_OVERHEAD, Receipt, Record, Sealed,
    forgotten,
};
use waxseal_core::time::Timestamp;
use waxseal_core::wiped::Wiped;
use zeroize::Zeroize;

/// A record, ended or not.
pub(crate) struct Kept {
    created: Timestamp,
    expires: Timestamp,
    boxes: Boxes,
    /// Absent for a guest's secret that nobody guessed at or noted a message for.
    extra: Option<Box<Extra>>,
    kid: Kid,
    state: Stored,
    kind: Kind,
    passphrase_required: bool,
}

/// What most secrets lack.
#[derive(Default)]
struct Extra {
    attempts: Attempts,
    owner: Option<Owner>,
    /// What was noted of the message, and when.
    mail: Option<(MailState, Timestamp)>,
}

/// The info box; then lock and body, or in their place the time at which they were
/// erased. Wiped when dropped.
struct Boxes {
    packed: Box<[u8]>,
    info: u32,
    sealed: bool,
}

impl Boxes {
    fn pack(info: &[u8], lock: &Lock, body: Vec<u8>) -> Self {
        let body = Wiped::new(body);
        let mut packed = Self::of(&[info, &lock.0, &body], info.len());
        packed.sealed = true;
        packed
    }

    fn of(parts: &[&[u8]], info: usize) -> Self {
        let info = u32::try_from(info).expect("no box is 4 GiB long");
        Self { packed: parts.concat().into_boxed_slice(), info, sealed: false }
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.packed.split_at(self.info as usize)
    }

    fn info(&self) -> &[u8] {
        self.parts().0
    }

    /// Lock and body, if they are still there.
    fn content(&self) -> Option<&[u8]> {
        self.sealed.then(|| self.parts().1)
    }

    /// When they were erased, if they were.
    fn erased(&self) -> Option<Timestamp> {
        let time = self.parts().1.try_into().ok().filter(|_| !self.sealed)?;
        Some(Timestamp::from_secs(u64::from_be_bytes(time)))
    }

    fn erase(&mut self, now: Timestamp) {
        let info = self.info();
        *self = Self::of(&[info, &now.secs().to_be_bytes()], info.len());
    }
}

impl Drop for Boxes {
    fn drop(&mut self) {
        // As a slice: that is wiped in one sweep, and a box byte after byte.
        (*self.packed).zeroize();
    }
}

impl Kept {
    pub(crate) fn new(record: Record, now: Timestamp) -> Self {
        let Record { kid, sealed, info, owner, mail, .. } = record;
        let mail = (mail != MailState::None).then_some((mail, now));
        let plain = owner.is_none() && mail.is_none();
        Self {
            created: sealed.created,
            expires: sealed.expires,
            boxes: Boxes::pack(&info, &sealed.lock, sealed.body),
            extra: (!plain).then(|| Box::new(Extra { owner, mail, ..Extra::default() })),
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
        self.boxes.sealed
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
        RECORD_OVERHEAD + self.sealed_bytes() + (self.boxes.info().len() + own) as u64
    }

    /// What lock and body count.
    fn sealed_bytes(&self) -> u64 {
        self.boxes.content().map_or(0, <[u8]>::len) as u64
    }

    /// Whether it can be opened at `now`, and with what.
    fn openable(&self, now: Timestamp) -> Option<Sealed> {
        if self.seen(now) != State::New {
            return None;
        }
        let (lock, body) = self.boxes.content()?.split_first_chunk::<LOCK_BYTES>()?;
        Some(Sealed {
            created: self.created,
            expires: self.expires,
            kind: self.kind,
            passphrase_required: self.passphrase_required,
            lock: Lock(*lock),
            body: body.to_vec(),
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
        let attempts = self.extra.as_ref().map_or(&none, |extra| &extra.attempts);
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
        let attempts = self.extra.as_ref().map(|extra| extra.attempts.clone()).unwrap_or_default();
        let (counted, verdict) = attempts.count(guess, self.expires, policy, now);
        match verdict {
            Verdict::LockedOut { until } => Attempt::LockedOut { until },
            Verdict::Granted { remaining } => {
                if !matches!(guess, Guess::None(_)) {
                    self.extra.get_or_insert_default().attempts = counted;
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
        self.extra = self.extra.take().filter(|extra| extra.owner.is_some() || extra.mail.is_some());
        if let Some(extra) = &mut self.extra {
            extra.attempts = Attempts::default();
        }
        self.boxes.erase(updated);
        bytes
    }

    pub(crate) fn note_mail(&mut self, mail: MailState, now: Timestamp) {
        self.extra.get_or_insert_default().mail = Some((mail, now));
    }

    fn updated(&self) -> Timestamp {
        self.boxes.erased().unwrap_or(self.created)
    }

    fn mail(&self, now: Timestamp) -> MailState {
        let noted = self.extra.as_ref().and_then(|extra| extra.mail);
        noted.map_or(MailState::None, |(mail, noted)| mail.seen(noted, now))
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
            info: self.boxes.info().to_vec(),
            own: self.owner().map(|owner| owner.own.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample;

    #[test]
    fn an_unopened_record_is_at_most_56_bytes_beside_what_it_points_to() {
        assert!(size_of::<Kept>() <= 56, "{} bytes", size_of::<Kept>());
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
    fn an_owner_stays_when_the_guesses_go() {
        let mut record = sample::owned(1, sample::account_id(1));
        record.sealed.passphrase_required = true;
        let mut kept = Kept::new(record, sample::START);
        kept.attempt(Guess::Open(sample::client(1)), &AttemptPolicy::default(), sample::START);
        kept.end(Ending::Received, sample::after(5));
        let extra = kept.extra.as_ref().unwrap();
        assert!(extra.owner.is_some() && extra.attempts == Attempts::default());
        assert_eq!(kept.updated(), sample::after(5));
    }

    #[test]
    fn counted_guesses_go_with_the_content() {
        let policy = AttemptPolicy::default();
        for ends in [true, false] {
            let mut kept = Kept::new(sample::guarded(1), sample::START);
            assert!(kept.extra.is_none(), "none is kept before one is counted");
            kept.attempt(Guess::Open(sample::client(1)), &policy, sample::START);
            assert_ne!(kept.extra.as_ref().unwrap().attempts, Attempts::default());
            if ends {
                kept.end(Ending::Burned, sample::START);
            } else {
                kept.expire();
            }
            assert!(kept.extra.is_none() && !kept.is_sealed());
        }
    }
}
