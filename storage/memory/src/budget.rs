//! The count of stored bytes: reserved before a record is stored, given back
//! when something of it goes.

use crate::sync::atomic::{AtomicU64, Ordering};

/// How many bytes are stored, and how many may be. Relaxed ordering is enough:
/// the number guards no other memory, and each change is one atomic step.
#[derive(Debug)]
pub(crate) struct Budget {
    most: u64,
    used: AtomicU64,
}

impl Budget {
    /// A budget of `most` bytes, 0 for no bound.
    pub(crate) fn new(most: u64) -> Self {
        Self { most: if most == 0 { u64::MAX } else { most }, used: AtomicU64::new(0) }
    }

    /// Takes so many bytes, or none if they are not there.
    pub(crate) fn reserve(&self, bytes: u64) -> bool {
        let within = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }

    /// Gives back what was reserved.
    pub(crate) fn release(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// What is taken now.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}
