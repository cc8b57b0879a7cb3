//! How many messages there were, by what became of them.

use std::sync::atomic::{AtomicU64, Ordering};

use waxseal_core::store::MailState;

/// What a spool has to do, and what became of what it had.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Messages that wait or are being sent.
    pub waiting: u64,
    /// Messages that were sent, since the start.
    pub sent: u64,
    /// Messages that count as not sent, since the start.
    pub failed: u64,
    /// Tries that were not the last, since the start.
    pub tried_again: u64,
    /// Messages that were not taken, since the start.
    pub no_room: u64,
}

/// Since the start.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) sent: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) tried_again: AtomicU64,
    pub(crate) no_room: AtomicU64,
}

impl Tally {
    pub(crate) fn add(to: &AtomicU64, count: u64) {
        to.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts a message at its end.
    pub(crate) fn count(&self, end: MailState) {
        Self::add(if end == MailState::Sent { &self.sent } else { &self.failed }, 1);
    }

    pub(crate) fn figures(&self, waiting: u64) -> Figures {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            waiting,
            sent: count(&self.sent),
            failed: count(&self.failed),
            tried_again: count(&self.tried_again),
            no_room: count(&self.no_room),
        }
    }
}
