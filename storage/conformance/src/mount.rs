//! The lists of laws, each written once, and the macros that turn a list into tests.

use waxseal_core::store::{AccountStore, Store};

use crate::harness::Law;

/// Makes one test for every law of a [`Store`], named like the law.
///
/// Takes a factory: a closure that is handed a budget of stored bytes (0: none)
/// and answers a future of a [`Subject`](crate::Subject) over an empty store.
/// Mount it in a module of its own, so that a failure reads
/// `store::settle_has_one_winner`.
///
/// ```no_run
/// mod store {
///     # use waxseal_memory::MemoryStore;
///     use std::sync::Arc;
///     use waxseal_conformance::Subject;
///
///     waxseal_conformance::store_laws!(|budget| async move {
///         Subject::store(Arc::new(MemoryStore::new(budget)), ())
///     });
/// }
/// # fn main() {}
/// ```
///
/// A store that needs a directory hands it over as the guard,
/// `Subject::store(store, dir)`, and it stays until the law is done.
///
/// A store that needs a server may come with a function that is told the law's
/// name and says whether the server can be had, `store_laws!(if available; |budget| …)`:
/// where it can't, the test does nothing. Let it say so aloud.
#[macro_export]
macro_rules! store_laws {
    (@list $then:ident $with:tt) => {
        $crate::$then! { $with laws
            a_created_record_is_whole
            a_record_of_any_size_is_whole
            taken_leaves_the_first_untouched
            one_of_racing_creates_is_fresh
            a_full_store_refuses_and_evicts_nothing
            an_ending_makes_room
            expiry_makes_room
            racing_creates_keep_to_the_budget
            an_unknown_id_is_an_answer
            attempt_hands_out_the_same_bytes
            no_guess_counts_nothing
            nothing_is_counted_without_a_passphrase
            guesses_count_as_core_counts_them
            nothing_forgets_a_guess
            racing_guesses_of_one_client_keep_to_the_policy
            racing_guesses_of_many_clients_keep_to_the_policy
            racing_guesses_keep_to_the_allowance_for_life
            racing_burn_guesses_keep_to_the_table
            an_ending_is_told_by_its_receipt
            an_ending_destroys_the_content
            a_secret_ends_once
            settle_has_one_winner
            racing_endings_have_one_winner_and_the_receipt_agrees
            a_racing_attempt_sees_all_or_nothing
            an_ending_touches_no_neighbour
            reads_at_the_second_of_expiry_refuse
            an_ending_after_expiry_loses
            a_receipt_follows_the_clock
            nothing_lengthens_a_life
            a_forgotten_receipt_is_gone_unswept
            recent_is_newest_first
            recent_keeps_to_its_limit
            recent_reaches_30_days_back
            recent_shows_one_account_only
            recent_shows_what_has_ended
            recent_drops_the_forgotten
            the_last_mail_note_stands
            a_message_queued_for_long_reads_as_failed
            an_ended_secret_takes_a_mail_note
            sweep_erases_the_expired
            sweep_forgets_receipts
            forgetting_makes_room
            sweep_is_idempotent
            what_was_swept_is_gone_for_a_clock_that_is_behind
            sweep_leaves_the_living
            sweep_completes_over_repeated_calls
            bind_keeps_the_first
            racing_binds_agree
            usage_counts_by_state_and_key
            usage_counts_the_expired_until_they_are_swept
            ping_answers
            a_dropped_create_is_whole_or_nothing
            a_dropped_create_keeps_no_bytes
            a_dropped_settle_is_whole_or_nothing
            a_dropped_guess_counts_once_at_most
            every_answer_is_the_models
            every_answer_of_the_api_is_the_ledgers
        }
    };
    (if $available:expr; $factory:expr) => {
        $crate::store_laws! { @list __mount_laws_if [$available, $factory] }
    };
    ($factory:expr) => {
        $crate::store_laws! { @list __mount_laws [$factory] }
    };
}

/// Makes one test for every law of an [`AccountStore`], named like the law. The
/// factory is that of [`store_laws!`](crate::store_laws) with
/// [`Subject::accounts`](crate::Subject::accounts).
///
/// ```no_run
/// mod accounts {
///     # use waxseal_memory::MemoryStore;
///     use std::sync::Arc;
///     use waxseal_conformance::Subject;
///
///     waxseal_conformance::account_laws!(|_budget| async {
///         Subject::accounts(Arc::new(MemoryStore::default()), ())
///     });
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! account_laws {
    (@list $then:ident $with:tt) => {
        $crate::$then! { $with account_laws
            an_added_account_is_whole
            an_unknown_account_is_an_answer
            an_id_stands_once
            a_digest_stands_once_over_all_accounts
            accounts_are_listed_oldest_first
            a_removed_account_leaves_nothing
            one_of_racing_adds_wins
            one_of_racing_digests_wins
            one_of_racing_removals_wins
            state_and_plan_change_alone
            an_unknown_account_takes_no_change
            an_added_token_is_whole
            a_token_name_stands_once_in_its_account
            a_further_digest_stands_once_over_all_accounts
            a_revoked_token_leaves_nothing
            an_account_outlives_its_last_token
            a_removed_account_frees_every_token
            a_rotation_hands_the_name_on
            a_rotation_waits_for_the_one_before
            a_refused_rotation_changes_nothing
            one_of_racing_tokens_of_one_name_wins
            no_racing_token_is_lost
            one_of_racing_rotations_wins
            one_of_racing_revocations_wins
            an_added_domain_is_whole
            a_host_stands_once_over_all_accounts
            an_unknown_account_gets_no_domain
            a_removed_domain_leaves_nothing
            a_removed_account_takes_its_domains
            one_of_racing_domains_wins
            no_racing_domain_is_lost
            no_domain_outlives_a_racing_removal
        }
    };
    (if $available:expr; $factory:expr) => {
        $crate::account_laws! { @list __mount_laws_if [$available, $factory] }
    };
    ($factory:expr) => {
        $crate::account_laws! { @list __mount_laws [$factory] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mount_laws {
    ([$factory:expr] $laws:ident $($law:ident)*) => {$(
        #[test]
        fn $law() {
            $crate::check($crate::$laws::$law, &$crate::Harness::new($factory));
        }
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mount_laws_if {
    ([$available:expr, $factory:expr] $laws:ident $($law:ident)*) => {$(
        #[test]
        fn $law() {
            if $available(stringify!($law)) {
                $crate::check($crate::$laws::$law, &$crate::Harness::new($factory));
            }
        }
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __list_laws {
    ([$store:ty] $laws:ident $($law:ident)*) => {
        &[$(
            $crate::Law::<$store> { name: stringify!($law), run: |harness| Box::pin($crate::$laws::$law(harness)) },
        )*]
    };
}

/// Every law of a [`Store`], by name.
pub const STORE_LAWS: &[Law<dyn Store>] = store_laws!(@list __list_laws [dyn Store]);

/// Every law of an [`AccountStore`], by name.
pub const ACCOUNT_LAWS: &[Law<dyn AccountStore>] = account_laws!(@list __list_laws [dyn AccountStore]);
