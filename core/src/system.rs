//! The machine's own clock, randomness and processor: the only file of this
//! crate that touches the machine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ring::rand::{SecureRandom, SystemRandom};

use crate::entropy::{Entropy, EntropyError};
use crate::seal::kdf::{Cost, Place, SALT_BYTES, Stretch, StretchError, argon2id};
use crate::secret::{KeyBytes, Passphrase};
use crate::time::{Clock, Moment};

/// Wall time that never runs backwards within this process. A system clock that was set
/// back is behind what was read before: until it comes up with that, time goes on by the
/// steady clock, slower by a sixteenth, so that the two meet again. If it stood still
/// instead, every life, lock and allowance would wait for the system's clock.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// The latest reading, in milliseconds: all that is looked at while the system's clock
    /// runs ahead, as it nearly always does.
    latest: AtomicU64,
    behind: Mutex<Option<Reading>>,
}

/// What was read last while the system's clock was behind, and when that was by the
/// steady clock.
#[derive(Clone, Copy, Debug)]
struct Reading {
    since_epoch: Duration,
    steady: Instant,
}

impl Reading {
    /// The next one, where `latest` was read of any clock. What is older than that is of
    /// an earlier time behind.
    fn after(last: Option<Self>, latest: Duration, steady: Instant) -> Self {
        match last {
            Some(last) if last.since_epoch >= latest => {
                let passed = steady.saturating_duration_since(last.steady);
                Self { since_epoch: last.since_epoch.saturating_add(passed - passed / 16), steady }
            }
            _ => Self { since_epoch: latest, steady },
        }
    }
}

impl SystemClock {
    /// Goes on from the latest reading by the steady clock.
    fn go_on(&self) -> u64 {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = Duration::from_millis(self.latest.load(Ordering::Relaxed));
        let reading = Reading::after(*behind, latest, Instant::now());
        *behind = Some(reading);
        let millis = millis(reading.since_epoch);
        self.latest.fetch_max(millis, Ordering::Relaxed).max(millis)
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let now = millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        let latest = self.latest.fetch_max(now, Ordering::Relaxed);
        Moment::from_millis(if now < latest { self.go_on() } else { now })
    }
}

fn millis(since_epoch: Duration) -> u64 {
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
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
        _: Place,
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
        const AHEAD: u64 = 1_000 << 40;
        let clock = SystemClock { latest: AtomicU64::new(AHEAD), behind: Mutex::default() };
        let first = clock.now();
        assert!(first.millis() >= AHEAD && clock.now().millis() >= first.millis());
    }

    #[test]
    fn the_clock_says_what_the_systems_says() {
        let millis = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let before = millis();
        let now = u128::from(SystemClock::default().now().millis());
        assert!(before <= now && now <= millis());
    }

    #[test]
    fn a_clock_that_is_behind_goes_on_from_the_latest_reading() {
        let (noon, start) = (Duration::from_secs(43_200), Instant::now());
        let read =
            |last, latest, passed: u64| Reading::after(last, latest, start + Duration::from_secs(passed));
        let first = read(None, noon, 0);
        assert_eq!(first.since_epoch, noon);
        let later = read(Some(first), noon, 32);
        assert_eq!(later.since_epoch, noon + Duration::from_secs(30));
        let caught_up = noon + Duration::from_secs(31);
        let behind_again = read(Some(later), caught_up, 99);
        assert_eq!(behind_again.since_epoch, caught_up, "what passed in between was the system's clock");
    }

    #[test]
    fn entropy_differs_from_call_to_call() {
        let entropy = SystemEntropy::default();
        let draw = || crate::entropy::draw::<32>(&entropy).unwrap();
        assert_ne!(draw(), draw());
    }
}
