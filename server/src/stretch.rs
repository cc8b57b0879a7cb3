//! Argon2id off the async threads: as many at once as there are cores, a short
//! queue behind them, and a clear refusal beyond.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;
use waxseal_core::seal::kdf::{Cost, Place, SALT_BYTES, Stretch, StretchError, argon2id};
use waxseal_core::secret::{KeyBytes, Passphrase};

use crate::Turns;

/// Passphrases that may wait: at 25 ms each, on two cores, under a second. They take no
/// memory: that is bounded by how many run.
const QUEUE: usize = 64;

/// Runs Argon2id in the runtime's blocking threads, bounded in number and so in memory.
#[derive(Debug)]
pub struct StretchPool {
    running: Arc<Semaphore>,
    places: Arc<Semaphore>,
    cores: usize,
    turns: Turns,
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
    /// At most `cores` at once. Who waits lets another have the turn meanwhile.
    #[must_use]
    pub fn new(cores: usize, turns: Turns) -> Self {
        let cores = cores.max(1);
        let places = Arc::new(Semaphore::new(cores + QUEUE));
        let running = Arc::new(Semaphore::new(cores));
        Self { running, places, cores, turns, refused: AtomicU64::new(0) }
    }

    pub(crate) fn load(&self) -> Load {
        let running = self.cores.saturating_sub(self.running.available_permits());
        let taken = (self.cores + QUEUE).saturating_sub(self.places.available_permits());
        let refused = self.refused.load(Ordering::Relaxed);
        // The two are read one after the other.
        Load { running: running as u64, waiting: taken.saturating_sub(running) as u64, refused }
    }
}

#[async_trait]
impl Stretch for StretchPool {
    fn place(&self) -> Result<Place, StretchError> {
        let place = self.places.clone().try_acquire_owned();
        place.map(Place::holding).map_err(|_| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            StretchError::Busy
        })
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
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn beyond_the_queue_it_is_busy_and_then_it_serves_again() {
        let pool = Arc::new(StretchPool::new(1, Turns::new(0)));
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

    /// The only thread for such work is busy, so that each step can be looked at.
    #[test]
    fn who_waits_takes_no_turn_and_who_hangs_up_makes_no_room_before_the_work_is_done() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (go_on, held) = std::sync::mpsc::channel::<()>();
            tokio::task::spawn_blocking(move || held.recv());
            let turns = Turns::new(2);
            let _inside = [turns.take(), turns.take()];
            let pool = StretchPool::new(1, turns.clone());
            let mut all = [(); 2].map(|()| {
                pool.stretch(pool.place().unwrap(), Passphrase::from("x"), [0; SALT_BYTES], Cost::USUAL)
            });
            for one in &mut all {
                assert!(poll_fn(|cx| Poll::Ready(one.as_mut().poll(cx).is_pending())).await);
            }
            let full = Load { running: 1, waiting: 1, refused: 0 };
            assert_eq!((turns.taken(), pool.load()), (0, full));
            let [first, second] = all;
            drop(first);
            assert_eq!((turns.taken(), pool.load()), (1, full));
            drop(go_on);
            assert!(second.await.is_ok());
            assert_eq!((turns.taken(), pool.load()), (2, Load { running: 0, waiting: 0, refused: 0 }));
        });
    }
}
