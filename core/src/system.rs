//! The machine's own clock, randomness and processor: the only file of this
//! crate that touches the machine.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ring::rand::{SecureRandom, SystemRandom};

use crate::entropy::{Entropy, EntropyError};
use crate::seal::kdf::{Cost, SALT_BYTES, Stretch, StretchError, argon2id};
use crate::secret::{KeyBytes, Passphrase};
use crate::time::{Clock, Moment};

/// Wall time that never runs backwards within this process. A system clock that was set
/// back is behind what was read before: until it comes up with that, time goes on by the
/// steady clock, slower by a sixteenth, so that the two meet again. If it stood still
/// instead, every life, lock and allowance would wait for the system's clock.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: Mutex<Option<Reading>>,
}

/// What was read last, and when that was by the steady clock.
#[derive(Clone, Copy, Debug)]
struct Reading {
    since_epoch: Duration,
    steady: Instant,
}

impl Reading {
    /// The next one.
    fn after(latest: Option<Self>, since_epoch: Duration, steady: Instant) -> Self {
        match latest {
            Some(latest) if since_epoch < latest.since_epoch => {
                let passed = steady.saturating_duration_since(latest.steady);
                Self { since_epoch: latest.since_epoch.saturating_add(passed - passed / 16), steady }
            }
            _ => Self { since_epoch, steady },
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        // The clocks are read behind the lock: who comes later reads later.
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let reading = Reading::after(*latest, since_epoch, Instant::now());
        *latest = Some(reading);
        Moment::from_millis(u64::try_from(reading.since_epoch.as_millis()).unwrap_or(u64::MAX))
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
        let ahead = Reading { since_epoch: Duration::from_secs(1 << 40), steady: Instant::now() };
        let clock = SystemClock { latest: Mutex::new(Some(ahead)) };
        let first = clock.now();
        assert!(first.millis() >= 1_000 << 40 && clock.now().millis() >= first.millis());
    }

    #[test]
    fn a_clock_that_was_set_back_is_waited_for_and_time_goes_on() {
        let (noon, start) = (Duration::from_secs(43_200), Instant::now());
        let hour = Duration::from_secs(3_600);
        let read =
            |latest, wall, passed: u64| Reading::after(latest, wall, start + Duration::from_secs(passed));
        let first = read(None, noon, 0);
        let back = read(Some(first), noon - hour, 0);
        assert_eq!(back.since_epoch, noon);
        let later = read(Some(back), noon - hour + Duration::from_secs(32), 32);
        assert_eq!(later.since_epoch, noon + Duration::from_secs(30));
        let met = read(Some(later), later.since_epoch + Duration::from_millis(1), 99_999);
        assert_eq!(met.since_epoch, later.since_epoch + Duration::from_millis(1));
    }

    #[test]
    fn entropy_differs_from_call_to_call() {
        let entropy = SystemEntropy::default();
        let draw = || crate::entropy::draw::<32>(&entropy).unwrap();
        assert_ne!(draw(), draw());
    }
}
