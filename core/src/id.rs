//! Names of things: the two capabilities that stand in links, and the
//! identifiers that stores, logs and counters see instead of them.

use std::fmt;

use ring::{digest, hmac};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::seal::crypto::MacKey;
use crate::seal::labels;
use crate::time::Tick;

/// Bytes in a key: 160 bits, of which 128 are random (RFC 4086 asks for no more).
pub const KEY_BYTES: usize = 20;
/// Characters of a key as text: the least `n` with 36^n >= 2^160.
pub const KEY_CHARS: usize = 31;

/// A key as text: 31 characters of `[0-9a-z]`, base 36, zero-padded, most
/// significant first. Wiped on drop, for a key in text is a capability.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct KeyText([u8; KEY_CHARS]);

/// The digits of base 36, least first.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Characters that are converted at once: the most that fit 32 bits, 36^6 < 2^32.
const GROUP: usize = 6;

impl KeyText {
    fn encode(bytes: &[u8; KEY_BYTES]) -> Self {
        /// 36 to the power of [`GROUP`].
        const BASE: u64 = 36 * 36 * 36 * 36 * 36 * 36;
        let mut limbs = Zeroizing::new(limbs(bytes));
        let mut text = [b'0'; KEY_CHARS];
        for places in text.rchunks_mut(GROUP) {
            let mut group = 0;
            for limb in limbs.iter_mut() {
                let value = (group << 32) + u64::from(*limb);
                *limb = low(value / BASE);
                group = value % BASE;
            }
            for place in places.iter_mut().rev() {
                *place = DIGITS[(group % 36) as usize];
                group /= 36;
            }
        }
        Self(text)
    }

    fn decode(text: &str) -> Option<[u8; KEY_BYTES]> {
        let text: &[u8; KEY_CHARS] = text.as_bytes().try_into().ok()?;
        let mut limbs = Zeroizing::new([0u32; KEY_BYTES / 4]);
        for places in text.rchunks(GROUP).rev() {
            let (mut base, mut carry) = (1, 0);
            for character in places {
                carry = carry * 36 + digit(*character)?;
                base *= 36;
            }
            for limb in limbs.iter_mut().rev() {
                let value = u64::from(*limb) * base + carry;
                *limb = low(value);
                carry = value >> 32;
            }
            if carry != 0 {
                return None;
            }
        }
        let mut bytes = [0; KEY_BYTES];
        for (place, limb) in bytes.chunks_exact_mut(4).zip(limbs.iter()) {
            place.copy_from_slice(&limb.to_be_bytes());
        }
        Some(bytes)
    }

    /// The characters. Call it as late as possible: whoever reads them holds the key.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A key as a number of 32-bit limbs, most significant first.
fn limbs(bytes: &[u8; KEY_BYTES]) -> [u32; KEY_BYTES / 4] {
    let mut limbs = [0; KEY_BYTES / 4];
    for (limb, place) in limbs.iter_mut().zip(bytes.chunks_exact(4)) {
        *limb = place.iter().fold(0, |limb, byte| limb * 256 + u32::from(*byte));
    }
    limbs
}

/// The lower half.
fn low(value: u64) -> u32 {
    let [.., a, b, c, d] = value.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

fn digit(character: u8) -> Option<u64> {
    match character {
        b'0'..=b'9' => Some(u64::from(character - b'0')),
        b'a'..=b'z' => Some(u64::from(character - b'a') + 10),
        _ => None,
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText([redacted])")
    }
}

macro_rules! capability {
    ($name:ident, $debug:literal) => {
        impl $name {
            /// Reads a key from its text. `None` for anything but 31 characters
            /// of `[0-9a-z]` that stand for a number below 2^160.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                KeyText::decode(text).map(Self)
            }

            /// The key that a text names; for a text that is no key, one that
            /// leads nowhere, so that both are looked up the same way and in
            /// the same time.
            #[must_use]
            pub fn named(text: &str) -> Self {
                Self::parse(text).unwrap_or_else(|| {
                    let hash = digest::digest(&digest::SHA256, text.as_bytes());
                    let mut bytes = [0; KEY_BYTES];
                    bytes.copy_from_slice(&hash.as_ref()[..KEY_BYTES]);
                    Self(bytes)
                })
            }

            /// The key as text, for a link or an answer.
            #[must_use]
            pub fn text(&self) -> KeyText {
                KeyText::encode(&self.0)
            }

            /// The 20 bytes, as every derivation takes them.
            #[must_use]
            pub fn expose(&self) -> &[u8; KEY_BYTES] {
                &self.0
            }
        }

        impl From<[u8; KEY_BYTES]> for $name {
            fn from(bytes: [u8; KEY_BYTES]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($debug)
            }
        }
    };
}

/// The creator's key, M: 128 random bits, then the tick of its making. It leads
/// to the metadata, to the burn, and one way to the [`LinkKey`]. Not to be shared.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MetadataKey([u8; KEY_BYTES]);
capability!(MetadataKey, "MetadataKey([redacted])");

impl MetadataKey {
    /// Joins 128 random bits and the tick of the moment.
    #[must_use]
    pub fn assemble(random: &[u8; 16], tick: Tick) -> Self {
        let mut bytes = [0; KEY_BYTES];
        bytes[..16].copy_from_slice(random);
        bytes[16..].copy_from_slice(&tick.to_bytes());
        Self(bytes)
    }

