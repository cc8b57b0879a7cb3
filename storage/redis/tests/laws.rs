//! Every law, over one real server.

mod common;

use std::sync::Arc;

use common::{Shared, apart, open};
use futures_util::future::join_all;
use waxseal_conformance::Subject;
use waxseal_conformance::sample::{self, START, record};
use waxseal_core::id::RecordId;
use waxseal_core::state::Ending;
use waxseal_core::store::{AccountStore, Created, Record, Store, StoreError, TokenChange};
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

/// What many ask at one moment goes out together, and each gets its own answer.
#[tokio::test]
async fn what_goes_out_together_is_judged_one_by_one() {
    if !available("what_goes_out_together_is_judged_one_by_one") {
        return;
    }
    let server = Server::start(&[]);
    let store = open(&server.url(), apart(0)).await;
    let prefix = server.cli(&["KEYS", "*"]).split(':').next().unwrap().to_owned();
    let one = |n: u32| Record { id: RecordId([u8::try_from(n).unwrap(); 32]), ..record(n) };
    // The figures of 7 can't be counted, and there are two of each.
    server.ok(&["SET", &format!("{prefix}:t{{07}}"), "junk"]);
    let created = join_all((0..150).map(|n| store.create(one(n % 75), START))).await;
    let fresh =
        |n: usize| created.iter().skip(n).step_by(75).filter(|told| matches!(told, Ok(Created::Fresh)));
    for n in (0..75).filter(|n| *n != 7) {
        assert_eq!(fresh(n).count(), 1, "{n}");
        assert!(created.iter().skip(n).step_by(75).all(Result::is_ok));
    }
    assert!(created[7].is_err());
    drop(server.cli(&["SETRANGE", &format!("{prefix}:r{{09}}{}", "\t".repeat(31)), "0", "x"]));
    let ended = join_all((0..200).map(|n| {
        let (store, id) = (&store, one(n % 100).id);
        async move { store.settle(&id, Ending::Received, START).await }
    }))
    .await;
    for n in 0..100 {
        let told: Vec<_> = ended.iter().skip(n).step_by(100).collect();
        let winners = told.iter().filter(|told| matches!(told, Ok(Some(_)))).count();
        match n {
            7 => assert!(told.iter().all(|told| matches!(told, Err(StoreError::Unavailable(_))))),
            9 => assert!(told.iter().all(|told| matches!(told, Err(StoreError::Damaged(_))))),
            _ => assert!(winners == usize::from(n < 75) && told.iter().all(|told| told.is_ok()), "{n}"),
        }
    }
    drop(server.cli(&["DEL", &format!("{prefix}:t{{07}}")]));
    let usage = store.usage().await.unwrap();
    assert_eq!((usage.received, usage.new), (73, 1), "7 was never counted, 9 can't be read");
}

/// Within one process changes of an account take turns; between processes only the script
/// sees that something else stands there by now.
#[tokio::test]
async fn nodes_that_change_one_account_at_once_lose_nothing() {
    if !available("nodes_that_change_one_account_at_once_lose_nothing") {
        return;
    }
    let (server, options) = (Server::start(&[]), apart(0));
    let nodes = [open(&server.url(), options.clone()).await, open(&server.url(), options).await];
    let account = sample::account_id(1);
    assert!(nodes[0].add_account(sample::account(1), sample::token(1)).await.unwrap());
    for round in 1..=20 {
        let tokens = [sample::token(100 * round), sample::token(100 * round + 1)];
        let added = join_all(nodes.iter().zip(tokens).map(|(node, token)| node.add_token(&account, token)));
        assert!(added.await.into_iter().all(|change| change.unwrap() == TokenChange::Done));
    }
    let (_, tokens) = nodes[0].account(&account).await.unwrap().unwrap();
    assert_eq!(tokens.len(), 41);
}

/// A figure that holds very many bytes is relieved of them by the sweep, and says what it said.
#[tokio::test]
async fn a_figure_never_fills() {
    if !available("a_figure_never_fills") {
        return;
    }
    let server = Server::start(&[]);
    let store = open(&server.url(), apart(0)).await;
    for n in [1, 2] {
        let mut one = record(1);
        (one.id.0[0], one.id.0[31]) = (n, 7);
        assert_eq!(store.create(one, START).await.unwrap(), Created::Fresh);
    }
    let one = store.usage().await.unwrap().bytes / 2;
    let key = server.cli(&["KEYS", "*:t{07}"]).trim().to_owned();
    let field = server.cli(&["HKEYS", &key]).trim().to_owned();
    drop(server.cli(&["HINCRBY", &key, &field, &(1_i64 << 61).to_string()]));
    assert_eq!(store.usage().await.unwrap().bytes, (1 << 37) + 2 * one);
    let gone = sample::after(2 * sample::LIFE.secs());
    while store.sweep(1, gone).await.unwrap().forgotten == 0 {}
    let usage = store.usage().await.unwrap();
    assert_eq!(usage.bytes, (1 << 37) + one);
    assert_eq!(usage.kids.iter().map(|(_, records)| records).sum::<u64>(), 1);
    assert_eq!(server.cli(&["HGET", &key, "b"]).trim(), ((1_u64 << 37) + one).to_string());
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
