//! Random sequences of calls, each answer compared with a model's.

use proptest::prelude::*;
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{Attempt, Created, MailState, Record};
use waxseal_core::time::{Timestamp, Ttl};

use super::sweep::sweep_all;
use super::{AnyStore, Stores};
use crate::model::Model;
use crate::random::for_random;
use crate::sample::{START, account_id, client, guarded, id, made, owned, record};
use crate::walk::walk;

/// How many random sequences a run tries.
const SEQUENCES: u32 = 48;
/// And how many random walks.
const WALKS: u32 = 24;

/// Over random sequences of calls and waiting, every answer is the model's.
pub async fn every_answer_is_the_models(stores: &Stores) {
    let sequences = (budget(), prop::collection::vec(step(), 1..80));
    for_random(SEQUENCES, &sequences, async |(budget, steps)| {
        let fresh = stores.bounded(budget).await;
        let mut pair = Pair { store: &fresh.store, model: Model::new(budget), now: START };
        for step in steps {
            pair.run(step).await;
        }
    });
}

/// Over random walks through the whole API, every answer is the one that a ledger knows.
pub async fn every_answer_of_the_api_is_the_ledgers(stores: &Stores) {
    let walks = (any::<u64>(), prop::collection::vec(any::<[u8; 4]>(), 1..100));
    for_random(WALKS, &walks, async |(seed, steps)| {
        let fresh = stores.fresh().await;
        walk(fresh.store.clone(), seed, &steps).await;
    });
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Create { n: u32, owner: Option<u32>, life: Ttl, mail: MailState },
    Front(u32, u32),
    Attempt(u32, Guess),
    Settle(u32, Ending),
    Receipt(u32),
    Recent(u32, usize),
    Note(u32, MailState),
    Sweep(usize),
    Usage,
    Wait(Ttl),
}

/// A store and the model, walked along the same steps.
struct Pair<'a> {
    store: &'a AnyStore,
    model: Model,
    now: Timestamp,
}

impl Pair<'_> {
    async fn run(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Create { n, owner, life, mail } => self.create(n, owner, life, mail).await,
            Step::Front(n, who) => self.front(n, who).await,
            Step::Attempt(n, guess) => self.attempt(n, guess).await,
            Step::Settle(n, ending) => {
                let said = self.store.settle(&id(n), ending, now).await.unwrap();
                let meant = self.model.entry(&id(n)).and_then(|entry| entry.settle(ending, now));
                assert_eq!(said, meant, "{step:?} at {now:?}");
            }
            Step::Receipt(n) => {
                let said = self.store.receipt(&id(n), now).await.unwrap();
                assert_eq!(said, self.model.receipt(&id(n), now), "{step:?} at {now:?}");
            }
            Step::Recent(account, limit) => {
                let said = self.store.recent(&account_id(account), limit, now).await.unwrap();
                let meant = self.model.recent(&account_id(account), limit, now);
                assert_eq!(said, meant, "{step:?} at {now:?}");
            }
            Step::Note(n, mail) => {
                self.store.note_mail(&id(n), mail, now).await.unwrap();
                self.model.note_mail(&id(n), mail, now);
            }
            Step::Sweep(limit) => self.sweep(limit).await,
            Step::Usage => self.usage().await,
            Step::Wait(pause) => self.now = now.plus(pause),
        }
    }

    async fn create(&mut self, n: u32, owner: Option<u32>, life: Ttl, mail: MailState) {
        let base = match owner {
            Some(account) => owned(n, account_id(account)),
            None if n.is_multiple_of(3) => record(n),
            None => guarded(n),
        };
        let new = made(Record { mail, ..base }, self.now, life);
        if self.model.receipt(&new.id, self.now).is_none() {
            // An id whose receipt is forgotten but not yet swept may be free or not.
            self.sweep(100).await;
        }
        let said = self.store.create(new.clone(), self.now).await.unwrap();
        let meant = self.model.create(new, self.now);
        let either = meant == Created::Taken && said == Created::Full;
        assert!(said == meant || either, "create {n} at {:?}: {said:?}, not {meant:?}", self.now);
        // So that no two are of one age: the order of twins is the store's own.
        self.now = self.now.plus(Ttl::from_secs(1));
    }

    async fn front(&mut self, n: u32, who: u32) {
        let policy = AttemptPolicy::default();
        let said = self.store.front(&id(n), client(who), &policy, self.now).await.unwrap();
        let meant = self.model.entry(&id(n)).and_then(|entry| entry.front(client(who), &policy, self.now));
        assert_eq!(said, meant, "front {n} at {:?}", self.now);
    }

    async fn attempt(&mut self, n: u32, guess: Guess) {
        let policy = AttemptPolicy::default();
        let said = self.store.attempt(&id(n), guess, &policy, self.now).await.unwrap();
        let meant = match self.model.entry(&id(n)) {
            Some(entry) => entry.attempt(guess, &policy, self.now),
            None => Attempt::Gone,
        };
        assert_eq!(said, meant, "{guess:?} at {n} at {:?}", self.now);
    }

    async fn sweep(&mut self, limit: usize) {
        sweep_all(self.store, limit, self.now).await;
        while self.model.sweep(100, self.now).more {}
        self.usage().await;
    }

    async fn usage(&mut self) {
        let mut said = self.store.usage().await.unwrap();
        said.kids.sort_unstable();
        assert_eq!(said, self.model.usage(), "usage at {:?}", self.now);
    }
}