    /// The reader's key that belongs to this one:
    /// L = tick(M) ‖ first 16 bytes of HMAC-SHA256(M, "waxseal1 link").
    /// L says nothing about M.
    #[must_use]
    pub fn link_key(&self) -> LinkKey {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), labels::LINK);
        let mut bytes = [0; KEY_BYTES];
        bytes[..4].copy_from_slice(&self.0[16..]);
        bytes[4..].copy_from_slice(&mac.as_ref()[..16]);
        LinkKey(bytes)
    }
}

/// The reader's key, L: what stands in a share link. It opens once.
/// Its first 32 bits are the tick, so that keys made one after the other sort
/// one after the other and a B-tree stays cheap.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LinkKey([u8; KEY_BYTES]);
capability!(LinkKey, "LinkKey([redacted])");

impl LinkKey {
    /// The record's id: tick(L) ‖ first 28 bytes of HMAC-SHA256(K_index, L).
    pub(crate) fn record_id(&self, index: &MacKey) -> RecordId {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&self.0[..4]);
        id[4..].copy_from_slice(&index.mac(&[&self.0])[..28]);
        RecordId(id)
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// The bytes, as stores keep them.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = std::array::TryFromSliceError;
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }
    };
}

identifier!(
    /// What a store knows a secret by. Derived one way from the [`LinkKey`] under
    /// a server key: a stolen store leads to no link. Sorts by time of making.
    RecordId,
    32
);
identifier!(
    /// What a store knows an account by: the first 16 bytes of
    /// HMAC-SHA256(K_name, "index" ‖ lower-cased name).
    AccountId,
    16
);
identifier!(
    /// What counters know a client by: the first 8 bytes of a keyed hash of its
    /// address (of its /64 for IPv6). A collision merges two clients' counts.
    ClientId,
    8
);
identifier!(
    /// Which master key sealed a record: the first 4 bytes of HMAC-SHA256(K, "kid").
    Kid,
    4
);
identifier!(
    /// What a store knows an API token by: HMAC-SHA256(K_token, token).
    TokenDigest,
    32
);

impl ClientId {
    /// The client of an embedder that tells its callers apart by other means.
    pub const LOCAL: Self = Self([0; 8]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_and_the_greatest_key_round_trip() {
        for bytes in [[0; 20], [0xff; 20], [7; 20]] {
            let key = LinkKey::from(bytes);
            let text = key.text();
            assert_eq!(text.expose().len(), KEY_CHARS);
            assert_eq!(LinkKey::parse(text.expose()).unwrap().expose(), &bytes);
        }
        assert_eq!(LinkKey::from([0; 20]).text().expose(), "0".repeat(31));
    }

    /// Base 36 by long division, byte by byte.
    fn plainly(mut bytes: [u8; KEY_BYTES]) -> String {
        let digits = (0..KEY_CHARS).map(|_| {
            let rest = bytes.iter_mut().fold(0, |carry, byte| {
                let value = carry * 256 + u32::from(*byte);
                *byte = u8::try_from(value / 36).unwrap();
                value % 36
            });
            char::from_digit(rest, 36).unwrap()
        });
        digits.collect::<Vec<_>>().into_iter().rev().collect()
    }

    #[test]
    fn groups_of_characters_are_what_single_ones_are() {
        for seed in 0..500u32 {
            let mut bytes = [0; KEY_BYTES];
            let hash = digest::digest(&digest::SHA256, &seed.to_be_bytes());
            bytes[seed as usize % KEY_BYTES..]
                .copy_from_slice(&hash.as_ref()[seed as usize % KEY_BYTES..KEY_BYTES]);
            let text = LinkKey::from(bytes).text();
            assert_eq!(text.expose(), plainly(bytes));
            assert_eq!(LinkKey::parse(text.expose()).unwrap().expose(), &bytes);
        }
    }

    #[test]
    fn a_number_of_2_to_the_160_is_no_key() {
        let greatest = LinkKey::from([0xff; 20]).text();
        let last = greatest.expose().chars().next_back().and_then(|digit| char::from_u32(digit as u32 + 1));
        let above = format!("{}{}", &greatest.expose()[..30], last.unwrap());
        assert!(LinkKey::parse(greatest.expose()).is_some());
        assert!(LinkKey::parse(&above).is_none(), "one more than the greatest");
        assert!(LinkKey::parse(&"z".repeat(31)).is_none());
    }

    #[test]
    fn other_shapes_are_no_key() {
        for text in ["", "0", &"0".repeat(30), &"0".repeat(32), &"A".repeat(31), &"é".repeat(31)] {
            assert!(LinkKey::parse(text).is_none(), "{} characters", text.len());
        }
    }

    #[test]
    fn the_link_key_carries_the_tick_and_no_debug_shows_a_key() {
        let key = MetadataKey::assemble(&[1; 16], Tick::from_bytes([9, 8, 7, 6]));
        assert_eq!(key.link_key().expose()[..4], [9, 8, 7, 6]);
        let shown = format!("{key:?} {:?} {:?}", key.link_key(), key.text());
        assert!(!shown.contains(key.text().expose()));
    }
}
