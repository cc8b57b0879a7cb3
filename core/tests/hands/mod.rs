//! A clock for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use waxseal_core::time::{Clock, Moment, Ttl};

/// A clock that stands until it is told to move.
#[derive(Debug)]
pub(crate) struct Hands(AtomicU64);

impl Hands {
    /// Stands somewhere in November 2023.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_700_000_000_000)))
    }

    /// Moves on.
    pub(crate) fn forward(&self, ttl: Ttl) {
        self.0.fetch_add(ttl.secs() * 1_000, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::Relaxed))
    }
}
