//! Every law, over SQLite.

use std::sync::Arc;

use tempfile::TempDir;
use waxseal_conformance::Subject;
use waxseal_sqlite::{Options, SqliteStore};

mod store {
    use super::*;

    waxseal_conformance::store_laws!(|budget| async move {
        let (store, folder) = fresh(budget);
        Subject::store(store, folder)
    });
}

mod accounts {
    use super::*;

    waxseal_conformance::account_laws!(|budget| async move {
        let (store, folder) = fresh(budget);
        Subject::accounts(store, folder)
    });
}

fn fresh(budget: u64) -> (Arc<SqliteStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { stored_bytes_budget: budget };
    (Arc::new(SqliteStore::open(folder.path().join("store"), options).unwrap()), folder)
}
