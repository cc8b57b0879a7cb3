//! The machine's own clock, randomness and processor: the only file of this
//! crate that touches the machine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ring::rand::{SecureRandom, SystemRandom};

use crate::entropy::{Entropy, EntropyError};
use crate::seal::kdf::{Cost, SALT_BYTES, Stretch, StretchError, argon2id};
use crate::secret::{KeyBytes, Passphrase};
use crate::time::{Clock, Moment};

/// Wall time that never runs backwards within this process: while the system's
/// clock is behind what was read before, the latest reading stands.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicU64,
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Moment::from_millis(self.latest.fetch_max(millis, Ordering::Relaxed).max(millis))
    }
}

/// The operating system's random number generator.
#[derive(Debug)]
pub struct SystemEntropy {
    random: SystemRandom,
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self { random: SystemRandom::new() }
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        self.random.fill(out).map_err(|_| EntropyError)
    }
}

/// Stretches passphrases where it is called, blocking for tens of milliseconds.
/// For tests and programs that do one thing at a time; a server wants a pool.
#[derive(Clone, Copy, Default, Debug)]
pub struct InlineStretch;

#[async_trait]
impl Stretch for InlineStretch {
    async fn stretch(
        &self,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError> {
        argon2id(&passphrase, &salt, cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_runs_backwards() {
        let clock = SystemClock { latest: AtomicU64::new(u64::MAX / 2) };
        assert_eq!(clock.now().millis(), u64::MAX / 2);
    }

    #[test]
    fn entropy_differs_from_call_to_call() {
        let entropy = SystemEntropy::default();
        let draw = || crate::entropy::draw::<32>(&entropy).unwrap();
        assert_ne!(draw(), draw());
    }
}
