//! Guesses: the same sealed bytes for everyone, counted as core counts them,
//! and never more of them granted than the policy allows.

use proptest::prelude::*;
use waxseal_core::attempt::{Attempts, CLIENTS, Guess, Verdict};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::store::{Attempt, Created, Front, MailState};
use waxseal_core::time::Ttl;

use super::{Stores, attempt, front, holding, put, receipt};
use crate::race::race;
use crate::random::for_random;
use crate::sample::{START, after, client, guarded, made, record};

/// Every attempt hands out what was stored, byte for byte.
pub async fn attempt_hands_out_the_same_bytes(stores: &Stores) {
    for wanted in [record(1), guarded(2)] {
        let fresh = holding(stores, &wanted).await;
        for (n, guess) in
            [Guess::None(client(1)), Guess::Open(client(2)), Guess::Burn(client(3))].iter().enumerate()
        {
            let Attempt::Granted { sealed, .. } =
                attempt(&fresh.store, &wanted, *guess, after(n as u64)).await
            else {
                panic!("a first guess is heard");
            };
            assert_eq!(sealed, wanted.sealed);
        }
    }
}

/// A look without a passphrase is free, however often.
pub async fn no_guess_counts_nothing(stores: &Stores) {
    let wanted = guarded(1);
    let fresh = holding(stores, &wanted).await;
    let before = front(&fresh.store, &wanted, START).await;
    for _ in 0..150 {
        let answer = attempt(&fresh.store, &wanted, Guess::None(client(0)), START).await;
        assert!(matches!(answer, Attempt::Granted { .. }));
    }
    assert_eq!(front(&fresh.store, &wanted, START).await, before);
}

/// Where there is no passphrase there is nothing to guess: nothing is counted, nobody is locked out.
pub async fn nothing_is_counted_without_a_passphrase(stores: &Stores) {
    let wanted = record(1);
    let fresh = holding(stores, &wanted).await;
    let before = front(&fresh.store, &wanted, START).await.unwrap();
    assert!(!before.passphrase_required && before.locked_until.is_none());
    for n in 0..150 {
        let guess = if n % 2 == 0 { Guess::Open(client(0)) } else { Guess::Burn(client(0)) };
        let answer = attempt(&fresh.store, &wanted, guess, START).await;
        assert!(matches!(answer, Attempt::Granted { .. }));
    }
    assert_eq!(front(&fresh.store, &wanted, START).await, Some(before));
}

/// Over random guesses of many clients, each verdict is that of
/// [`Attempts::count`], and [`front`](waxseal_core::store::Store::front) says
/// what [`Attempts::look`] says.
pub async fn guesses_count_as_core_counts_them(stores: &Stores) {
    let guesses = prop::collection::vec((guess(), pause()), 1..120);
    for_random(24, &guesses, async |guesses| {
        let policy = AttemptPolicy { in_a_life: 40, ..AttemptPolicy::default() };
        let wanted = made(guarded(1), START, Ttl::days(30));
        let fresh = holding(stores, &wanted).await;
        let (mut counted, mut now) = (Attempts::default(), START);
        for (guess, pause) in guesses {
            now = now.plus(pause);
            let looked = counted.look(guess.client(), wanted.sealed.expires, &policy, now);
            let front = fresh.store.front(&wanted.id, guess.client(), &policy, now).await.unwrap();
            assert_eq!(front, Some(as_front(looked)), "looking at {now:?}");
            let (after, verdict) = counted.clone().count(guess, wanted.sealed.expires, &policy, now);
            if let Verdict::Granted { .. } = verdict {
                counted = after;
            }
            let answer = fresh.store.attempt(&wanted.id, guess, &policy, now).await.unwrap();
            assert_eq!(as_verdict(answer), Some(verdict), "{guess:?} at {now:?}");
        }
    });
}

/// What was counted stays counted, whatever else is done to the secret meanwhile:
/// looks, notes, a sweep, a create of the same id.
pub async fn nothing_forgets_a_guess(stores: &Stores) {
    let wanted = guarded(1);
    let fresh = holding(stores, &wanted).await;
    let (store, guess) = (&fresh.store, Guess::Open(client(0)));
    for left in (0..5).rev() {
        let heard = attempt(store, &wanted, guess, START).await;
        assert_eq!(remaining(heard), Some(left));
        front(store, &wanted, START).await;
        receipt(store, &wanted, START).await;
        store.note_mail(&wanted.id, MailState::Sent, START).await.unwrap();
        store.sweep(100, START).await.unwrap();
        assert_eq!(put(store, &wanted).await, Created::Taken);
    }
    assert_eq!(remaining(attempt(store, &wanted, guess, START).await), None, "five were heard");
}

