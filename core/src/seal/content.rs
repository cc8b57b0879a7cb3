//! A secret's content, sealed. Layout, integers big-endian:
//!
//! ```text
//! lock   = header 29 ‖ commitment 32
//! header = version u8 = 1 ‖ kid 4 ‖ flags u8 ‖ kdf u8 ‖ m u32 ‖ t u8 ‖ p u8 ‖ salt 16
//!          flags: bit 0 = a passphrase is needed. kdf: 1 = Argon2id; kdf, m, t
//!          and p are zero without a passphrase.
//! body   = AES-256-GCM( length u32 ‖ domain length u8 ‖ domain ‖ value ‖ zeros ) ‖ tag 16
//!          length is the value's. The zeros pad the plaintext to [`padded`].
//!
//! A    = Argon2id(passphrase, salt), or 32 zero bytes
//! PRK  = HKDF-Extract(K_content, SHA-256(L) ‖ A)
//! okm  = HKDF-Expand(PRK, "waxseal1 content" ‖ header, 76) = key 32 ‖ nonce 12 ‖ commitment 32
//! aad  = header ‖ record id ‖ created u64 ‖ expires u64 ‖ kind u8 ‖ "content"
//! ```
//!
//! The key encrypts one message ever: the salt is fresh at every seal. The
//! commitment is compared before the AEAD runs, because GCM does not commit to
//! its key; it is the only verifier of a passphrase.

use ring::digest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::crypto::{self, OneTimeKey, TAG_BYTES};
use super::kdf::{Cost, SALT_BYTES};
use super::labels;
use crate::id::{Kid, LinkKey, RecordId};
use crate::secret::{KeyBytes, Plaintext};
use crate::store::{Kind, LOCK_BYTES, Lock, Sealed};
use crate::time::Timestamp;
use crate::wiped::Wiped;

const VERSION: u8 = 1;
const HEADER: usize = 29;
const PASSPHRASE: u8 = 1;
const ARGON2ID: u8 = 1;

/// What a seal binds the content to, beside the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The record it stands in.
    pub id: RecordId,
    /// Time of making.
    pub created: Timestamp,
    /// From here on it is past.
    pub expires: Timestamp,
    /// Given or made here.
    pub kind: Kind,
}

/// What is sealed.
#[derive(Debug)]
pub struct Content {
    /// The value.
    pub value: Plaintext,
    /// The custom domain of its link, as a bare host of at most 255 bytes.
    pub share_domain: Option<String>,
}

/// Why a sealed content does not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenError {
    /// The passphrase is another.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The lock or the body is not what was sealed.
    #[error("the record is damaged: {0}")]
    Damaged(&'static str),
}

/// The readable part of a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The master key it was sealed under.
    pub kid: Kid,
    /// What a guess at the passphrase costs; `None` without a passphrase.
    pub cost: Option<Cost>,
    /// Fresh at every seal, passphrase or not.
    pub salt: [u8; SALT_BYTES],
}

impl Header {
    /// Reads a lock's header. Strict: nothing but what [`seal`] writes.
    ///
    /// # Errors
    /// [`OpenError::Damaged`].
    pub fn of(lock: &Lock) -> Result<Self, OpenError> {
        let bytes = &lock.0;
        if bytes[0] != VERSION {
            return Err(OpenError::Damaged("its version is unknown"));
        }
        let m_kib = u32::from_be_bytes([bytes[7], bytes[8], bytes[9], bytes[10]]);
        let cost = match (bytes[5], bytes[6]) {
            (0, 0) if bytes[7..13] == [0; 6] => None,
            (PASSPHRASE, ARGON2ID) => Some(
                Cost::new(m_kib, bytes[11], bytes[12])
                    .ok_or(OpenError::Damaged("its cost is out of bounds"))?,
            ),
            _ => return Err(OpenError::Damaged("its flags are unknown")),
        };
        let mut salt = [0; SALT_BYTES];
        salt.copy_from_slice(&bytes[13..HEADER]);
        Ok(Self { kid: Kid([bytes[1], bytes[2], bytes[3], bytes[4]]), cost, salt })
    }

    fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = VERSION;
        bytes[1..5].copy_from_slice(self.kid.as_bytes());
        if let Some(cost) = self.cost {
            let (m_kib, t, p) = cost.parts();
            bytes[5] = PASSPHRASE;
            bytes[6] = ARGON2ID;
            bytes[7..11].copy_from_slice(&m_kib.to_be_bytes());
            bytes[11] = t;
            bytes[12] = p;
        }
        bytes[13..].copy_from_slice(&self.salt);
        bytes
    }
}

/// Seals a content. `stretched` is the passphrase's key, made with the header's
/// cost and salt; `None` for none.
#[must_use]
pub fn seal(
    content: &Content,
    header: Header,
    link: &LinkKey,
    stretched: Option<&KeyBytes>,
    master: &KeyBytes,
    binding: &Binding,
) -> (Lock, Vec<u8>) {
    let header = header.to_bytes();
    let (key, commitment) = keys(&header, link, stretched, master);
    let mut body = pack(content);
    key.seal(&aad(&header, binding), &mut body);
    let mut lock = [0; LOCK_BYTES];
    lock[..HEADER].copy_from_slice(&header);
    lock[HEADER..].copy_from_slice(&*commitment);
    (Lock(lock), body)
}

