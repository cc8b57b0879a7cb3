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

/// A limiter for one process.
#[derive(Debug, Default)]
pub struct LocalLimiter {
    /// When each subject's allowance is whole again, in Unix milliseconds.
    whole_at: Mutex<HashMap<(Subject, Action), u64>>,
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
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= SUBJECTS {
            whole_at.retain(|_, whole_at| *whole_at > now.millis());
        }
        let full = whole_at.len() >= SUBJECTS;
        let known = whole_at.get(&(subject, action)).copied();
        if full && known.is_none() {
            return Ok(Pass::Refused { retry_after: Ttl::from_secs(1) });
        }
        let (next, pass) = gcra(known.unwrap_or(0), rate, now.millis());
        whole_at.insert((subject, action), next);
        Ok(pass)
    }
}

/// One step: each action costs `per / count`, and as much as `per` may be owed.
fn gcra(whole_at: u64, rate: Rate, now: u64) -> (u64, Pass) {
    let window = rate.per.secs() * 1_000;
    let cost = (window / u64::from(rate.count.max(1))).max(1);
    let owed = whole_at.max(now) + cost;
    if owed > now + window.max(cost) {
        let wait = owed - now - window.max(cost);
        return (whole_at, Pass::Refused { retry_after: Ttl::from_secs(wait.div_ceil(1_000)) });
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
            let (next, pass) = gcra(whole_at, RATE, now * 1_000);
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
            let (mut whole_at, mut now) = (0, 5_000);
            for _ in 0..3_000 {
                match gcra(whole_at, rate, now) {
                    (next, Pass::Allowed) => whole_at = next,
                    (_, Pass::Refused { retry_after }) => {
                        now += retry_after.secs() * 1_000;
                        assert_eq!(gcra(whole_at, rate, now).1, Pass::Allowed, "{count}");
                    }
                }
            }
        }
    }
}