/// One client's racing guesses: five are heard, and each is told another number of guesses left.
pub async fn racing_guesses_of_one_client_keep_to_the_policy(stores: &Stores) {
    for heard in race_guesses(stores, AttemptPolicy::default(), |_| Guess::Open(client(0))).await {
        assert_eq!(heard, [0, 1, 2, 3, 4]);
    }
}

/// Racing guesses of as many clients: a secret's twenty are heard.
pub async fn racing_guesses_of_many_clients_keep_to_the_policy(stores: &Stores) {
    for heard in race_guesses(stores, AttemptPolicy::default(), |n| Guess::Open(client(n))).await {
        assert_eq!(heard.len(), 20);
    }
}

/// Racing guesses near the end of a secret's allowance for life.
pub async fn racing_guesses_keep_to_the_allowance_for_life(stores: &Stores) {
    let policy = AttemptPolicy { in_a_life: 7, ..AttemptPolicy::default() };
    for heard in race_guesses(stores, policy, |n| Guess::Open(client(n))).await {
        assert_eq!(heard.len(), 7);
    }
}

/// Racing burn guesses of more clients than a secret remembers: the table stays bounded.
pub async fn racing_burn_guesses_keep_to_the_table(stores: &Stores) {
    for heard in race_guesses(stores, AttemptPolicy::default(), |n| Guess::Burn(client(n))).await {
        assert_eq!(heard.len(), CLIENTS);
    }
}

/// Races guesses at twenty secrets, one after the other; answers for each how
/// many guesses the granted were told they had left, in ascending order.
async fn race_guesses(stores: &Stores, policy: AttemptPolicy, guess: impl Fn(u32) -> Guess) -> Vec<Vec<u32>> {
    let fresh = stores.fresh().await;
    let mut all = Vec::new();
    for key in 0..20 {
        let wanted = guarded(key);
        put(&fresh.store, &wanted).await;
        let answers = race(|n| {
            let (store, guess) = (fresh.store.clone(), guess(u32::try_from(n).unwrap()));
            async move { store.attempt(&wanted.id, guess, &policy, START).await.unwrap() }
        })
        .await;
        let mut heard: Vec<_> = answers.into_iter().filter_map(remaining).collect();
        heard.sort_unstable();
        all.push(heard);
    }
    all
}

fn remaining(answer: Attempt) -> Option<u32> {
    match answer {
        Attempt::Granted { remaining, .. } => Some(remaining),
        Attempt::LockedOut { .. } => None,
        Attempt::Gone => panic!("a secret is not gone while it is guessed at"),
    }
}

fn guess() -> impl Strategy<Value = Guess> {
    (0..6u8, prop_oneof![4 => 0..3u32, 1 => 3..40u32]).prop_map(|(kind, n)| match kind {
        0 => Guess::None(client(n)),
        1 => Guess::Burn(client(n)),
        _ => Guess::Open(client(n)),
    })
}

/// Mostly seconds, sometimes past a window (10 minutes) or a lock (30).
fn pause() -> impl Strategy<Value = Ttl> {
    prop_oneof![6 => 0..20u64, 2 => 590..610u64, 1 => 1_790..1_810u64].prop_map(Ttl::from_secs)
}

fn as_verdict(answer: Attempt) -> Option<Verdict> {
    match answer {
        Attempt::Gone => None,
        Attempt::LockedOut { until } => Some(Verdict::LockedOut { until }),
        Attempt::Granted { remaining, .. } => Some(Verdict::Granted { remaining }),
    }
}

fn as_front(verdict: Verdict) -> Front {
    match verdict {
        Verdict::Granted { remaining } => Front { passphrase_required: true, remaining, locked_until: None },
        Verdict::LockedOut { until } => {
            Front { passphrase_required: true, remaining: 0, locked_until: Some(until) }
        }
    }
}
