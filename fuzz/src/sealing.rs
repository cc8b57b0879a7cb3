//! Sealed bytes, the same in every run, and damage to do to them.

use std::sync::atomic::{AtomicU64, Ordering};

use waxseal_core::entropy::{Entropy, EntropyError};
use waxseal_core::id::{Kid, LinkKey, RecordId};
use waxseal_core::seal::content::{Binding, Content, Header, seal};
use waxseal_core::seal::kdf::Cost;
use waxseal_core::secret::KeyBytes;
use waxseal_core::store::{Kind, Sealed};
use waxseal_core::time::Timestamp;

/// One edit: where (modulo the length), and the bits to flip there. No bits at
/// all cut the bytes there instead; an edit at their end adds a byte.
pub type Edit = (u16, u8);

/// The bytes after every edit.
#[must_use]
pub fn edited(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, bits) in edits {
        let at = usize::from(*at) % (bytes.len() + 1);
        match (bytes.get_mut(at), bits) {
            (_, 0) => bytes.truncate(at),
            (Some(byte), bits) => *byte ^= bits,
            (None, byte) => bytes.push(*byte),
        }
    }
    bytes
}

/// A content, sealed, and all it takes to open it.
pub struct Opener {
    /// As a store hands it over.
    pub sealed: Sealed,
    /// The reader's key.
    pub link: LinkKey,
    /// The passphrase's key, if it takes one.
    pub stretched: Option<KeyBytes>,
    /// K_content.
    pub master: KeyBytes,
    /// The record it stands in.
    pub id: RecordId,
}

impl Opener {
    /// Seals a value, under a passphrase's key or none.
    #[must_use]
    pub fn of(value: &str, passphrase: bool) -> Self {
        let (link, master, binding) = (LinkKey::from([1; 20]), KeyBytes::from([2; 32]), binding());
        let stretched = passphrase.then(|| KeyBytes::from([3; 32]));
        let header = Header { kid: Kid([4; 4]), cost: passphrase.then_some(Cost::USUAL), salt: [5; 16] };
        let content = Content { value: value.into(), share_domain: Some("links.example".to_owned()) };
        let (lock, body) = seal(&content, header, &link, stretched.as_ref(), &master, &binding);
        let Binding { id, created, expires, kind } = binding;
        let sealed = Sealed { created, expires, kind, passphrase_required: passphrase, lock, body };
        Self { sealed, link, stretched, master, id }
    }
}

/// What every content here is bound to.
#[must_use]
pub const fn binding() -> Binding {
    Binding {
        id: RecordId([6; 32]),
        created: Timestamp::from_secs(1_000),
        expires: Timestamp::from_secs(2_000),
        kind: Kind::Share,
    }
}

/// Randomness that repeats itself from run to run, so that every find does:
/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Default)]
pub struct Drawn(AtomicU64);

impl Drawn {
    /// Other randomness for every seed.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for Drawn {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        for chunk in out.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
