//! The laws against stores that break them: each fault is caught by the laws that name it,
//! and the sound store they are broken from keeps every one.

use std::sync::Arc;

use waxseal_conformance::broken::{Fault, FaultyStore};
use waxseal_conformance::race::{Tally, race_often};
use waxseal_conformance::{Harness, STORE_LAWS, Subject};
use waxseal_core::store::Store;

mod sound {
    use super::*;

    waxseal_conformance::store_laws!(|budget| async move {
        Subject::store(Arc::new(FaultyStore::sound(budget)), ())
    });
}

/// Runs the laws of these names against a store with `fault`, and wants every one breached.
async fn refuses(fault: Fault, names: &[&str]) {
    let harness =
        Harness::new(
            move |budget| async move { Subject::store(Arc::new(FaultyStore::with(fault, budget)), ()) },
        );
    for name in names {
        let law = STORE_LAWS.iter().find(|law| law.name == *name).expect("a law of this name");
        assert!(!law.holds(&harness).await, "{name} let {fault:?} pass");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_then_delete_is_caught() {
    let laws = [
        "settle_has_one_winner",
        "racing_endings_have_one_winner_and_the_receipt_agrees",
        "every_answer_of_the_api_is_the_ledgers",
    ];
    refuses(Fault::GetThenDelete, &laws).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_expiry_check_is_caught() {
    let laws = [
        "reads_at_the_second_of_expiry_refuse",
        "an_ending_after_expiry_loses",
        "nothing_lengthens_a_life",
        "a_forgotten_receipt_is_gone_unswept",
        "every_answer_is_the_models",
        "every_answer_of_the_api_is_the_ledgers",
    ];
    refuses(Fault::NoExpiryCheck, &laws).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_after_the_check_is_caught() {
    let laws = [
        "racing_guesses_of_one_client_keep_to_the_policy",
        "racing_guesses_of_many_clients_keep_to_the_policy",
        "racing_guesses_keep_to_the_allowance_for_life",
        "racing_burn_guesses_keep_to_the_table",
    ];
    refuses(Fault::CountAfterCheck, &laws).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_write_is_caught() {
    refuses(Fault::PartialWrite, &["a_dropped_create_is_whole_or_nothing"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_body_is_caught() {
    let laws = [
        "an_ending_destroys_the_content",
        "an_ending_makes_room",
        "usage_counts_by_state_and_key",
        "a_dropped_settle_is_whole_or_nothing",
        "every_answer_is_the_models",
    ];
    refuses(Fault::BodyKept, &laws).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_guesses_are_caught() {
    refuses(Fault::GuessesForgotten, &["nothing_forgets_a_guess"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaking_budget_is_caught() {
    refuses(Fault::BudgetLeak, &["forgetting_makes_room"]).await;
}

/// What races say of a store.
async fn raced(store: FaultyStore) -> Tally {
    let store: Arc<dyn Store> = Arc::new(store);
    let go = || std::future::ready(());
    race_often(&store, 300, async |round| vec![round.run(&store, 0..round.racers, go()).await]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn races_count_every_secret_that_is_not_won_once() {
    let sound = raced(FaultyStore::sound(0)).await;
    assert!(sound.breaches == 0 && sound.races >= 300, "{sound}");
    assert_eq!(sound.read + sound.burned + sound.expired, sound.races);
    for fault in [Fault::GetThenDelete, Fault::NoExpiryCheck, Fault::BodyKept] {
        let tally = raced(FaultyStore::with(fault, 0)).await;
        assert!(tally.breaches > 0, "{fault:?} passed: {tally}");
    }
}
