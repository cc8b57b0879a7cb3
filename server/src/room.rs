//! How many may be inside at once. A crowd that passes within a second gets in and waits;
//! one that stays is held outside, so that those inside are not kept waiting by it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// For so long there may be more inside than usual.
const BURST: Duration = Duration::from_secs(1);
/// So long nobody must have been turned away before that may happen again: a load that
/// stays would else be let in every other second, and wait.
const CALM: Duration = Duration::from_secs(10);

/// A room for so many. Nobody waits before it: whoever finds no place is told so at once.
#[derive(Debug)]
pub(crate) struct Room {
    usual: usize,
    most: usize,
    inside: Mutex<Inside>,
    refused: AtomicU64,
}

#[derive(Default, Debug)]
struct Inside {
    taken: usize,
    /// Of these, who has stepped out and will come back.
    outside: usize,
    /// Since when there are more than usual.
    crowded: Option<Instant>,
    /// When somebody was turned away last.
    turned_away: Option<Instant>,
}

impl Inside {
    const fn present(&self) -> usize {
        self.taken.saturating_sub(self.outside)
    }

    /// Whether one more than usual may come in.
    fn may_crowd(&mut self, now: Instant) -> bool {
        let crowded = *self.crowded.get_or_insert(now);
        let calm = self.turned_away.is_none_or(|last| now - last > CALM);
        calm && now - crowded < BURST
    }
}

/// One place, given back on drop.
#[derive(Debug)]
pub(crate) struct Place(Arc<Room>);

/// Who holds it has a place and is not in it.
#[derive(Debug)]
pub(crate) struct Outside(Arc<Room>);

impl Room {
    /// For `usual` at any time, and for `most` within a second.
    pub(crate) fn new(usual: usize, most: usize) -> Arc<Self> {
        let usual = usual.max(1);
        Arc::new(Self {
            usual,
            most: most.max(usual),
            inside: Mutex::default(),
            refused: AtomicU64::default(),
        })
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut inside = self.inside();
        if inside.present() < self.usual {
            inside.crowded = None;
        } else {
            let now = Instant::now();
            if inside.present() >= self.most || !inside.may_crowd(now) {
                inside.turned_away = Some(now);
                self.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            }
        }
        inside.taken += 1;
        Some(Place(self.clone()))
    }

    /// Leaves, for as long as the answer is held, a place that is kept.
    pub(crate) fn step_out(self: &Arc<Self>) -> Outside {
        self.inside().outside += 1;
        Outside(self.clone())
    }

    /// How many are inside.
    pub(crate) fn taken(&self) -> usize {
        self.inside().present()
    }

    /// How many were turned away since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Nothing panics while it is held.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.inside().taken -= 1;
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.0.inside().outside -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(room: &Arc<Room>, count: usize) -> Vec<Place> {
        (0..count).filter_map(|_| room.enter()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_gets_in_and_a_crowd_that_stays_does_not() {
        let room = Room::new(2, 10);
        let mut inside = crowd(&room, 12);
        assert_eq!((inside.len(), room.refused()), (10, 2));
        inside.truncate(5);
        tokio::time::advance(CALM + BURST).await;
        assert!(room.enter().is_none(), "they have been here for too long");
        inside.truncate(1);
        inside.extend(crowd(&room, 10));
        assert_eq!(inside.len(), 2, "somebody was turned away just now");
        tokio::time::advance(CALM * 2).await;
        inside.clear();
        assert_eq!(crowd(&room, 12).len(), 10, "all is calm again");
        assert_eq!(room.taken(), 0);
    }
}
