//! Argon2id off the async threads: as many at once as there are cores, a short
//! queue behind them, and a clear refusal beyond.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use waxseal_core::seal::kdf::{Cost, SALT_BYTES, Stretch, StretchError, argon2id};
use waxseal_core::secret::{KeyBytes, Passphrase};

/// Passphrases that may wait: at 25 ms each, on two cores, under a second. One that is
/// refused was counted as a guess all the same, so the queue is rather too long than
/// too short. It takes no memory: that is bounded by how many run.
const QUEUE: usize = 64;

/// Runs Argon2id in the runtime's blocking threads, bounded in number and so in memory.
#[derive(Debug)]
pub struct StretchPool {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
    cores: usize,
    refused: AtomicU64,
}

/// What a pool is busy with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Load {
    /// Passphrases that are being checked.
    pub(crate) running: u64,
    /// Passphrases that wait.
    pub(crate) waiting: u64,
    /// Passphrases that were turned away since the start.
    pub(crate) refused: u64,
}

impl StretchPool {
    /// At most `cores` at once.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let cores = cores.max(1);
        let places = Arc::new(Semaphore::new(cores + QUEUE));
        Self { running: Arc::new(Semaphore::new(cores)), places, cores, refused: AtomicU64::new(0) }
    }

    pub(crate) fn load(&self) -> Load {
        let running = self.cores.saturating_sub(self.running.available_permits());
        let taken = (self.cores + QUEUE).saturating_sub(self.places.available_permits());
        let refused = self.refused.load(Ordering::Relaxed);
        // The two are read one after the other.
        Load { running: running as u64, waiting: taken.saturating_sub(running) as u64, refused }
    }

    fn refuse(&self) -> StretchError {
        self.refused.fetch_add(1, Ordering::Relaxed);
        StretchError::Busy
    }
}

#[async_trait]
impl Stretch for StretchPool {
    async fn stretch(
        &self,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| self.refuse())?;
        let turn = self.running.clone().acquire_owned().await.map_err(|_| StretchError::Failed)?;
        // Place and turn go with the work: a caller that hangs up does not make room
        // before the memory is free.
        let work = move || {
            let _held = (place, turn);
            argon2id(&passphrase, &salt, cost)
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StretchError::Failed)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn beyond_the_queue_it_is_busy_and_then_it_serves_again() {
        let pool = Arc::new(StretchPool::new(1));
        let stretch = |pool: Arc<StretchPool>| async move {
            pool.stretch(Passphrase::from("x"), [0; SALT_BYTES], Cost::USUAL).await
        };
        let crowd: Vec<_> = (0..1 + QUEUE + 7).map(|_| tokio::spawn(stretch(pool.clone()))).collect();
        let mut busy = 0;
        for one in crowd {
            busy += u64::from(matches!(one.await.unwrap(), Err(StretchError::Busy)));
        }
        assert!((1..=7).contains(&busy), "{busy} were refused");
        assert_eq!(pool.load(), Load { running: 0, waiting: 0, refused: busy });
        assert!(stretch(pool).await.is_ok());
    }
}
