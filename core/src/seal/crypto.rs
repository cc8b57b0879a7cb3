//! The one place that calls cryptographic primitives, so that another library
//! with the same algorithms could take ring's place.

use ring::{aead, digest, hkdf, hmac};
use zeroize::Zeroizing;

use crate::secret::KeyBytes;

/// Bytes of an AES-256-GCM tag.
pub(crate) const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;

/// The sealed bytes were changed, cut, or belong elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Forged;

/// A key that encrypts one message ever, with the nonce derived beside it.
pub(crate) struct OneTimeKey {
    pub(crate) key: Zeroizing<[u8; 32]>,
    pub(crate) nonce: [u8; NONCE_BYTES],
}

impl OneTimeKey {
    /// Encrypts in place and appends the tag. Reserve [`TAG_BYTES`] beforehand, or
    /// the plaintext is left behind where the buffer was.
    pub(crate) fn seal(&self, aad: &[u8], buffer: &mut Vec<u8>) {
        let sealed = self.aead().seal_in_place_append_tag(self.nonce(), aead::Aad::from(aad), buffer);
        sealed.expect("AES-256-GCM fails only above 64 GiB");
    }

    /// Decrypts in place; the plaintext is what is returned, at the buffer's start.
    pub(crate) fn open<'a>(&self, aad: &[u8], buffer: &'a mut [u8]) -> Result<&'a mut [u8], Forged> {
        self.aead().open_in_place(self.nonce(), aead::Aad::from(aad), buffer).map_err(|_| Forged)
    }

    fn aead(&self) -> aead::LessSafeKey {
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &*self.key);
        aead::LessSafeKey::new(key.expect("32 bytes are an AES-256 key"))
    }

    fn nonce(&self) -> aead::Nonce {
        aead::Nonce::assume_unique_for_key(self.nonce)
    }
}

/// HKDF-Extract with SHA-256 (RFC 5869).
pub(crate) fn extract(salt: &KeyBytes, input: &[u8]) -> hkdf::Prk {
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt.expose()).extract(input)
}

/// HKDF-Expand with SHA-256 (RFC 5869) from a key that is uniform already.
pub(crate) fn derive(key: &KeyBytes, label: &[u8]) -> KeyBytes {
    let mut okm = Zeroizing::new([0; 32]);
    expand(&hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key.expose()), &[label], &mut *okm);
    KeyBytes::from(*okm)
}

/// HKDF-Expand of the joined `info` into `out`.
pub(crate) fn expand(prk: &hkdf::Prk, info: &[&[u8]], out: &mut [u8]) {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let filled = prk.expand(info, Length(out.len())).and_then(|okm| okm.fill(out));
    filled.expect("HKDF-SHA256 gives up to 8,160 bytes, and the lengths are equal");
}

/// A key for HMAC-SHA256 that is used for every request: what each use would do with
/// the key itself is done beforehand. It lives as long as the process.
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    pub(crate) fn new(key: &KeyBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// HMAC-SHA256 of the joined parts.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

/// HMAC-SHA256 of the joined parts.
pub(crate) fn mac(key: &KeyBytes, parts: &[&[u8]]) -> [u8; 32] {
    MacKey::new(key).mac(parts)
}

/// SHA-256 of the joined parts.
pub(crate) fn hash(parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(context.finish().as_ref());
    out
}
