//! Every law, over one real server.

mod common;

use std::sync::Arc;

use common::{Shared, apart, open};
use waxseal_conformance::Subject;
use waxseal_redis::RedisStore;
use waxseal_redis_servers::{Server, available};

static SERVER: Shared<Server> = Shared::new();

mod store {
    use super::*;

    waxseal_conformance::store_laws!(if available; |budget| async move {
        let (store, server) = fresh(budget).await;
        Subject::store(store, server)
    });
}

mod accounts {
    use super::*;

    waxseal_conformance::account_laws!(if available; |budget| async move {
        let (store, server) = fresh(budget).await;
        Subject::accounts(store, server)
    });
}

async fn fresh(budget: u64) -> (Arc<RedisStore>, Arc<Server>) {
    let server = SERVER.get(|| Server::start(&[]));
    (open(&server.url(), apart(budget)).await, server)
}
