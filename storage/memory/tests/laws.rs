//! Every law, over the memory store.

use std::sync::Arc;

use waxseal_conformance::Subject;
use waxseal_memory::MemoryStore;

mod store {
    use super::*;

    waxseal_conformance::store_laws!(|budget| async move {
        Subject::store(Arc::new(MemoryStore::new(budget)), ())
    });
}

mod accounts {
    use super::*;

    waxseal_conformance::account_laws!(|budget| async move {
        Subject::accounts(Arc::new(MemoryStore::new(budget)), ())
    });
}
