//! Every law, over one real server.

mod common;

use std::sync::Arc;

use common::{Shared, apart, open};
use waxseal_conformance::Subject;
use waxseal_conformance::sample::{START, record};
use waxseal_core::store::{Created, Store};
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

/// More records than one script moves come due in one hour of one bucket; an hour that
/// was unfolded gets further ones.
#[tokio::test]
async fn an_hour_is_swept_whole_and_again() {
    if !available("an_hour_is_swept_whole_and_again") {
        return;
    }
    let (store, _server) = fresh(0).await;
    for (first, many) in [(0, 150), (150, 3)] {
        for n in first..first + many {
            let mut one = record(n);
            one.id.0[31] = 7;
            assert_eq!(store.create(one, START).await.unwrap(), Created::Fresh);
        }
        let (mut expired, mut more) = (0, true);
        while more {
            let swept = store.sweep(40, record(0).sealed.expires).await.unwrap();
            assert!(swept.expired <= 40);
            (expired, more) = (expired + swept.expired, swept.more);
        }
        assert_eq!(expired, u64::from(many));
        assert_eq!(store.usage().await.unwrap().new, 0);
    }
}
