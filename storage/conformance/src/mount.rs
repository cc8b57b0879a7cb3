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
/// A store that needs a directory hands it over as the second argument, and it
/// stays until the law is done:
///
/// ```ignore
/// waxseal_conformance::store_laws!(|budget| async move {
///     let dir = tempfile::tempdir().unwrap();
///     let store = MyStore::open(dir.path(), budget).await.unwrap();
///     Subject::store(Arc::new(store), dir)
/// });
/// ```
#[macro_export]
macro_rules! store_laws {
    (@list $then:ident $with:tt) => {
        $crate::$then! { $with laws
            a_created_record_is_whole
            taken_leaves_the_first_untouched
            one_of_racing_creates_is_fresh
            a_full_store_refuses_and_evicts_nothing
            an_ending_makes_room
            racing_creates_keep_to_the_budget
            an_unknown_id_is_an_answer
        }
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
        }
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
