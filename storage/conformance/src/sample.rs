//! Records, accounts and clients to try a store with: the same for the same
//! number, different for different numbers.

use waxseal_core::brand::Accent;
use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, ClientId, Kid, RecordId, TokenDigest};
use waxseal_core::store::{
    Account, AccountState, Kind, LOCK_BYTES, Lock, MailState, Owner, Record, Scope, Sealed, Token,
};
use waxseal_core::time::{Timestamp, Ttl};

/// When every sample is made, unless [`made`] says otherwise.
pub const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// How long every sample lives, unless [`made`] says otherwise.
pub const LIFE: Ttl = Ttl::hours(1);

/// The master key every sample is sealed under.
pub const KID: Kid = Kid([1, 2, 3, 4]);

/// So many seconds after [`START`].
#[must_use]
pub fn after(secs: u64) -> Timestamp {
    START.plus(Ttl::from_secs(secs))
}

/// The `n`-th id: greater than the one before, and spread like a derived one.
#[must_use]
pub fn id(n: u32) -> RecordId {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    bytes[4..].copy_from_slice(&noise(n, 28));
    RecordId(bytes)
}

/// A guest's secret that needs no passphrase.
#[must_use]
pub fn record(n: u32) -> Record {
    let mut lock = [0; LOCK_BYTES];
    lock.copy_from_slice(&noise(n ^ 0x0010_0000, LOCK_BYTES));
    let sealed = Sealed {
        created: START,
        expires: START.plus(LIFE),
        kind: if n.is_multiple_of(2) { Kind::Share } else { Kind::Generate },
        passphrase_required: false,
        lock: Lock(lock),
        body: noise(n ^ 0x0020_0000, 40 + n as usize % 100),
    };
    let info = noise(n ^ 0x0030_0000, 30 + n as usize % 20);
    Record { id: id(n), kid: KID, sealed, info, owner: None, mail: MailState::None }
}

/// A guest's secret that needs a passphrase.
#[must_use]
pub fn guarded(n: u32) -> Record {
    let mut record = record(n);
    record.sealed.passphrase_required = true;
    record
}

/// An account's secret.
#[must_use]
pub fn owned(n: u32, account: AccountId) -> Record {
    Record { owner: Some(Owner { account, own: noise(n ^ 0x0040_0000, 57) }), ..record(n) }
}

/// `record`, made at `created` to live for `life`.
#[must_use]
pub fn made(mut record: Record, created: Timestamp, life: Ttl) -> Record {
    record.sealed.created = created;
    record.sealed.expires = created.plus(life);
    record
}

/// The `n`-th client.
#[must_use]
pub fn client(n: u32) -> ClientId {
    ClientId(u64::from(n).to_be_bytes())
}

/// The id of the `n`-th account.
#[must_use]
pub fn account_id(n: u32) -> AccountId {
    AccountId(u128::from(n).to_be_bytes())
}

/// The `n`-th account, made `n` seconds after [`START`].
#[must_use]
pub fn account(n: u32) -> Account {
    Account {
        id: account_id(n),
        name: noise(n ^ 0x0050_0000, 44),
        plan: format!("plan-{n}"),
        language: (!n.is_multiple_of(2)).then(|| "pt-BR".to_owned()),
        state: if n.is_multiple_of(3) { AccountState::Suspended } else { AccountState::Active },
        created: after(u64::from(n)),
    }
}

/// The `n`-th token.
#[must_use]
pub fn token(n: u32) -> Token {
    let mut digest = [0; 32];
    digest.copy_from_slice(&noise(n ^ 0x0060_0000, 32));
    Token {
        digest: TokenDigest(digest),
        name: format!("token {n}"),
        scope: [Scope::Full, Scope::Create, Scope::Read][n as usize % 3],
        created: after(u64::from(n)),
        expires: n.is_multiple_of(2).then(|| after(u64::from(n) + 86_400)),
        wrap: noise(n ^ 0x0070_0000, 60),
    }
}

/// The `n`-th domain, of the `account`-th account: with a name or a colour of its
/// own, both, or neither.
#[must_use]
pub fn domain(n: u32, account: u32) -> Domain {
    let [.., red, green, blue] = (n * 0x0001_0305).to_be_bytes();
    Domain {
        host: format!("d{n:03}.example:8443"),
        account: account_id(account),
        name: n.is_multiple_of(2).then(|| format!("D\u{f6}main \"{n}\"\t<b>")),
        accent: n.is_multiple_of(3).then_some(Accent([red, green, blue])),
    }
}

/// Bytes that look random: splitmix64, seeded by `n`.
fn noise(n: u32, len: usize) -> Vec<u8> {
    let mut state = u64::from(n);
    let mut word = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    std::iter::repeat_with(|| word().to_be_bytes()).flatten().take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_differ_by_their_number_alone() {
        assert_eq!(record(7), record(7));
        assert!(record(7) != record(8) && id(7) < id(8) && id(255) < id(256));
        assert_ne!(record(7).sealed.lock, record(8).sealed.lock);
        assert_ne!(token(7).digest, token(8).digest);
    }
}
