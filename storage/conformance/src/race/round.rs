//! Rounds of races for secrets, and what came of them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::{AddAssign, Range};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created, Store, StoreError};
use waxseal_core::time::Timestamp;

use crate::sample::{LIFE, START, after, client, id, record};

/// How many race for one secret, and for how many of a hundred secrets so many do.
const CROWDS: [(u32, u32); 3] = [(16, 80), (64, 15), (256, 5)];
/// Tasks of one round, so that it is a crowd and still fits into any memory.
const TASKS: u32 = 4_096;
/// Secrets for which one sweep of a round is enough.
const SWEPT_AT_ONCE: usize = 8;
/// Before a store that was too busy is asked again.
const BREATH: Duration = Duration::from_millis(5);

/// Between whom the races are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contest {
    /// Readers alone.
    Readers,
    /// Readers, and as many who burn.
    Burners,
    /// Readers in the last second of the secret's life, as many in the first one after it,
    /// and the sweep of that second.
    Expiry,
}

/// Secrets that are raced for at one time, each by as many racers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Round {
    /// Between whom.
    pub contest: Contest,
    /// How many race for each secret.
    pub racers: u32,
    /// The number of the first secret ([`crate::sample::record`]).
    pub first: u32,
    /// How many secrets.
    pub secrets: u32,
}

/// What some of a round's racers brought home.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
    /// Secret and racer, for each that won.
    pub won: Vec<(u32, u32)>,
    /// How many secrets the sweep erased.
    pub swept: u64,
}

/// What came of races.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    /// Secrets that were raced for.
    pub races: u64,
    /// Calls of `settle` in them.
    pub calls: u64,
    /// Secrets that a reader won.
    pub read: u64,
    /// Secrets that were burned.
    pub burned: u64,
    /// Secrets that expired before anybody had won them.
    pub expired: u64,
    /// Races with no winner, more than one, or one that came too late; those after which the
    /// receipt tells of another, or something is left to open.
    pub breaches: u64,
    /// Secrets won, by store or process.
    pub sides: Vec<u64>,
}

impl Contest {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Readers, Self::Burners, Self::Expiry];

    /// What a racer wants, and when.
    const fn turn(self, racer: u32) -> (Ending, u64) {
        match self {
            Self::Readers => (Ending::Received, 0),
            Self::Burners if racer.is_multiple_of(2) => (Ending::Received, racer as u64),
            Self::Burners => (Ending::Burned, racer as u64),
            Self::Expiry => (Ending::Received, LIFE.secs() - 1 + (racer % 2) as u64),
        }
    }
}

impl Round {
    /// Makes the secrets.
    ///
    /// # Panics
    /// If one of them stands already, or the store fails.
    pub async fn prepare(&self, store: &Arc<dyn Store>) {
        let mut making = JoinSet::new();
        for secret in self.numbers() {
            let store = store.clone();
            making.spawn(async move { patiently(|| store.create(record(secret), START)).await });
        }
        assert!(making.join_all().await.iter().all(|created| *created == Created::Fresh));
    }

    /// Lets some of the racers go for every secret at once, as soon as `go` says so.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn run(
        &self,
        store: &Arc<dyn Store>,
        racers: Range<u32>,
        go: impl Future<Output = ()>,
    ) -> Outcome {
        let sweeps =
            if self.contest == Contest::Expiry { self.numbers().step_by(SWEPT_AT_ONCE).len() } else { 0 };
        let start = Arc::new(Barrier::new(self.secrets as usize * racers.len() + sweeps + 1));
        let (mut racing, mut sweeping) = (JoinSet::new(), JoinSet::new());
        for (place, secret) in self.numbers().enumerate() {
            for racer in racers.clone() {
                racing.spawn(settle(store.clone(), start.clone(), self.contest, secret, racer));
            }
            if sweeps > 0 && place % SWEPT_AT_ONCE == 0 {
                sweeping.spawn(sweep(store.clone(), start.clone()));
            }
        }
        go.await;
        start.wait().await;
        let won = racing.join_all().await.into_iter().flatten().collect();
        Outcome { won, swept: sweeping.join_all().await.into_iter().sum() }
    }

    /// Says what came of it, and clears the store.
    ///
    /// # Panics
    /// If the store fails.
    pub async fn judge(&self, store: &Arc<dyn Store>, outcomes: &[Outcome]) -> Tally {
        let mut tally = Tally {
            races: u64::from(self.secrets),
            calls: u64::from(self.secrets * self.racers),
            sides: outcomes.iter().map(|outcome| outcome.won.len() as u64).collect(),
            ..Tally::default()
        };
        let mut winners: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (secret, racer) in outcomes.iter().flat_map(|outcome| &outcome.won) {
            winners.entry(*secret).or_default().push(*racer);
        }
        for secret in self.numbers() {
            let winners = winners.remove(&secret).unwrap_or_default();
            self.judge_one(store, secret, &winners, &mut tally).await;
        }
        let swept: u64 = outcomes.iter().map(|outcome| outcome.swept).sum();
        tally.breaches += swept.abs_diff(tally.expired);
        while store.sweep(1_000, after(1 << 30)).await.unwrap().more {}
        tally
    }

    async fn judge_one(&self, store: &Arc<dyn Store>, secret: u32, winners: &[u32], tally: &mut Tally) {
        let (place, wanted) = match winners {
            [] => (
                &mut tally.expired,
                Some((State::Expired, START)).filter(|_| self.contest == Contest::Expiry),
            ),
            [winner, ..] => {
                let (ending, secs) = self.contest.turn(*winner);
                let timely = winners.len() == 1 && secs < LIFE.secs();
                let (place, state) = match ending {
                    Ending::Received => (&mut tally.read, State::Received),
                    Ending::Burned => (&mut tally.burned, State::Burned),
                };
                (place, Some((state, after(secs))).filter(|_| timely))
            }
        };
        *place += 1;
        let sound = told(store, secret).await == wanted && !opens(store, secret).await;
        tally.breaches += u64::from(!sound || wanted.is_none());
    }

    fn numbers(&self) -> Range<u32> {
        self.first..self.first + self.secrets
    }
}

