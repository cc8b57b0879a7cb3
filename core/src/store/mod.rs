//! The seam to storage: what a store owes, said once, above the trait.
//!
//! A store is handed record ids, sealed bytes and keyed digests. It never sees a
//! link key, a metadata key, a passphrase, a token or a value, and it needs no
//! cryptography. Prove an implementation with the `waxseal-conformance` crate:
//! it is done when every law there holds.
//!
//! # What every method owes
//! - **`now` is an argument.** A store reads no clock to decide anything. A
//!   clock of its own (a Redis key's time to live) may only collect garbage, with
//!   slack.
//! - **Answers are not errors.** Absent, locked, taken and lost are answers.
//!   [`StoreError`] is for machinery.
//! - **Expiry is checked at every read**, by comparing `now` with the record:
//!   `now >= expires` is past. The sweep only gives back space.
//! - **A record has three stretches of life**: sealed content until it ends or
//!   expires; a receipt until `created + 2 × (expires − created)`; then nothing.
//!   Nothing lengthens any of them.
//! - **A method that returned has happened**: a store that claims to be durable
//!   answers only after its commit. A future that is dropped halfway leaves the
//!   operation done whole or not at all.

mod account;
mod audit;
mod limiter;

use std::fmt;

use async_trait::async_trait;

pub use account::{Account, AccountState, AccountStore, DomainChange, Rotation, Scope, Token, TokenChange};
pub use audit::{Audit, Flaw, NAMED_FLAWS, States, hex};
pub use limiter::{Action, Limiter, Pass, Rate, Subject};

use crate::attempt::Guess;
use crate::code::coded;
use crate::id::{AccountId, ClientId, Kid, RecordId};
use crate::policy::AttemptPolicy;
use crate::state::{Ending, State};
use crate::time::{Timestamp, Ttl};

/// A receipt lives this many times as long as its secret.
pub const RECEIPT_LIVES: u64 = 2;

/// How long a message may stay queued before it counts as not sent.
pub const MAIL_PATIENCE: Ttl = Ttl::hours(1);

/// What every store counts for one record beside its variable bytes (lock, body,
/// boxes): the budget's figure for fixed columns and indexes.
pub const RECORD_OVERHEAD: u64 = 128;

coded! {
    /// Whether a value was given by its creator or made here. Authenticated by the seal.
    pub enum Kind {
        /// Given.
        Share = 0,
        /// Made here.
        Generate = 1,
    }
}

coded! {
    /// What became of the message to a recipient.
    pub enum MailState {
        /// No recipient was named.
        None = 0,
        /// A recipient was named where no mailer is configured.
        NotConfigured = 1,
        /// Waiting to be handed over.
        Queued = 2,
        /// Handed to the recipient's mail server.
        Sent = 3,
        /// Given up, or its outcome is not known. Never sent again.
        Failed = 4,
        /// Never sent: the account had used up its allowance of messages.
        OverQuota = 5,
    }
}

impl MailState {
    /// As it reads at `now`, noted at `noted`: a message queued for longer than
    /// [`MAIL_PATIENCE`] was lost with its process and counts as not sent.
    #[must_use]
    pub fn seen(self, noted: Timestamp, now: Timestamp) -> Self {
        if self == Self::Queued && now > noted.plus(MAIL_PATIENCE) { Self::Failed } else { self }
    }
}

/// Bytes of a [`Lock`].
pub const LOCK_BYTES: usize = 61;

/// Header and commitment of a sealed secret. Without it the body opens for
/// nobody, so this is what must die for certain when a secret ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lock(pub [u8; LOCK_BYTES]);

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

/// The sealed content of a secret: lock and body, and what the seal binds them to.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Time of making.
    pub created: Timestamp,
    /// From here on it is past.
    pub expires: Timestamp,
    /// Given or made here.
    pub kind: Kind,
    /// Whether it takes a passphrase to open.
    pub passphrase_required: bool,
    /// Header and commitment.
    pub lock: Lock,
    /// Ciphertext and tag.
    pub body: Vec<u8>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Whose secret it is, and the box that lets only this account list it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// The own box: holds the metadata key, opens with the account's list key.
    pub own: Vec<u8>,
}

