//! The laws of accounts against stores that break them, and against the sound
//! store they are broken from.

use std::sync::Arc;

use waxseal_conformance::broken_accounts::{AccountFault, FaultyAccounts};
use waxseal_conformance::{ACCOUNT_LAWS, Harness, Subject};

mod sound {
    use super::*;

    waxseal_conformance::account_laws!(|_budget| async {
        Subject::accounts(Arc::new(FaultyAccounts::sound()), ())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_caught_by_the_laws_that_name_it() {
    for (fault, names) in [
        (AccountFault::AddAfterCheck, &["one_of_racing_tokens_of_one_name_wins"][..]),
        (AccountFault::RotateAfterCheck, &["one_of_racing_rotations_wins"]),
        (
            AccountFault::DigestsPerAccount,
            &["a_digest_stands_once_over_all_accounts", "a_further_digest_stands_once_over_all_accounts"],
        ),
        (AccountFault::LifeLengthened, &["a_rotation_hands_the_name_on"]),
        (AccountFault::OverlapCut, &["a_rotation_waits_for_the_one_before"]),
        (AccountFault::LastTokenTakesAll, &["an_account_outlives_its_last_token"]),
        (
            AccountFault::DomainAfterCheck,
            &["one_of_racing_domains_wins", "no_domain_outlives_a_racing_removal"],
        ),
        (AccountFault::HostsPerAccount, &["a_host_stands_once_over_all_accounts"]),
        (AccountFault::DomainsKept, &["a_removed_account_takes_its_domains"]),
        (AccountFault::DomainsRewritten, &["no_racing_domain_is_lost"]),
        (
            AccountFault::HostsByPrefix,
            &["a_host_stands_once_over_all_accounts", "a_removed_domain_leaves_nothing"],
        ),
    ] {
        let harness = Harness::new(move |_budget| async move {
            Subject::accounts(Arc::new(FaultyAccounts::with(fault)), ())
        });
        for name in names {
            let law = ACCOUNT_LAWS.iter().find(|law| law.name == *name).expect("a law of this name");
            assert!(!law.holds(&harness).await, "{name} let {fault:?} pass");
        }
    }
}
