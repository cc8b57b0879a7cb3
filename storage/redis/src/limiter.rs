//! [`Limiter`] over Redis: one allowance for all nodes.
//!
//! Most clients are far from their limit, and for them the count goes out in the
//! same flight as what they asked for: a node lets them pass by what Redis last
//! said of them, and learns from the answer to this count. What passes while one count
//! of a client is on its way goes out with the next, as one: a crowd behind one address
//! costs Redis little. Whoever is near the
//! limit, or has a small one, waits for the answer. So a client that storms several
//! nodes at one moment can get more than its limit, on each by a sixteenth of it at
//! the most; one that asks in turn, by one action on a node that had not heard of
//! it. A limit below [`AMPLE`] is kept to the letter.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use redis::Value;
use waxseal_core::store::{Action, Limiter, Pass, Rate, StoreError, Subject};
use waxseal_core::time::{Moment, Ttl};

use crate::courier::Courier;
use crate::fault::Fault;
use crate::keys::Keys;
use crate::records::{nonsense, read};
use crate::scripts;

/// The least limit of which one action more or less is of no account.
pub const AMPLE: u32 = 64;
/// Of what was left, the share that may pass on a node before it has heard again.
const UNHEARD: u64 = 16;
/// Subjects remembered at once: 100,000 are about 10 MB.
const SUBJECTS: usize = 100_000;
/// How much longer than it is needed an allowance is kept, in milliseconds: the
/// clocks of nodes and of Redis may differ.
const SLACK: u64 = 60_000;

/// Counts actions over all nodes.
pub struct RedisLimiter {
    shared: Arc<Shared>,
}

struct Shared {
    courier: Arc<Courier>,
    keys: Keys,
    heard: Mutex<Heard>,
}

/// What Redis last said of each subject.
#[derive(Default)]
struct Heard {
    subjects: HashMap<(Subject, Action), Known>,
    pruned_at: u64,
}

#[derive(Clone, Copy, Default)]
struct Known {
    /// When the allowance is whole again, in Unix milliseconds.
    whole_at: u64,
    /// Actions that passed since, of which the answer is not here yet.
    unheard: u64,
    /// Those of them that have not been sent, either, and the moment of the last.
    unsent: u64,
    unsent_at: u64,
    /// Whether somebody counts: what is unsent is theirs to send.
    counting: bool,
    /// Whether the last answer was a refusal.
    refused: bool,
}

/// A rate as GCRA takes it, in milliseconds: see `waxseal_core::limit`.
#[derive(Clone, Copy)]
struct Terms {
    window: u64,
    cost: u64,
}

impl Terms {
    fn of(rate: Rate) -> Self {
        let window = rate.per.secs() * 1_000;
        Self { window, cost: (window / u64::from(rate.count.max(1))).max(1) }
    }

    /// How many actions are left.
    fn left(self, whole_at: u64, now: u64) -> u64 {
        (now + self.window).saturating_sub(whole_at.max(now)) / self.cost
    }

    /// When the next one passes, if that is not now.
    fn retry_after(self, whole_at: u64, now: u64) -> Option<Ttl> {
        let most = now + self.window.max(self.cost);
        let over = (whole_at.max(now) + self.cost).checked_sub(most).filter(|over| *over > 0)?;
        Some(Ttl::from_secs(over.div_ceil(1_000)))
    }
}

/// What a node can say of an action without asking.
enum Forecast {
    /// It does, and somebody is to count it if nobody does already.
    Passes {
        counted: bool,
    },
    Refused(Ttl),
    Unknown,
}

impl RedisLimiter {
    pub(crate) fn new(courier: Arc<Courier>, keys: Keys) -> Self {
        Self { shared: Arc::new(Shared { courier, keys, heard: Mutex::default() }) }
    }
}

