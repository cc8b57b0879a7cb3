//! Gives back the space of what has expired. Nothing depends on it: expiry is
//! checked whenever a record is read.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use waxseal_core::store::Store;
use waxseal_core::time::{Clock, Timestamp};

/// Sealed bytes are off the disk within a minute of their expiry; this leaves room for a long sweep.
const EVERY: Duration = Duration::from_secs(5);
/// Records of one call: a store's other work waits for no more than this.
const AT_ONCE: usize = 1_000;
/// Calls of one round.
const CALLS: usize = 50;
/// A wall clock that leaps this far ahead is more likely wrong than right.
const LEAP: Duration = Duration::from_secs(3_600);
/// Time for an operator to set it back before anything is removed for good.
const PAUSE: Duration = Duration::from_secs(600);

/// Sweeps until the task is aborted.
pub(crate) async fn sweep_for_ever(store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    let mut pace = Pace::new(clock.now().timestamp(), Instant::now());
    loop {
        tokio::time::sleep(EVERY).await;
        let now = clock.now().timestamp();
        if pace.may_sweep(now, Instant::now()) {
            // A clock that leapt and was set right stays ahead within this process,
            // but what is swept is gone for good.
            round(&*store, now.min(system_time())).await;
        }
    }
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_secs(since.as_secs())
}

async fn round(store: &dyn Store, now: Timestamp) {
    for _ in 0..CALLS {
        match store.sweep(AT_ONCE, now).await {
            Ok(swept) if swept.more => {}
            Ok(_) => return,
            Err(error) => return tracing::warn!(%error, "the sweep failed; it will be tried again"),
        }
    }
}

/// Tells a wall clock that leaps from one that runs.
struct Pace {
    wall: Timestamp,
    steady: Instant,
    paused_until: Option<Instant>,
}

impl Pace {
    fn new(wall: Timestamp, steady: Instant) -> Self {
        Self { wall, steady, paused_until: None }
    }

    fn may_sweep(&mut self, wall: Timestamp, steady: Instant) -> bool {
        let passed = steady.duration_since(self.steady);
        if Duration::from_secs(wall.since(self.wall).secs()) > passed + LEAP {
            tracing::warn!(
                "the clock leapt ahead by more than an hour; sweeping pauses for ten minutes. If the clock was wrong, set it right and restart: time never runs backwards within a process"
            );
            self.paused_until = Some(steady + PAUSE);
        }
        (self.wall, self.steady) = (wall, steady);
        self.paused_until.is_none_or(|until| steady >= until)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use waxseal_conformance::sample::{LIFE, START, made, record};
    use waxseal_core::time::{Moment, Ttl};
    use waxseal_memory::MemoryStore;

    use super::*;

    /// A clock that is set by hand, in seconds.
    #[derive(Debug)]
    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Moment {
            Moment::from_millis(self.0.load(Ordering::SeqCst) * 1_000)
        }
    }

    /// A store of secrets that were made then.
    async fn filled(all: impl IntoIterator<Item = Timestamp>) -> Arc<MemoryStore> {
        let store = Arc::new(MemoryStore::new(0));
        for (number, at) in (0..).zip(all) {
            store.create(made(record(number), at, LIFE), at).await.unwrap();
        }
        store
    }

    async fn left(store: &MemoryStore) -> u64 {
        store.usage().await.unwrap().new
    }

    #[tokio::test]
    async fn a_round_does_all_that_is_due() {
        let store = filled(std::iter::repeat_n(START, 2 * AT_ONCE + 1)).await;
        round(&*store, START.plus(LIFE)).await;
        assert_eq!(left(&store).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_ahead_sweeps_nothing_early_and_one_that_leapt_nothing_at_all() {
        let now = system_time();
        let store = filled([Timestamp::from_secs(0), now]).await;
        let clock = Arc::new(Hand(now.plus(Ttl::days(1)).secs().into()));
        let sweeping = tokio::spawn(sweep_for_ever(store.clone(), clock.clone()));
        tokio::time::sleep(2 * EVERY).await;
        assert_eq!(left(&store).await, 1);
        clock.0.fetch_add(2 * LEAP.as_secs(), Ordering::SeqCst);
        let at = Timestamp::from_secs(0);
        store.create(made(record(7), at, LIFE), at).await.unwrap();
        tokio::time::sleep(2 * EVERY).await;
        assert_eq!(left(&store).await, 2);
        sweeping.abort();
    }

    #[test]
    fn a_leap_ahead_pauses_and_a_step_does_not() {
        let start = Instant::now();
        let at = |secs: u64| (Timestamp::from_secs(1_000_000 + secs), start + Duration::from_secs(secs));
        let mut pace = Pace::new(at(0).0, at(0).1);
        assert!(pace.may_sweep(at(5).0, at(5).1));
        assert!(!pace.may_sweep(at(3_700).0, at(10).1), "an hour in five seconds");
        assert!(!pace.may_sweep(at(3_705).0, at(609).1));
        assert!(pace.may_sweep(at(4_400).0, at(610).1));
    }
}
