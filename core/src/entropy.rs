//! Randomness, handed in like time.

use std::fmt;

/// The system gave no random bytes. Nothing may be made without them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system's random number generator failed")]
pub struct EntropyError;

/// A source of unpredictable bytes. Our own trait, because ring's
/// `SecureRandom` is sealed and a test must be able to repeat itself.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// Fills `out`.
    ///
    /// # Errors
    /// [`EntropyError`] if not every byte could be filled.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError>;
}

/// `N` fresh bytes.
///
/// # Errors
/// As [`Entropy::fill`].
pub fn draw<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}
