//! What scripts work out in Lua is what core works out in Rust, over random sequences.

mod common;

use common::{apart, open};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use waxseal_conformance::sample::{START, client, guarded, made};
use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::store::{Action, Attempt, Limiter, Rate, Store, Subject};
use waxseal_core::time::{Moment, Ttl};
use waxseal_redis::AMPLE;
use waxseal_redis_servers::{Server, available};

const SEQUENCES: u32 = 64;

/// A guess, and how long after the one before.
type Guesses = Vec<(Guess, u64)>;

#[test]
fn guesses_count_as_core_counts_them() {
    if !available("guesses_count_as_core_counts_them") {
        return;
    }
    let server = Server::start(&[]);
    run(
        (policy(), prop::collection::vec((guess(), pause()), 1..150)),
        async |(policy, guesses): (_, Guesses)| {
            let store = open(&server.socket_url(), apart(0)).await;
            let record = made(guarded(1), START, Ttl::days(2));
            store.create(record.clone(), START).await.unwrap();
            let (mut now, mut attempts) = (START, Attempts::default());
            for (guess, pause) in guesses {
                now = now.plus(Ttl::from_secs(pause));
                let said = store.attempt(&record.id, guess, &policy, now).await.unwrap();
                if now >= record.sealed.expires {
                    assert_eq!(said, Attempt::Gone);
                    break;
                }
                let (after, verdict) = attempts.clone().count(guess, record.sealed.expires, &policy, now);
                let meant = match verdict {
                    Verdict::LockedOut { until } => Attempt::LockedOut { until },
                    Verdict::Granted { remaining } => {
                        attempts = if matches!(guess, Guess::None(_)) { attempts } else { after };
                        Attempt::Granted { sealed: record.sealed.clone(), remaining }
                    }
                };
                assert_eq!(said, meant, "{guess:?} at {now:?} under {policy:?}");
            }
        },
    );
}

#[test]
fn allowances_are_those_of_one_process() {
    if !available("allowances_are_those_of_one_process") {
        return;
    }
    let server = Server::start(&[]);
    let steps = prop::collection::vec((0..3u32, 0..400_000u64), 1..80);
    run((1..AMPLE, 1..3_000u64, steps), async |(count, per, steps): (u32, u64, Vec<(u32, u64)>)| {
        // Two nodes over one Redis, whose clients go to either.
        let options = apart(0);
        let nodes = [
            open(&server.socket_url(), options.clone()).await.limiter(),
            open(&server.socket_url(), options).await.limiter(),
        ];
        let local = LocalLimiter::default();
        let rate = Rate { count, per: Ttl::from_secs(per) };
        let mut now = START.secs() * 1_000;
        for (step, (who, pause)) in steps.into_iter().enumerate() {
            now += pause;
            let (subject, at) = (Subject::Client(client(who)), Moment::from_millis(now));
            let said = nodes[step % 2].take(subject, Action::Create, rate, at).await.unwrap();
            let meant = local.take(subject, Action::Create, rate, at).await.unwrap();
            assert_eq!(said, meant, "step {step} at {now} under {rate:?}");
        }
    });
}

/// An allowance that is ample is kept, too, by one node that is asked in turn.
#[tokio::test]
async fn an_ample_allowance_ends() {
    if !available("an_ample_allowance_ends") {
        return;
    }
    let server = Server::start(&[]);
    let limiter = open(&server.url(), apart(0)).await.limiter();
    let (rate, at) = (Rate { count: 200, per: Ttl::hours(1) }, Moment::from_millis(START.secs() * 1_000));
    let mut passed = 0;
    for _ in 0..400 {
        let pass = limiter.take(Subject::Client(client(1)), Action::Create, rate, at).await.unwrap();
        passed += u32::from(pass == waxseal_core::store::Pass::Allowed);
    }
    let most = rate.count + rate.count / 16;
    assert!((rate.count..=most).contains(&passed), "{passed}");
}

fn policy() -> impl Strategy<Value = AttemptPolicy> {
    let usual = Just(AttemptPolicy::default());
    let other = (0..8u8, 0..30u16, 0..60u32, 1..2_000u64, 1..4_000u64).prop_map(
        |(per_client, per_secret, in_a_life, window, lock)| AttemptPolicy {
            per_client,
            per_secret,
            in_a_life,
            window: Ttl::from_secs(window),
            lock: Ttl::from_secs(lock),
        },
    );
    prop_oneof![usual, other]
}

fn guess() -> impl Strategy<Value = Guess> {
    (0..6u8, prop_oneof![0..3u32, 0..60u32]).prop_map(|(kind, n)| match kind {
        0 => Guess::None(client(n)),
        1 | 2 => Guess::Burn(client(n)),
        _ => Guess::Open(client(n)),
    })
}

fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..3u64, 2 => 0..700u64, 1 => 0..4_000u64, 1 => 0..90_000u64]
}

/// Runs a law over random cases, each on a runtime of its own.
fn run<S: Strategy>(cases: S, law: impl AsyncFn(S::Value)) {
    let config = ProptestConfig { cases: SEQUENCES, failure_persistence: None, ..ProptestConfig::default() };
    let checked = TestRunner::new(config).run(&cases, |case| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(law(case));
        Ok(())
    });
    checked.unwrap_or_else(|breach| panic!("{breach}"));
}
