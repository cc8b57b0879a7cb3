//! Allowances, counted in this process: GCRA (the generic cell rate algorithm of
//! ATM Forum TM 4.0), one number a subject.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::store::{Action, Limiter, Pass, Rate, StoreError, Subject};
use crate::time::{Moment, Ttl};

/// Subjects remembered at once. Beyond, those whose allowance is whole again are
/// forgotten; if all are in use, the newcomer is refused for a moment: an
/// attacker with many addresses costs memory of this size and no more.
const SUBJECTS: usize = 100_000;
/// In the unit of all times here.
const SECOND: u64 = 1_000_000;

/// A limiter for one process.
#[derive(Debug, Default)]
pub struct LocalLimiter {
    allowances: Mutex<Allowances>,
}

#[derive(Debug, Default)]
struct Allowances {
    /// When each subject's allowance is whole again, in Unix microseconds: in
    /// milliseconds, none could be above 1,000 a second.
    whole_at: HashMap<(Subject, Action), u64>,
    /// When the whole ones were last forgotten.
    pruned_at: u64,
}

impl Allowances {
    /// Whether there is room for one more subject. Looks through all of them once
    /// a second at most, so that a crowd of newcomers makes nobody wait for that.
    fn has_room(&mut self, now: u64) -> bool {
        if self.whole_at.len() >= SUBJECTS && now >= self.pruned_at + SECOND {
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            self.pruned_at = now;
        }
        self.whole_at.len() < SUBJECTS
    }
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn take(
        &self,
        subject: Subject,
        action: Action,
        rate: Rate,
        now: Moment,
    ) -> Result<Pass, StoreError> {
        // A panic while the lock is held leaves a count that is at worst one off.
        let mut allowances = self.allowances.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.millis() * (SECOND / 1_000);
        let has_room = allowances.has_room(now);
        if let Some(whole_at) = allowances.whole_at.get_mut(&(subject, action)) {
            let (next, pass) = gcra(*whole_at, rate, now);
            *whole_at = next;
            return Ok(pass);
        }
        if !has_room {
            return Ok(Pass::Refused { retry_after: Ttl::from_secs(1) });
        }
        let (next, pass) = gcra(0, rate, now);
        allowances.whole_at.insert((subject, action), next);
        Ok(pass)
    }
}

/// One step: each action costs `per / count`, and as much as `per` may be owed.
fn gcra(whole_at: u64, rate: Rate, now: u64) -> (u64, Pass) {
    let window = rate.per.secs() * SECOND;
    let cost = (window / u64::from(rate.count.max(1))).max(1);
    let owed = whole_at.max(now) + cost;
    if owed > now + window.max(cost) {
        let wait = owed - now - window.max(cost);
        return (whole_at, Pass::Refused { retry_after: Ttl::from_secs(wait.div_ceil(SECOND)) });
    }
    (owed, Pass::Allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { count: 3, per: Ttl::from_secs(1_200) };

    #[test]
    fn a_burst_is_allowed_and_then_one_at_a_time() {
        let mut whole_at = 0;
        let mut take = |now: u64| {
            let (next, pass) = gcra(whole_at, RATE, now * SECOND);
            whole_at = next;
            pass
        };
        for _ in 0..3 {
            assert_eq!(take(1_000), Pass::Allowed);
        }
        assert_eq!(take(1_000), Pass::Refused { retry_after: Ttl::from_secs(400) });
        assert_eq!(take(1_399), Pass::Refused { retry_after: Ttl::from_secs(1) });
        assert_eq!(take(1_400), Pass::Allowed);
        assert_eq!(take(1_400), Pass::Refused { retry_after: Ttl::from_secs(400) });
        for _ in 0..3 {
            assert_eq!(take(9_000), Pass::Allowed, "rest makes the allowance whole, and no more than whole");
        }
        assert!(matches!(take(9_000), Pass::Refused { .. }));
    }

    #[test]
    fn what_comes_after_retry_after_is_allowed() {
        for count in [1, 7, 1_000, 2_000_000] {
            let rate = Rate { count, per: Ttl::from_secs(1_200) };
            let (mut whole_at, mut now) = (0, 5 * SECOND);
            for _ in 0..3_000 {
                match gcra(whole_at, rate, now) {
                    (next, Pass::Allowed) => whole_at = next,
                    (_, Pass::Refused { retry_after }) => {
                        now += retry_after.secs() * SECOND;
                        assert_eq!(gcra(whole_at, rate, now).1, Pass::Allowed, "{count}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_allowance_may_be_more_than_one_a_millisecond() {
        let rate = Rate { count: 4_000_000, per: Ttl::from_secs(1_200) };
        let mut whole_at = 0;
        for n in 0..4_000_000 {
            let (next, pass) = gcra(whole_at, rate, SECOND);
            assert_eq!(pass, Pass::Allowed, "{n}");
            whole_at = next;
        }
        assert!(matches!(gcra(whole_at, rate, SECOND).1, Pass::Refused { .. }));
    }

    #[test]
    fn a_full_table_forgets_who_is_whole_and_refuses_newcomers_till_then() {
        let mut allowances = Allowances::default();
        for n in 0..SUBJECTS as u64 {
            let client = Subject::Client(crate::id::ClientId(n.to_be_bytes()));
            allowances.whole_at.insert((client, Action::Create), 5 * SECOND);
        }
        assert!(!allowances.has_room(4 * SECOND));
        assert!(!allowances.has_room(5 * SECOND - 1));
        assert_eq!(allowances.pruned_at, 4 * SECOND, "it is looked through once a second at most");
        assert!(allowances.has_room(5 * SECOND), "a second later all are whole");
        assert!(allowances.whole_at.is_empty());
    }

    #[test]
    fn a_table_with_room_is_not_looked_through() {
        let mut allowances = Allowances::default();
        assert!(allowances.has_room(9 * SECOND));
        assert_eq!(allowances.pruned_at, 0);
    }

    #[tokio::test]
    async fn a_full_table_refuses_newcomers_and_goes_on_counting_the_known() {
        let limiter = LocalLimiter::default();
        let client = |n: u64| Subject::Client(crate::id::ClientId(n.to_be_bytes()));
        let take = async |n, secs: u64| {
            limiter.take(client(n), Action::Create, RATE, Moment::from_millis(secs * 1_000)).await.unwrap()
        };
        for n in 0..SUBJECTS as u64 {
            assert_eq!(take(n, 1_000).await, Pass::Allowed);
        }
        let newcomer = SUBJECTS as u64;
        assert_eq!(take(newcomer, 1_000).await, Pass::Refused { retry_after: Ttl::from_secs(1) });
        assert_eq!([take(0, 1_000).await, take(0, 1_000).await], [Pass::Allowed; 2]);
        assert_eq!(take(0, 1_000).await, Pass::Refused { retry_after: Ttl::from_secs(400) });
        assert_eq!(take(newcomer, 1_400).await, Pass::Allowed, "all others are whole again");
    }
}