/// A new secret, whole, as a store takes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// The master key it was sealed under.
    pub kid: Kid,
    /// Lock, body and their terms.
    pub sealed: Sealed,
    /// The info box: what metadata shows; opens with the metadata key.
    pub info: Vec<u8>,
    /// `None` for guests.
    pub owner: Option<Owner>,
    /// What is to become of the message.
    pub mail: MailState,
}

impl Record {
    /// What the record counts against the budget of stored bytes while it is unopened.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        let own = self.owner.as_ref().map_or(0, |owner| owner.own.len());
        RECORD_OVERHEAD + (LOCK_BYTES + self.sealed.body.len() + self.info.len() + own) as u64
    }

    /// When the receipt goes, too.
    #[must_use]
    pub fn forgotten(&self) -> Timestamp {
        forgotten(self.sealed.created, self.sealed.expires)
    }
}

/// When the receipt of a secret made at `created`, to expire at `expires`, goes:
/// `created + 2 × ttl`.
#[must_use]
pub fn forgotten(created: Timestamp, expires: Timestamp) -> Timestamp {
    let life = expires.since(created).secs();
    created.plus(Ttl::from_secs(life.saturating_mul(RECEIPT_LIVES)))
}

/// What a store still knows of a secret, ended or not. It holds no sealed content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// Its id.
    pub id: RecordId,
    /// Time of making.
    pub created: Timestamp,
    /// Time of the ending; of making before that.
    pub updated: Timestamp,
    /// From here on the secret is past.
    pub expires: Timestamp,
    /// As seen at the `now` of the call.
    pub state: State,
    /// Given or made here.
    pub kind: Kind,
    /// Whether it takes, or took, a passphrase to open.
    pub passphrase_required: bool,
    /// As seen at the `now` of the call.
    pub mail: MailState,
    /// The info box.
    pub info: Vec<u8>,
    /// The own box, for an account's secret.
    pub own: Option<Vec<u8>>,
}

/// What [`Store::create`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Created {
    /// The whole record stands.
    Fresh,
    /// A record of this id stands already, and is untouched.
    Taken,
    /// The budget of stored bytes is spent. Nothing was stored, and nothing evicted.
    Full,
}

/// What may be said of an unopened secret before anyone opens it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Front {
    /// Whether it takes a passphrase.
    pub passphrase_required: bool,
    /// Guesses this client has left.
    pub remaining: u32,
    /// Set while this client is not heard.
    pub locked_until: Option<Timestamp>,
}

/// What [`Store::attempt`] answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// Unknown, ended, expired, orphaned: nothing to open, and nothing was counted.
    Gone,
    /// The guess is not heard. Nothing was counted.
    LockedOut {
        /// When guesses are heard again.
        until: Timestamp,
    },
    /// The guess was counted, if there is anything to guess.
    Granted {
        /// What to open.
        sealed: Sealed,
        /// Guesses this client has left.
        remaining: u32,
    },
}

/// What [`Store::sweep`] did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Swept {
    /// Secrets whose sealed content was erased because they had expired.
    pub expired: u64,
    /// Receipts removed.
    pub forgotten: u64,
    /// Whether the limit was reached, so that there may be more to do.
    pub more: bool,
}

/// What stands in a store, for an admin and for the retirement of keys.
/// Counted at some moment of the call; never the basis of a decision on a secret.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// Bytes counted against the budget: [`Record::stored_bytes`] of the unopened;
    /// the same less lock and body for receipts.
    pub bytes: u64,
    /// Unopened secrets, the expired but unswept among them.
    pub new: u64,
    /// Receipts of opened secrets.
    pub received: u64,
    /// Receipts of burned secrets.
    pub burned: u64,
    /// Records under each master key, receipts among them (their info box needs it).
    pub kids: Vec<(Kid, u64)>,
}

