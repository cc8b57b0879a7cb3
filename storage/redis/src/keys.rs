//! Every key of ours in Redis, spelt here and nowhere else.
//!
//! ```text
//! PREFIX:r{a7}REST      a record: what layout.rs packs; REST is its id less the last byte
//! PREFIX:g{a7}REST      the guesses at it, as core's Attempts writes them
//! PREFIX:d{a7}          what of the bucket is due to be swept, and when (sorted set)
//! PREFIX:d{a7}HOUR      what comes due in an hour that has not begun (list): see due.rs
//! PREFIX:t{a7}          what the bucket holds, in figures (hash): see figures.rs
//! PREFIX:l{ACCOUNT}     an account's list: record ids by time of making (sorted set)
//! PREFIX:a{accounts}ID  an account and its tokens; the digests beside it:
//! PREFIX:k{accounts}DIGEST   whose token this is
//! PREFIX:o{accounts}    every account by time of making (sorted set)
//! PREFIX:h{accounts}    domains by host (hash)
//! PREFIX:c{check}       the check that only the right key file opens
//! PREFIX:v{check}       the format of all this, as a number
//! PREFIX:q…             an allowance
//! ```
//!
//! What stands in braces decides the slot of Redis Cluster, so that a script
//! finds all of its keys on one node. `a7` is one of 256 buckets: the last byte
//! of a record's id, in hexadecimal. It is the bucket and not the whole id, so
//! that a bucket's figures and its order of sweeping change in the same step as
//! its records, and stay true whatever happens in between.

use std::fmt;
use std::str::FromStr;

use waxseal_core::id::{AccountId, RecordId, TokenDigest};
use waxseal_core::store::{Action, Subject};

/// How many buckets records lie in.
pub(crate) const BUCKETS: usize = 256;

/// One of the [`BUCKETS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Bucket(u8);

impl Bucket {
    /// The one a record lies in.
    pub(crate) fn of(id: &RecordId) -> Self {
        let [.., last] = id.0;
        Self(last)
    }

    /// Its place among all.
    pub(crate) fn number(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> + Clone {
        (0..=u8::MAX).map(Self)
    }
}

/// What a record is called within its bucket: its id less the byte that names the bucket.
pub(crate) type Member = [u8; 31];

/// A record's name in its bucket.
pub(crate) fn member(id: &RecordId) -> &[u8] {
    &id.0[..31]
}

/// What every key begins with; a colon follows. 1 to 32 letters, digits, `-`, `.`,
/// `_` and `:`, so that no brace decides a slot and no star widens an access rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix(String);

/// A prefix that is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is no prefix for keys: 1 to 32 letters, digits, - . _ and :")]
pub struct BadPrefix(String);

impl Default for Prefix {
    /// `waxseal`
    fn default() -> Self {
        Self("waxseal".to_owned())
    }
}

impl FromStr for Prefix {
    type Err = BadPrefix;

    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        let sound = (1..=32).contains(&text.len()) && text.bytes().all(fits);
        if sound { Ok(Self(text.to_owned())) } else { Err(BadPrefix(text.to_owned())) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key that stands in Redis is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Record(RecordId),
    Guesses(RecordId),
}

/// Spells keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: Prefix,
}

impl Keys {
    pub(crate) fn new(prefix: Prefix) -> Self {
        Self { prefix }
    }

    /// What every key of ours looks like, to Redis' access lists.
    pub(crate) fn pattern(&self) -> String {
        format!("{}:*", self.prefix)
    }

    /// Records and guesses, for SCAN.
    pub(crate) fn records_pattern(&self) -> String {
        format!("{}:[rg]{{*", self.prefix)
    }

    /// What a key is that [`Keys::records_pattern`] found; `None` for none of ours.
    pub(crate) fn found(&self, key: &[u8]) -> Option<Found> {
        let rest = key.strip_prefix(self.prefix.0.as_bytes())?.strip_prefix(b":")?;
        let (kind, rest) = rest.split_first()?;
        let (bucket, name) = rest.strip_prefix(b"{")?.split_at_checked(2)?;
        let bucket = u8::from_str_radix(std::str::from_utf8(bucket).ok()?, 16).ok()?;
        let name = Member::try_from(name.strip_prefix(b"}")?).ok()?;
        let id = RecordId::try_from(&[&name[..], &[bucket]].concat()[..]).ok()?;
        match kind {
            b'r' => Some(Found::Record(id)),
            b'g' => Some(Found::Guesses(id)),
            _ => None,
        }
    }

    pub(crate) fn record(&self, id: &RecordId) -> Vec<u8> {
        self.spell('r', Bucket::of(id), member(id))
    }

    pub(crate) fn guesses(&self, id: &RecordId) -> Vec<u8> {
        self.spell('g', Bucket::of(id), member(id))
    }

    pub(crate) fn record_named(&self, bucket: Bucket, member: &Member) -> Vec<u8> {
        self.spell('r', bucket, member)
    }

    pub(crate) fn guesses_named(&self, bucket: Bucket, member: &Member) -> Vec<u8> {
        self.spell('g', bucket, member)
    }

    pub(crate) fn due(&self, bucket: Bucket) -> Vec<u8> {
        self.spell('d', bucket, &[])
    }

    /// The hour that begins at `start`, in Unix seconds.
    pub(crate) fn hour(&self, bucket: Bucket, start: u64) -> Vec<u8> {
        self.spell('d', bucket, start.to_string().as_bytes())
    }

    pub(crate) fn tally(&self, bucket: Bucket) -> Vec<u8> {
        self.spell('t', bucket, &[])
    }

    pub(crate) fn list(&self, account: &AccountId) -> Vec<u8> {
        self.key('l', &format!("{:032x}", u128::from_be_bytes(account.0)), &[])
    }

