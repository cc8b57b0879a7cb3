//! The worked example of docs/own-store.md, and its proof: every law of a store.

mod store;

use std::sync::Arc;

use store::OneMap;
use waxseal_conformance::Subject;

waxseal_conformance::store_laws!(|budget| async move { Subject::store(Arc::new(OneMap::new(budget)), ()) });