/// A box only the right key file opens, kept in the store so that a wrong key file is noticed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check(pub Vec<u8>);

/// The machinery failed. No text in here holds anything secret.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It did not happen: the store could not be reached, or could not write.
    #[error("the store is not available")]
    Unavailable(#[source] Cause),
    /// It may have happened: the outcome never came back. Never retried blindly.
    #[error("the store did not confirm the outcome")]
    Unconfirmed(#[source] Cause),
    /// What stands there can't be read. It is left as it is.
    #[error("a stored record is damaged")]
    Damaged(#[source] Cause),
}

/// What lay behind a [`StoreError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Where secrets stand. See the [module](self) for what every method owes.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Stores a new record. Atomic: the whole record, or nothing.
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError>;

    /// Reads what may be said before opening. `None` unless the secret is new
    /// and its sealed content is there.
    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError>;

    /// Tests whether a guess is heard, counts it, and hands out the sealed
    /// content. Atomic, and durable before it answers: of guesses that race,
    /// never more are granted than the policy allows. A record that needs no
    /// passphrase, and a [`Guess::None`], count nothing and write nothing.
    /// [`crate::attempt::Attempts::count`] says what counting means.
    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError>;

    /// Ends a secret: if it is new, unexpired and its sealed content is there, it
    /// gets its end state (by [`crate::state::Stored::on`]), `updated = now`, and
    /// lock, body and counted guesses are destroyed. Atomic: of any number of
    /// callers, over any number of nodes and crashes, one ever gets `Some`.
    ///
    /// # Errors
    /// [`StoreError::Unconfirmed`] if it may have been ended but no answer came.
    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError>;

    /// Reads a receipt, of an ended or an unopened secret alike.
    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError>;

    /// The receipts of an account made in the last 30 days, newest first, at
    /// most `limit`. May omit what a crash lost; never invents, never shows
    /// another account's.
    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError>;

    /// Notes what became of a message. The last writer wins; an unknown id is ignored.
    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError>;

    /// Erases the sealed content of expired secrets and removes forgotten
    /// receipts, about `limit` records at a call. Idempotent.
    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError>;

    /// Keeps `check` if the store has none yet. Answers the one that stands.
    async fn bind(&self, check: Check) -> Result<Check, StoreError>;

    /// Counts what stands there. May read everything.
    async fn usage(&self) -> Result<Usage, StoreError>;

    /// Whether the store can be reached and can serve.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// How far back [`Store::recent`] reaches.
pub const RECENT_REACH: Ttl = Ttl::days(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_queued_for_too_long_was_not_sent() {
        let (noted, late) = (Timestamp::from_secs(100), Timestamp::from_secs(3_701));
        assert_eq!(MailState::Queued.seen(noted, Timestamp::from_secs(3_700)), MailState::Queued);
        assert_eq!(MailState::Queued.seen(noted, late), MailState::Failed);
        assert_eq!(MailState::Sent.seen(noted, late), MailState::Sent);
    }

    #[test]
    fn a_record_counts_with_all_that_varies_and_with_what_does_not() {
        let time = Timestamp::default();
        let (lock, body) = (Lock([0; LOCK_BYTES]), vec![0; 1_000]);
        let sealed = Sealed {
            created: time,
            expires: time,
            kind: Kind::Share,
            passphrase_required: false,
            lock,
            body,
        };
        let owner = Some(Owner { account: AccountId([0; 16]), own: vec![0; 50] });
        let (id, kid) = (RecordId([0; 32]), Kid([0; 4]));
        let record = Record { id, kid, sealed, info: vec![0; 200], owner, mail: MailState::None };
        assert_eq!(record.stored_bytes(), 128 + 61 + 1_000 + 200 + 50);
        assert_eq!(Record { owner: None, ..record }.stored_bytes(), 128 + 61 + 1_000 + 200);
    }

    #[test]
    fn a_receipt_lives_twice_as_long_as_its_secret() {
        let at = Timestamp::from_secs;
        assert_eq!(forgotten(at(100), at(160)), at(220));
    }
}
