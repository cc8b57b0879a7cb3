//! Argon2id off the async threads: as many at once as there are cores, a short
//! queue behind them, and a clear refusal beyond.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use waxseal_core::seal::kdf::{Cost, Place, SALT_BYTES, Stretch, StretchError, argon2id};
use waxseal_core::secret::{KeyBytes, Passphrase};

use crate::Turns;
use crate::room::Room;

/// Passphrases that may wait within a second: at 25 ms each, on two cores, they are done in
/// under another. It takes no memory: that is bounded by how many run.
const QUEUE: usize = 64;

/// Runs Argon2id in the runtime's blocking threads, bounded in number and so in memory.
#[derive(Debug)]
pub struct StretchPool {
    running: Arc<Semaphore>,
    room: Arc<Room>,
    cores: usize,
    turns: Turns,
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
    /// At most `cores` at once. As many more may wait at any time: each for no longer than
    /// it takes itself. Who waits has no turn meanwhile.
    #[must_use]
    pub fn new(cores: usize, turns: Turns) -> Self {
        let cores = cores.max(1);
        let room = Room::new(2 * cores, cores + QUEUE);
        Self { running: Arc::new(Semaphore::new(cores)), room, cores, turns }
    }

    pub(crate) fn load(&self) -> Load {
        let running = self.cores.saturating_sub(self.running.available_permits());
        // The two are read one after the other.
        let waiting = self.room.taken().saturating_sub(running) as u64;
        Load { running: running as u64, waiting, refused: self.room.refused() }
    }
}

#[async_trait]
impl Stretch for StretchPool {
    fn place(&self) -> Result<Place, StretchError> {
        self.room.enter().map(Place::holding).ok_or(StretchError::Busy)
    }

    async fn stretch(
        &self,
        place: Place,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError> {
        let _outside = self.turns.step_out();
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

    #[tokio::test(start_paused = true)]
    async fn beyond_the_queue_it_is_busy_and_then_it_serves_again() {
        let pool = Arc::new(StretchPool::new(1, Turns::new(0, 0)));
        let stretch = |pool: Arc<StretchPool>, place| async move {
            pool.stretch(place, Passphrase::from("x"), [0; SALT_BYTES], Cost::USUAL).await
        };
        let places: Vec<_> = (0..1 + QUEUE + 7).filter_map(|_| pool.place().ok()).collect();
        assert_eq!((places.len(), pool.load().refused), (1 + QUEUE, 7));
        let crowd: Vec<_> =
            places.into_iter().map(|place| tokio::spawn(stretch(pool.clone(), place))).collect();
        for one in crowd {
            assert!(one.await.unwrap().is_ok());
        }
        assert_eq!(pool.load(), Load { running: 0, waiting: 0, refused: 7 });
        assert!(stretch(pool.clone(), pool.place().unwrap()).await.is_ok());
    }
}