/// No bound, or one that a handful of samples fills.
fn budget() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0), 1 => 500..2_000u64]
}

fn step() -> impl Strategy<Value = Step> {
    let n = || 0..6u32;
    prop_oneof![
        6 => (n(), prop::option::of(0..2u32), life(), mail())
            .prop_map(|(n, owner, life, mail)| Step::Create { n, owner, life, mail }),
        2 => (n(), 0..3u32).prop_map(|(n, who)| Step::Front(n, who)),
        6 => (n(), guess()).prop_map(|(n, guess)| Step::Attempt(n, guess)),
        3 => (n(), ending()).prop_map(|(n, ending)| Step::Settle(n, ending)),
        3 => n().prop_map(Step::Receipt),
        2 => (0..3u32, 0..8usize).prop_map(|(account, limit)| Step::Recent(account, limit)),
        1 => (n(), mail()).prop_map(|(n, mail)| Step::Note(n, mail)),
        1 => (1..5usize).prop_map(Step::Sweep),
        1 => Just(Step::Usage),
        4 => wait().prop_map(Step::Wait),
    ]
}

fn life() -> impl Strategy<Value = Ttl> {
    prop_oneof![Just(Ttl::minutes(1)), Just(Ttl::hours(1)), Just(Ttl::days(20))]
}

/// Mostly to the edges of what has an edge: a life, a window, a lock, a message's hour, the list's reach.
fn wait() -> impl Strategy<Value = Ttl> {
    let edges = [60, 120, 600, 1_800, 3_600, 7_200, 20 * 86_400, 30 * 86_400];
    prop_oneof![
        2 => (0..10u64).prop_map(Ttl::from_secs),
        3 => (prop::sample::select(edges.to_vec()), 0..6u64).prop_map(|(edge, off)| Ttl::from_secs(edge - off)),
    ]
}

fn guess() -> impl Strategy<Value = Guess> {
    (0..4u8, 0..3u32).prop_map(|(kind, n)| match kind {
        0 => Guess::None(client(n)),
        1 => Guess::Burn(client(n)),
        _ => Guess::Open(client(n)),
    })
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![Just(Ending::Received), Just(Ending::Burned)]
}

fn mail() -> impl Strategy<Value = MailState> {
    let states = [MailState::None, MailState::Queued, MailState::Sent, MailState::Failed];
    prop::sample::select(states.to_vec())
}