    pub(crate) fn account(&self, account: &AccountId) -> Vec<u8> {
        self.key('a', "accounts", &account.0)
    }

    pub(crate) fn digest(&self, digest: &TokenDigest) -> Vec<u8> {
        self.key('k', "accounts", &digest.0)
    }

    pub(crate) fn accounts(&self) -> Vec<u8> {
        self.key('o', "accounts", &[])
    }

    pub(crate) fn domains(&self) -> Vec<u8> {
        self.key('h', "accounts", &[])
    }

    pub(crate) fn check(&self) -> Vec<u8> {
        self.key('c', "check", &[])
    }

    pub(crate) fn format(&self) -> Vec<u8> {
        self.key('v', "check", &[])
    }

    /// Its bytes may hold braces. That leads to some slot, the same every time.
    pub(crate) fn allowance(&self, subject: Subject, action: Action) -> Vec<u8> {
        let action = match action {
            Action::Create => 'c',
            Action::Reveal => 'r',
            Action::Mail => 'm',
        };
        let (kind, of): (char, &[u8]) = match &subject {
            Subject::Client(client) => ('c', client.as_bytes()),
            Subject::Account(account) => ('a', account.as_bytes()),
        };
        [format!("{}:q{action}{kind}", self.prefix).as_bytes(), of].concat()
    }

    fn spell(&self, kind: char, bucket: Bucket, rest: &[u8]) -> Vec<u8> {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
        self.joined(kind, &[digit(bucket.0 >> 4), digit(bucket.0 & 15)], rest)
    }

    fn key(&self, kind: char, tag: &str, rest: &[u8]) -> Vec<u8> {
        self.joined(kind, tag.as_bytes(), rest)
    }

    fn joined(&self, kind: char, tag: &[u8], rest: &[u8]) -> Vec<u8> {
        [self.prefix.0.as_bytes(), &[b':', kind as u8, b'{'], tag, b"}", rest].concat()
    }
}

/// The slot of Redis Cluster that a key lies in: CRC-16/XMODEM of what stands
/// between the first `{` and the next `}`, of the whole key if nothing does
/// (Redis Cluster specification, "Hash tags").
pub(crate) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let close = rest.iter().position(|byte| *byte == b'}')?;
        (close > 0).then(|| &rest[..close])
    });
    crc16(tag.unwrap_or(key)) % 16_384
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample;

    fn keys() -> Keys {
        Keys::new(Prefix::default())
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(slot(b"{user1000}.following"), slot(b"{user1000}.followers"));
        assert_eq!(slot(b"foo{}{bar}"), crc16(b"foo{}{bar}") % 16_384);
        assert_eq!(slot(b"foo{{bar}}zap"), crc16(b"{bar") % 16_384);
        assert_eq!(slot(b"foo{bar}{zap}"), crc16(b"bar") % 16_384);
        assert_eq!(slot(b"}{a"), crc16(b"}{a") % 16_384);
    }

    #[test]
    fn all_of_a_record_lies_in_one_slot() {
        let keys = keys();
        for n in 0..1_000 {
            let mut id = sample::id(n);
            // Braces in an id must lead nowhere else.
            (id.0[0], id.0[1], id.0[9]) = (b'}', b'{', b'}');
            let bucket = Bucket::of(&id);
            let home = slot(&keys.record(&id));
            for key in [keys.guesses(&id), keys.due(bucket), keys.hour(bucket, 3_600), keys.tally(bucket)] {
                assert_eq!(slot(&key), home);
            }
            assert_eq!(keys.record_named(bucket, &member(&id).try_into().unwrap()), keys.record(&id));
        }
    }

    #[test]
    fn a_key_is_found_to_be_what_it_was_spelt_for() {
        let (keys, id) = (keys(), sample::id(7));
        assert_eq!(keys.found(&keys.record(&id)), Some(Found::Record(id)));
        assert_eq!(keys.found(&keys.guesses(&id)), Some(Found::Guesses(id)));
        let short = &keys.record(&id)[..20];
        for other in
            [short, &keys.tally(Bucket::of(&id)), &keys.check(), b"other:r{a7}", b"", b"waxseal:r{zz}"]
        {
            assert_eq!(keys.found(other), None);
        }
    }

    #[test]
    fn all_of_the_accounts_lies_in_one_slot() {
        let keys = keys();
        let home = slot(&keys.accounts());
        assert_eq!(slot(&keys.account(&sample::account_id(7))), home);
        assert_eq!(slot(&keys.domains()), home);
        assert_eq!(slot(&keys.digest(&sample::token(7).digest)), home);
    }

    #[test]
    fn a_records_key_fills_an_allocation_of_48_bytes() {
        // A header of 3 bytes before it and a zero behind it are Redis' own.
        assert_eq!(keys().record(&sample::id(1)).len() + 4, 48);
    }

    #[test]
    fn buckets_spread_evenly_over_masters() {
        for masters in [3, 4, 5, 6, 8, 12] {
            let mut counts = vec![0; masters];
            for bucket in Bucket::all() {
                counts[usize::from(slot(&keys().tally(bucket))) * masters / 16_384] += 1;
            }
            let fair = BUCKETS / masters;
            let most = *counts.iter().max().unwrap();
            assert!(most <= fair + fair * 2 / 5, "{masters}: {counts:?}");
        }
    }

    #[test]
    fn a_prefix_is_plain() {
        for prefix in ["waxseal", "a", "team-1:prod.x_y"] {
            assert!(prefix.parse::<Prefix>().is_ok(), "{prefix}");
        }
        for prefix in ["", "a b", "a*", "{a}", "é", &"a".repeat(33)] {
            assert!(prefix.parse::<Prefix>().is_err(), "{prefix}");
        }
    }
}
