//! How many requests are worked on at once. One more is told to come again once its body
//! is there, and before anything is done of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Turns for requests. Clones share them.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    most: usize,
    taken: AtomicUsize,
    refused: AtomicU64,
}

/// A request's turn, given back on drop.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Counts>);

/// The time in which a request lets another have its turn, until this is dropped.
#[derive(Debug)]
pub(crate) struct Outside(Arc<Counts>);

impl Turns {
    /// Turns for `most` requests at once; 0 for any number.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = if most == 0 { usize::MAX } else { most };
        Self(Arc::new(Counts { most, taken: AtomicUsize::default(), refused: AtomicU64::default() }))
    }

    /// A turn, if there is one. Nobody waits for one.
    pub(crate) fn take(&self) -> Option<Turn> {
        let free = |taken| (taken < self.0.most).then(|| taken + 1);
        if self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).is_err() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Turn(self.0.clone()))
    }

    /// Steps out, for a request that has a turn and waits for what has a bound of its own.
    /// When it comes back, there may for a moment be more than the most.
    pub(crate) fn step_out(&self) -> Outside {
        // What works without a turn, such as a test, leaves none behind.
        let given = |taken: usize| Some(taken.saturating_sub(1));
        self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, given).ok();
        Outside(self.0.clone())
    }

    /// How many are worked on.
    pub(crate) fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed) as u64
    }

    /// How many were told to come again since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.0.taken.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_turns_as_were_said() {
        let turns = Turns::new(2);
        let mut inside: Vec<_> = (0..5).filter_map(|_| turns.take()).collect();
        assert_eq!((inside.len(), turns.taken(), turns.refused()), (2, 2, 3));
        let outside = turns.step_out();
        inside.extend(turns.take());
        drop(outside);
        assert_eq!((turns.taken(), turns.take().is_none()), (3, true));
        inside.clear();
        assert_eq!(turns.taken(), 0);
        assert_eq!((0..5).filter_map(|_| Turns::new(0).take()).count(), 5);
    }
}