/// Opens a content, where it lies. Nothing of the store is consumed by it.
///
/// # Errors
/// [`OpenError::WrongPassphrase`] only where there is a passphrase; all else is damage.
pub fn open(
    sealed: Sealed,
    link: &LinkKey,
    stretched: Option<&KeyBytes>,
    master: &KeyBytes,
    id: &RecordId,
) -> Result<Content, OpenError> {
    let header = Header::of(&sealed.lock)?;
    if header.cost.is_some() != sealed.passphrase_required {
        return Err(OpenError::Damaged("lock and record disagree"));
    }
    let (key, commitment) = keys(&header.to_bytes(), link, stretched, master);
    if !bool::from(commitment.ct_eq(&sealed.lock.0[HEADER..])) {
        let damaged = OpenError::Damaged("its commitment does not fit");
        return Err(if header.cost.is_some() { OpenError::WrongPassphrase } else { damaged });
    }
    let binding = Binding { id: *id, created: sealed.created, expires: sealed.expires, kind: sealed.kind };
    let mut body = Wiped::new(sealed.body);
    let length = key.open(&aad(&header.to_bytes(), &binding), &mut body).map(|packed| packed.len());
    body.truncate(length.map_err(|_| OpenError::Damaged("its body is not what was sealed"))?);
    unpack(body).ok_or(OpenError::Damaged("its content has no known shape"))
}

/// Length in bytes of a packed content of `length` bytes with its padding: the
/// next multiple of 64 up to 1,024; above, of the largest power of two that is at
/// most a sixteenth of `length`. Sizes in a stolen store tell little.
#[must_use]
pub fn padded(length: usize) -> usize {
    let step = if length <= 1_024 { 64 } else { 1 << (length / 16).ilog2() };
    length.next_multiple_of(step)
}

fn keys(
    header: &[u8; HEADER],
    link: &LinkKey,
    stretched: Option<&KeyBytes>,
    master: &KeyBytes,
) -> (OneTimeKey, Zeroizing<[u8; 32]>) {
    let mut input = Zeroizing::new([0; 64]);
    input[..32].copy_from_slice(digest::digest(&digest::SHA256, link.expose()).as_ref());
    if let Some(stretched) = stretched {
        input[32..].copy_from_slice(stretched.expose());
    }
    let mut okm = Zeroizing::new([0; 76]);
    crypto::expand(&crypto::extract(master, &*input), &[labels::CONTENT, header], &mut *okm);
    let mut key = OneTimeKey { key: Zeroizing::new([0; 32]), nonce: [0; 12] };
    key.key.copy_from_slice(&okm[..32]);
    key.nonce.copy_from_slice(&okm[32..44]);
    let mut commitment = Zeroizing::new([0; 32]);
    commitment.copy_from_slice(&okm[44..]);
    (key, commitment)
}

fn aad(header: &[u8; HEADER], binding: &Binding) -> [u8; 85] {
    let mut aad = [0; 85];
    aad[..29].copy_from_slice(header);
    aad[29..61].copy_from_slice(binding.id.as_bytes());
    aad[61..69].copy_from_slice(&binding.created.secs().to_be_bytes());
    aad[69..77].copy_from_slice(&binding.expires.secs().to_be_bytes());
    aad[77] = binding.kind.code();
    aad[78..].copy_from_slice(labels::CONTENT_AAD);
    aad
}

/// The one buffer the plaintext is copied into, with room for the tag, so that it
/// is encrypted where it stands and nothing is left behind.
fn pack(content: &Content) -> Vec<u8> {
    let domain = content.share_domain.as_deref().unwrap_or_default().as_bytes();
    let value = content.value.expose().as_bytes();
    let domain_len = u8::try_from(domain.len()).unwrap_or(0);
    let domain = &domain[..usize::from(domain_len)];
    let length = padded(4 + 1 + domain.len() + value.len());
    let mut packed = Vec::with_capacity(length + TAG_BYTES);
    packed.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
    packed.push(domain_len);
    packed.extend(domain);
    packed.extend(value);
    packed.resize(length, 0);
    packed
}

/// The value stays in the buffer that it was decrypted in.
fn unpack(mut packed: Wiped) -> Option<Content> {
    let (length, rest) = packed.split_first_chunk::<4>()?;
    let (domain_len, rest) = rest.split_first()?;
    let (domain, rest) = rest.split_at_checked(usize::from(*domain_len))?;
    let (value, padding) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let end = packed.len() - padding.len();
    if padding.iter().any(|byte| *byte != 0) || packed.len() != padded(end) {
        return None;
    }
    let domain = std::str::from_utf8(domain).ok()?;
    let share_domain = (!domain.is_empty()).then(|| domain.to_owned());
    let start = end - value.len();
    packed.truncate(end);
    packed.remove_front(start);
    Some(Content { value: Plaintext::from_utf8(packed)?, share_domain })
}
