//! Small boxes: one format for all that is kept beside a secret.
//!
//! ```text
//! box = version u8 = 1 ‖ kid 4 (zeros when keyed from the root) ‖ salt 16 ‖ ciphertext ‖ tag 16
//! key 32 ‖ nonce 12 = HKDF-Expand(HKDF-Extract(purpose key, secret 32), label ‖ version ‖ kid ‖ salt, 44)
//! aad = label ‖ version ‖ kid ‖ context
//! ```
//!
//! | box | purpose key | secret | context | holds |
//! |---|---|---|---|---|
//! | info | K_info (ring) | SHA-256(M) | record id | account name, masked recipients, share domain |
//! | own | K_account | R | record id | M, so that its account can list it |
//! | wrap | K_account | SHA-256(token) | token digest | R, once a token |
//! | name | K_name | zeros | account id | the account's name |
//! | check | K_check | zeros | "check" | a constant |
//!
//! The salt is fresh at EVERY seal, so a derived nonce never repeats.

use ring::digest;
use zeroize::Zeroizing;

use super::crypto::{self, OneTimeKey, TAG_BYTES};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::id::Kid;
use crate::secret::KeyBytes;
use crate::wiped::Wiped;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const HEAD: usize = 1 + 4 + SALT_BYTES;

/// Everything that must be the same when a box is opened as when it was sealed.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// From the root, or from the ring key that `kid` names.
    pub purpose: &'a KeyBytes,
    /// What the opener must know beside the key file.
    pub secret: &'a [u8; 32],
    /// One of [`super::labels`].
    pub label: &'static [u8],
    /// Where the box stands.
    pub context: &'a [u8],
}

/// The box can't be opened on these terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a box does not open")]
pub struct Closed;

/// The key file's part in a box that only the root has: no ring key.
pub const ROOT: Kid = Kid([0; 4]);
/// The secret of a box that needs the key file only.
pub(crate) const NOTHING: [u8; 32] = [0; 32];

impl std::fmt::Debug for Terms<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Terms")
    }
}

/// Seals `content` under a fresh salt.
///
/// # Errors
/// [`EntropyError`].
pub fn seal(
    terms: &Terms<'_>,
    kid: Kid,
    content: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, EntropyError> {
    Ok(seal_under(draw(entropy)?, terms, kid, content))
}

/// The same under a salt that was drawn beforehand, for this seal and no other.
pub(crate) fn seal_under(salt: [u8; SALT_BYTES], terms: &Terms<'_>, kid: Kid, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(content.len() + TAG_BYTES);
    body.extend(content);
    key(terms, kid, &salt).seal(&aad(terms, kid), &mut body);
    let mut sealed = Vec::with_capacity(HEAD + body.len());
    sealed.push(VERSION);
    sealed.extend(kid.as_bytes());
    sealed.extend(salt);
    sealed.extend(body);
    sealed
}

/// Opens a box.
///
/// # Errors
/// [`Closed`] if anything differs from when it was sealed.
pub fn open(terms: &Terms<'_>, sealed: &[u8]) -> Result<Wiped, Closed> {
    let kid = kid(sealed).ok_or(Closed)?;
    let (head, body) = sealed.split_at_checked(HEAD).ok_or(Closed)?;
    let salt = head[5..].try_into().map_err(|_| Closed)?;
    let mut buffer = Wiped::new(body.to_vec());
    let length = key(terms, kid, &salt).open(&aad(terms, kid), &mut buffer).map_err(|_| Closed)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The ring key a box names. `None` if this is no box of a known version.
#[must_use]
pub fn kid(sealed: &[u8]) -> Option<Kid> {
    let (head, _) = sealed.split_at_checked(HEAD)?;
    if head[0] == VERSION { Kid::try_from(&head[1..5]).ok() } else { None }
}

/// SHA-256, where a box's secret is longer or shorter than 32 bytes.
#[must_use]
pub fn hashed(secret: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut hash = Zeroizing::new([0; 32]);
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    hash
}

fn key(terms: &Terms<'_>, kid: Kid, salt: &[u8; SALT_BYTES]) -> OneTimeKey {
    let mut okm = Zeroizing::new([0; 44]);
    let prk = crypto::extract(terms.purpose, terms.secret);
    crypto::expand(&prk, &[terms.label, &[VERSION], kid.as_bytes(), salt], &mut *okm);
    let mut key = OneTimeKey { key: Zeroizing::new([0; 32]), nonce: [0; 12] };
    key.key.copy_from_slice(&okm[..32]);
    key.nonce.copy_from_slice(&okm[32..]);
    key
}

fn aad(terms: &Terms<'_>, kid: Kid) -> Vec<u8> {
    [terms.label, &[VERSION], kid.as_bytes(), terms.context].concat()
}