impl Shared {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forecast(&self, of: (Subject, Action), rate: Rate, now: u64) -> Forecast {
        let terms = Terms::of(rate);
        let mut heard = self.heard();
        if !heard.subjects.contains_key(&of) && !heard.has_room(now) {
            return Forecast::Unknown;
        }
        let known = heard.subjects.entry(of).or_default();
        if known.refused {
            // It only ever becomes whole later than was said.
            return match terms.retry_after(known.whole_at, now) {
                Some(retry_after) => Forecast::Refused(retry_after),
                None => Forecast::Unknown,
            };
        }
        let left = terms.left(known.whole_at, now);
        if rate.count < AMPLE || known.unheard >= left / UNHEARD {
            return Forecast::Unknown;
        }
        known.unheard += 1;
        known.unsent += 1;
        known.unsent_at = now;
        Forecast::Passes { counted: std::mem::replace(&mut known.counting, true) }
    }

    /// Takes so many actions at once, or as many of them as there are left.
    async fn ask(&self, of: (Subject, Action), rate: Rate, now: u64, count: u64) -> Result<Pass, Fault> {
        let (key, terms) = (self.keys.allowance(of.0, of.1), Terms::of(rate));
        let mut take = scripts::LIMIT.call(&[&key]);
        take.arg(now).arg(terms.window).arg(terms.cost).arg(SLACK).arg(count);
        let answer = self.courier.send(&key, take).await?;
        let (passed, whole_at): (u8, u64) = match answer {
            answer @ Value::Array(_) => read(answer)?,
            _ => return Err(nonsense()),
        };
        self.learn(of, whole_at, passed == 0);
        match terms.retry_after(whole_at, now) {
            Some(retry_after) if passed == 0 => Ok(Pass::Refused { retry_after }),
            _ => Ok(Pass::Allowed),
        }
    }

    fn learn(&self, of: (Subject, Action), whole_at: u64, refused: bool) {
        let mut heard = self.heard();
        if let Some(known) = heard.subjects.get_mut(&of) {
            known.whole_at = known.whole_at.max(whole_at);
            known.refused = refused;
        }
    }

    /// Counts what has passed already, until nothing more has.
    async fn catch_up(self: Arc<Self>, of: (Subject, Action), rate: Rate) {
        let mut heard = 0;
        while let Some((count, now)) = self.next_to_count(of, heard) {
            if let Err(fault) = self.ask(of, rate, now, count).await {
                let fault = fault.of_read();
                tracing::debug!(%fault, count, "actions were not counted");
            }
            heard = count;
        }
    }

    /// After so many have been heard of: how many to count next, if any, and when they passed.
    fn next_to_count(&self, of: (Subject, Action), heard: u64) -> Option<(u64, u64)> {
        let mut all = self.heard();
        let known = all.subjects.get_mut(&of)?;
        known.unheard = known.unheard.saturating_sub(heard);
        let count = std::mem::take(&mut known.unsent);
        known.counting = count > 0;
        known.counting.then_some((count, known.unsent_at))
    }
}

impl Heard {
    /// Whether there is room for one more subject. Looks for those that need not be
    /// remembered once a second at most.
    fn has_room(&mut self, now: u64) -> bool {
        if self.subjects.len() >= SUBJECTS && now >= self.pruned_at + 1_000 {
            self.subjects.retain(|_, known| known.whole_at > now || known.unheard > 0);
            self.pruned_at = now;
        }
        self.subjects.len() < SUBJECTS
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn take(
        &self,
        subject: Subject,
        action: Action,
        rate: Rate,
        now: Moment,
    ) -> Result<Pass, StoreError> {
        let (of, now) = ((subject, action), now.millis());
        match self.shared.forecast(of, rate, now) {
            Forecast::Refused(retry_after) => Ok(Pass::Refused { retry_after }),
            Forecast::Unknown => self.shared.ask(of, rate, now, 1).await.map_err(Fault::of_read),
            Forecast::Passes { counted: true } => Ok(Pass::Allowed),
            Forecast::Passes { counted: false } => {
                tokio::spawn(Arc::clone(&self.shared).catch_up(of, rate));
                Ok(Pass::Allowed)
            }
        }
    }
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisLimiter")
    }
}
