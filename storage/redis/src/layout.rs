//! A record as one packed string, big-endian, version 1. The scripts in `lua/`
//! read the same places.
//!
//! ```text
//!  0  version 1 | state 1 | flags 1 | updated 8 | mail 1 | noted 8
//! 20  kind 1 | kid 4 | created 8 | expires 8 | info length 4 | own length 4 | body length 4
//! 53  info | account 16 and own, if it has an owner | lock 61 and body, while it is sealed
//! ```
//!
//! Flags: 1 takes a passphrase, 2 sealed, 4 has an owner. When a secret ends, or
//! when it is swept, the string is written anew without lock and body.

use waxseal_core::id::{AccountId, Kid, RecordId};
use waxseal_core::state::{State, Stored};
use waxseal_core::store::{Kind, LOCK_BYTES, Lock, MailState, Owner, Receipt, Record, Sealed, forgotten};
use waxseal_core::time::Timestamp;

/// The only version there is.
pub(crate) const VERSION: u8 = 1;
/// Bytes before the boxes.
pub(crate) const HEAD: usize = 53;
/// Takes a passphrase.
const GUARDED: u8 = 1;
/// Lock and body are there.
const SEALED: u8 = 2;
/// An account made it.
const OWNED: u8 = 4;
/// Bytes of an account's id.
const ACCOUNT: usize = 16;

/// A record that can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a record is not laid out as any record is")]
pub(crate) struct Damaged;

/// Packs a new record.
pub(crate) fn pack(record: &Record, now: Timestamp) -> Vec<u8> {
    let Record { kid, sealed, info, owner, mail, .. } = record;
    let own = owner.as_ref().map_or(&[][..], |owner| &owner.own);
    let mut flags = SEALED;
    flags |= if sealed.passphrase_required { GUARDED } else { 0 };
    flags |= if owner.is_some() { OWNED } else { 0 };
    let mut packed =
        Vec::with_capacity(HEAD + info.len() + ACCOUNT + own.len() + LOCK_BYTES + sealed.body.len());
    packed.extend([VERSION, Stored::New.code(), flags]);
    packed.extend(sealed.created.secs().to_be_bytes());
    packed.push(mail.code());
    packed.extend(now.secs().to_be_bytes());
    packed.push(sealed.kind.code());
    packed.extend(kid.as_bytes());
    packed.extend(sealed.created.secs().to_be_bytes());
    packed.extend(sealed.expires.secs().to_be_bytes());
    for part in [info, own, &sealed.body] {
        packed.extend(length(part).to_be_bytes());
    }
    packed.extend(info);
    if let Some(owner) = owner {
        packed.extend(owner.account.as_bytes());
        packed.extend(own);
    }
    packed.extend(sealed.lock.0);
    packed.extend(&sealed.body);
    packed
}

/// Redis keeps no string of more than 512 MiB, so none of its parts is longer.
fn length(part: &[u8]) -> u32 {
    u32::try_from(part.len()).unwrap_or(u32::MAX)
}

/// What stands in a record's head, and its boxes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    state: Stored,
    sealed: bool,
    passphrase_required: bool,
    updated: Timestamp,
    mail: MailState,
    noted: Timestamp,
    kind: Kind,
    kid: Kid,
    created: Timestamp,
    expires: Timestamp,
    info: Vec<u8>,
    owner: Option<Owner>,
    body_bytes: usize,
}

impl Head {
    /// How many bytes from the start hold head and boxes, as the head says.
    pub(crate) fn bytes_needed(start: &[u8]) -> Result<usize, Damaged> {
        let fields = Fields::read(start)?;
        Ok(HEAD + fields.boxes())
    }

    /// Reads head and boxes, and needs no more than these.
    pub(crate) fn read(start: &[u8]) -> Result<Self, Damaged> {
        let fields = Fields::read(start)?;
        let boxes = start.get(HEAD..HEAD + fields.boxes()).ok_or(Damaged)?;
        let (info, rest) = boxes.split_at(fields.info);
        let owner = |(account, own): (&[u8; ACCOUNT], &[u8])| Owner {
            account: AccountId(*account),
            own: own.to_vec(),
        };
        let owner = rest.split_first_chunk().map(owner);
        Ok(Self {
            state: Stored::from_code(start[1]).ok_or(Damaged)?,
            sealed: start[2] & SEALED != 0,
            passphrase_required: start[2] & GUARDED != 0,
            updated: time(start, 3)?,
            mail: MailState::from_code(start[11]).ok_or(Damaged)?,
            noted: time(start, 12)?,
            kind: Kind::from_code(start[20]).ok_or(Damaged)?,
            kid: Kid::try_from(&start[21..25]).map_err(|_| Damaged)?,
            created: time(start, 25)?,
            expires: time(start, 33)?,
            info: info.to_vec(),
            owner,
            body_bytes: fields.body,
        })
    }

