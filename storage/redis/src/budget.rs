//! The budget of stored bytes. What stands is counted in Redis, in each bucket's
//! tally; here is the sum of them, at most two seconds old, and what this process
//! has changed since.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How old the sum may be.
const OLDEST: Duration = Duration::from_secs(2);

/// How many bytes may be stored.
#[derive(Debug)]
pub(crate) struct Budget {
    most: u64,
    /// Read while a record is on its way, and written while the tallies are summed
    /// up: so the sum holds each record of this process whole or not at all.
    gate: RwLock<()>,
    known: Mutex<Known>,
}

#[derive(Clone, Copy, Default, Debug)]
struct Known {
    /// The sum, and since when it stands.
    sum: Option<(u64, Instant)>,
    /// What this process has added since, less what it has given back.
    moved: i128,
}

impl Budget {
    /// A budget of `most` bytes, 0 for no bound.
    pub(crate) fn new(most: u64) -> Self {
        Self { most, gate: RwLock::default(), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is no bound, or the sum is young enough.
    fn is_fresh(&self) -> bool {
        self.most == 0 || self.known().sum.is_some_and(|(_, at)| at.elapsed() < OLDEST)
    }

    /// If the sum must be taken anew: what keeps records back meanwhile.
    pub(crate) async fn summing(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        if self.is_fresh() {
            return None;
        }
        let gate = self.gate.write().await;
        // Another may have done it while we waited.
        (!self.is_fresh()).then_some(gate)
    }

    /// The sum as just taken.
    pub(crate) fn set(&self, sum: u64) {
        *self.known() = Known { sum: Some((sum, Instant::now())), moved: 0 };
    }

    /// The sum can't be had: the old one has to do, if there is one, until the next time.
    pub(crate) fn keep(&self) -> bool {
        let mut known = self.known();
        let kept = known.sum.map(|(sum, _)| (sum, Instant::now()));
        known.sum = kept;
        kept.is_some()
    }

    /// Takes so many bytes, if they are there, for a record that is now to be stored.
    pub(crate) async fn reserve(&self, bytes: u64) -> Reserved<'_> {
        if self.most == 0 {
            return Reserved { budget: self, bytes: 0, granted: true, decided: true, _gate: None };
        }
        let gate = self.gate.read().await;
        let mut known = self.known();
        let (sum, _) = known.sum.unwrap_or((0, Instant::now()));
        let granted = i128::from(sum) + known.moved + i128::from(bytes) <= i128::from(self.most);
        let bytes = if granted { bytes } else { 0 };
        known.moved += i128::from(bytes);
        Reserved { budget: self, bytes, granted, decided: !granted, _gate: Some(gate) }
    }

    /// So many bytes have gone.
    pub(crate) fn release(&self, bytes: u64) {
        self.known().moved -= i128::from(bytes);
    }
}

/// Bytes for a record on its way. If nobody tells what became of it, the tallies
/// are asked before the next one.
#[derive(Debug)]
pub(crate) struct Reserved<'a> {
    budget: &'a Budget,
    bytes: u64,
    granted: bool,
    decided: bool,
    _gate: Option<RwLockReadGuard<'a, ()>>,
}

impl Reserved<'_> {
    /// Whether there is room.
    pub(crate) fn granted(&self) -> bool {
        self.granted
    }

    /// The record stands.
    pub(crate) fn used(mut self) {
        self.decided = true;
    }

    /// It does not.
    pub(crate) fn unused(mut self) {
        self.decided = true;
        self.budget.release(self.bytes);
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.decided {
            self.budget.known().sum = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_reserved_counts_until_it_is_given_back() {
        let budget = Budget::new(10);
        assert!(budget.summing().await.is_some());
        budget.set(4);
        assert!(budget.summing().await.is_none());
        let first = budget.reserve(6).await;
        assert!(first.granted() && !budget.reserve(1).await.granted());
        first.unused();
        let second = budget.reserve(6).await;
        assert!(second.granted());
        second.used();
        assert!(!budget.reserve(1).await.granted());
        budget.release(1);
        let third = budget.reserve(1).await;
        assert!(third.granted());
        drop(third);
        assert!(budget.summing().await.is_some(), "nobody knows what became of it");
    }

    #[tokio::test]
    async fn without_a_bound_nothing_is_counted() {
        let budget = Budget::new(0);
        assert!(budget.summing().await.is_none());
        assert!(budget.reserve(u64::MAX).await.granted());
    }

    #[tokio::test]
    async fn an_old_sum_has_to_do_where_there_is_none_newer() {
        let budget = Budget::new(10);
        assert!(!budget.keep());
        budget.set(10);
        assert!(budget.keep() && !budget.reserve(1).await.granted());
    }
}
