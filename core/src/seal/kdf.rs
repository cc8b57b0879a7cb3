//! Stretching a passphrase: Argon2id (RFC 9106), version 0x13.

use async_trait::async_trait;
use zeroize::{Zeroize, Zeroizing};

use crate::secret::{KeyBytes, Passphrase};

/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;

/// What one run of Argon2id costs. It travels inside the lock and is
/// authenticated there, and it is bounded on the way in: below the floor a stolen
/// store is cheap to guess at, above the cap a hostile row eats the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    m_kib: u32,
    t: u8,
    p: u8,
}

impl Cost {
    /// 19 MiB, two passes, one lane: the floor, and OWASP's first choice. 12 ms a
    /// run on an idle core, 56 ms on a loaded one (BENCHMARKING.md).
    pub const USUAL: Self = Self { m_kib: 19_456, t: 2, p: 1 };

    /// `None` unless 19,456 <= `m_kib` <= 262,144, 2 <= `t` <= 6, 1 <= `p` <= 4.
    #[must_use]
    pub const fn new(m_kib: u32, t: u8, p: u8) -> Option<Self> {
        if m_kib < 19_456 || m_kib > 262_144 || t < 2 || t > 6 || p < 1 || p > 4 {
            return None;
        }
        Some(Self { m_kib, t, p })
    }

    /// Memory in KiB, passes, lanes.
    #[must_use]
    pub const fn parts(self) -> (u32, u8, u8) {
        (self.m_kib, self.t, self.p)
    }
}

/// Why a passphrase was not stretched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StretchError {
    /// Too many are waiting.
    #[error("too many passphrases are being checked")]
    Busy,
    /// There was not enough memory for it, or the pool is shutting down.
    #[error("the passphrase could not be stretched")]
    Failed,
}

/// A place for one run, given back when it is dropped.
#[derive(Default)]
pub struct Place(Option<Box<dyn std::any::Any + Send>>);

impl Place {
    /// A place that is `held` for as long as it is taken.
    #[must_use]
    pub fn holding(held: impl std::any::Any + Send) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Place").field(&self.0.is_some()).finish()
    }
}

/// Runs Argon2id somewhere: at once, or in a pool that bounds how many run.
#[async_trait]
pub trait Stretch: std::fmt::Debug + Send + Sync + 'static {
    /// A place for a run. It is taken before a guess is counted: one that nobody can check
    /// must cost nothing.
    ///
    /// # Errors
    /// [`StretchError::Busy`] where there is none.
    fn place(&self) -> Result<Place, StretchError> {
        Ok(Place::default())
    }

    /// The key that belongs to a passphrase.
    ///
    /// # Errors
    /// [`StretchError`] if it was not run.
    async fn stretch(
        &self,
        place: Place,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError>;
}

/// Argon2id of the passphrase's bytes, here and now. Takes `cost` of memory and
/// tens of milliseconds; the memory is wiped, and returned to the system.
///
/// # Errors
/// [`StretchError::Failed`] if there is not enough memory, or if the passphrase
/// is longer than 2^32 - 1 bytes.
pub fn argon2id(
    passphrase: &Passphrase,
    salt: &[u8; SALT_BYTES],
    cost: Cost,
) -> Result<KeyBytes, StretchError> {
    let params = argon2::Params::new(cost.m_kib, u32::from(cost.t), u32::from(cost.p), Some(32))
        .map_err(|_| StretchError::Failed)?;
    let mut memory = Memory::new(params.block_count())?;
    let mut key = Zeroizing::new([0; 32]);
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into_with_memory(passphrase.expose(), salt, &mut *key, memory.0.as_mut_slice())
        .map_err(|_| StretchError::Failed)?;
    Ok(KeyBytes::from(*key))
}

/// Blocks of 1 KiB to ask for at least. glibc hands memory back for certain only
/// above 32 MiB. What is smaller it keeps after a while, and being aligned, it
/// fits no later request of the same size: measured, a process grew by 19 MiB a
/// run, to 430 MiB. Pages that are never touched take no memory.
const LEAST_BLOCKS: usize = 33 << 10;

/// What Argon2 works in. Wiped on drop, as far as it was used.
struct Memory(Vec<argon2::Block>);

impl Memory {
    fn new(blocks: usize) -> Result<Self, StretchError> {
        let mut memory = Vec::new();
        memory.try_reserve_exact(blocks.max(LEAST_BLOCKS)).map_err(|_| StretchError::Failed)?;
        memory.resize(blocks, argon2::Block::default());
        Ok(Self(memory))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.iter_mut().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_have_floor_and_cap() {
        assert_eq!(Cost::new(19_456, 2, 1), Some(Cost::USUAL));
        assert_eq!(Cost::new(262_144, 6, 4).map(Cost::parts), Some((262_144, 6, 4)));
        for (m, t, p) in
            [(19_455, 2, 1), (262_145, 2, 1), (19_456, 1, 1), (19_456, 7, 1), (19_456, 2, 0), (19_456, 2, 5)]
        {
            assert_eq!(Cost::new(m, t, p), None, "{m} {t} {p}");
        }
    }

    #[test]
    fn every_byte_of_a_long_passphrase_counts() {
        let long = "x".repeat(73);
        let salt = [7; SALT_BYTES];
        let key = |text: &str| argon2id(&Passphrase::from(text), &salt, Cost::USUAL).unwrap();
        assert_ne!(key(&long).expose(), key(&long[..72]).expose());
    }
}