    /// Whether this account made it.
    pub(crate) fn is_of(&self, account: &AccountId) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.account == *account)
    }

    pub(crate) fn created(&self) -> Timestamp {
        self.created
    }

    pub(crate) fn expires(&self) -> Timestamp {
        self.expires
    }

    pub(crate) fn passphrase_required(&self) -> bool {
        self.passphrase_required
    }

    /// Whether it can be opened at `now`.
    pub(crate) fn is_new(&self, now: Timestamp) -> bool {
        self.seen(now) == State::New
    }

    pub(crate) fn kid(&self) -> Kid {
        self.kid
    }

    pub(crate) fn stored(&self) -> Stored {
        self.state
    }

    /// Whether it was received or burned.
    pub(crate) fn has_ended(&self) -> bool {
        self.state != Stored::New
    }

    /// Bytes of its boxes, as the budget counts them.
    pub(crate) fn boxes_bytes(&self) -> usize {
        self.info.len() + self.owner.as_ref().map_or(0, |owner| owner.own.len())
    }

    pub(crate) fn seen(&self, now: Timestamp) -> State {
        self.state.seen(self.sealed, self.expires, now)
    }

    /// The receipt, unless its time is over.
    pub(crate) fn receipt(self, id: &RecordId, now: Timestamp) -> Option<Receipt> {
        if now >= forgotten(self.created, self.expires) {
            return None;
        }
        Some(Receipt {
            id: *id,
            created: self.created,
            updated: self.updated,
            expires: self.expires,
            state: self.seen(now),
            kind: self.kind,
            passphrase_required: self.passphrase_required,
            mail: self.mail.seen(self.noted, now),
            info: self.info,
            own: self.owner.map(|owner| owner.own),
        })
    }
}

/// Reads a whole record: its head, and its content if that is there.
pub(crate) fn unpack(packed: &[u8]) -> Result<(Head, Option<Sealed>), Damaged> {
    let head = Head::read(packed)?;
    let content = packed.get(Head::bytes_needed(packed)?..).ok_or(Damaged)?;
    if !head.sealed {
        return if content.is_empty() { Ok((head, None)) } else { Err(Damaged) };
    }
    let (lock, body) = content.split_first_chunk::<LOCK_BYTES>().ok_or(Damaged)?;
    if body.len() != head.body_bytes {
        return Err(Damaged);
    }
    let sealed = Sealed {
        created: head.created,
        expires: head.expires,
        kind: head.kind,
        passphrase_required: head.passphrase_required,
        lock: Lock(*lock),
        body: body.to_vec(),
    };
    Ok((head, Some(sealed)))
}

/// The lengths that a head says.
struct Fields {
    owned: bool,
    info: usize,
    own: usize,
    body: usize,
}

impl Fields {
    fn read(start: &[u8]) -> Result<Self, Damaged> {
        let head = start.first_chunk::<HEAD>().ok_or(Damaged)?;
        if head[0] != VERSION || head[2] & !(GUARDED | SEALED | OWNED) != 0 {
            return Err(Damaged);
        }
        let owned = head[2] & OWNED != 0;
        let fields = Self { owned, info: number(head, 41)?, own: number(head, 45)?, body: number(head, 49)? };
        if owned || fields.own == 0 { Ok(fields) } else { Err(Damaged) }
    }

    fn boxes(&self) -> usize {
        self.info + if self.owned { ACCOUNT + self.own } else { 0 }
    }
}

fn number(head: &[u8; HEAD], at: usize) -> Result<usize, Damaged> {
    let bytes = head[at..at + 4].try_into().map_err(|_| Damaged)?;
    usize::try_from(u32::from_be_bytes(bytes)).map_err(|_| Damaged)
}

fn time(head: &[u8], at: usize) -> Result<Timestamp, Damaged> {
    let bytes = head[at..at + 8].try_into().map_err(|_| Damaged)?;
    Ok(Timestamp::from_secs(u64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample;

    fn samples() -> Vec<Record> {
        let mut bare = sample::owned(3, sample::account_id(3));
        bare.info.clear();
        bare.sealed.body.clear();
        bare.owner.as_mut().unwrap().own.clear();
        let mail = Record { mail: MailState::Queued, ..sample::guarded(2) };
        vec![sample::record(1), mail, sample::owned(4, sample::account_id(9)), bare]
    }

    #[test]
    fn what_is_packed_unpacks() {
        for record in samples() {
            let packed = pack(&record, sample::START);
            let (head, sealed) = unpack(&packed).unwrap();
            assert_eq!(sealed, Some(record.sealed.clone()));
            assert_eq!(head.owner, record.owner);
            assert_eq!((head.kid, head.noted), (record.kid, sample::START));
            let boxes = Head::bytes_needed(&packed).unwrap();
            assert_eq!(Head::read(&packed[..boxes]).unwrap(), head, "the boxes suffice");
            let receipt = head.receipt(&record.id, sample::START).unwrap();
            assert_eq!((receipt.info, receipt.mail), (record.info, record.mail));
        }
    }

    #[test]
    fn what_is_cut_longer_or_newer_is_damaged() {
        for record in samples() {
            let packed = pack(&record, sample::START);
            for cut in 0..packed.len() {
                assert_eq!(unpack(&packed[..cut]).unwrap_err(), Damaged, "{cut}");
            }
            assert!(unpack(&[&packed[..], b"x"].concat()).is_err());
            for (at, byte) in [(0, 2), (1, 9), (2, 0xff), (11, 9), (20, 9)] {
                let mut other = packed.clone();
                other[at] = byte;
                assert!(unpack(&other).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn lengths_that_reach_beyond_are_no_panic() {
        let mut packed = pack(&sample::record(1), sample::START);
        for at in 41..HEAD {
            packed[at] = 0xff;
            assert!(unpack(&packed).is_err());
        }
    }
}