/// Races for `races` secrets or a few more: between all whom a [`Contest`] names, in crowds
/// of 16, 64 and 256. `run` lets a round's racers go and answers what each side brought home;
/// `store` prepares and judges. Says on standard error how far it is.
pub async fn race_often(
    store: &Arc<dyn Store>,
    races: u32,
    mut run: impl AsyncFnMut(&Round) -> Vec<Outcome>,
) -> Tally {
    let mut total = Tally::default();
    let mut first = 0;
    for contest in Contest::ALL {
        for (racers, share) in CROWDS {
            let end = first + (races * share).div_ceil(300);
            let mut tally = Tally::default();
            while first < end {
                let secrets = (TASKS / racers).min(end - first);
                let round = Round { contest, racers, first, secrets };
                round.prepare(store).await;
                let outcomes = run(&round).await;
                tally += round.judge(store, &outcomes).await;
                first += secrets;
            }
            eprintln!("{contest:?}, {racers} racers: {tally}");
            total += tally;
        }
    }
    eprintln!("all: {total}");
    total
}

/// How many races a test is to run: what `WAXSEAL_PROVE_RACES` says, or `usual`.
#[must_use]
pub fn wanted(usual: u32) -> u32 {
    std::env::var("WAXSEAL_PROVE_RACES").ok().and_then(|said| said.parse().ok()).unwrap_or(usual)
}

async fn settle(
    store: Arc<dyn Store>,
    start: Arc<Barrier>,
    contest: Contest,
    secret: u32,
    racer: u32,
) -> Option<(u32, u32)> {
    let (ending, secs) = contest.turn(racer);
    start.wait().await;
    let id = id(secret);
    let won = patiently(|| store.settle(&id, ending, after(secs))).await;
    won.map(|_| (secret, racer))
}

async fn sweep(store: Arc<dyn Store>, start: Arc<Barrier>) -> u64 {
    start.wait().await;
    patiently(|| store.sweep(SWEPT_AT_ONCE, after(LIFE.secs()))).await.expired
}

/// Asks again while the store says that nothing was done: it may be too busy.
async fn patiently<T, Asked>(ask: impl Fn() -> Asked) -> T
where
    Asked: Future<Output = Result<T, StoreError>>,
{
    loop {
        match ask().await {
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(BREATH).await,
            done => return done.expect("a store that answers"),
        }
    }
}

/// State and stamp of the receipt.
async fn told(store: &Arc<dyn Store>, secret: u32) -> Option<(State, Timestamp)> {
    let receipt = store.receipt(&id(secret), after(LIFE.secs())).await.unwrap();
    receipt.map(|receipt| (receipt.state, receipt.updated))
}

/// Whether something is left, though the clock were put back.
async fn opens(store: &Arc<dyn Store>, secret: u32) -> bool {
    let guess = Guess::None(client(0));
    store.attempt(&id(secret), guess, &AttemptPolicy::default(), START).await.unwrap() != Attempt::Gone
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.races += other.races;
        self.calls += other.calls;
        self.read += other.read;
        self.burned += other.burned;
        self.expired += other.expired;
        self.breaches += other.breaches;
        self.sides.resize(self.sides.len().max(other.sides.len()), 0);
        for (mine, others) in self.sides.iter_mut().zip(other.sides) {
            *mine += others;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { races, calls, read, burned, expired, breaches, sides } = self;
        write!(
            f,
            "{races} races, {calls} calls; won by readers {read}, burners {burned}, expiry {expired}; \
             by side {sides:?}; breaches {breaches}"
        )
    }
}
