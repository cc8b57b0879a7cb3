//! Every law over a watched master, over a cluster, by a socket, and as a user who
//! may do no more than our own rule says. One test each, as such servers take
//! seconds to start.

mod common;

use std::sync::Arc;

use common::{apart, open};
use waxseal_conformance::{ACCOUNT_LAWS, Harness, Law, STORE_LAWS, Subject};
use waxseal_redis::{Options, acl};
use waxseal_redis_servers::{Cluster, Server, Watched, available};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watched_master_keeps_every_law() {
    if available("a_watched_master_keeps_every_law") {
        let servers = Watched::start();
        assert_keeps_every_law(servers.url(), apart).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_keeps_every_law() {
    if available("a_cluster_keeps_every_law") {
        let servers = Cluster::start();
        assert_keeps_every_law(servers.url(), apart).await;
    }
}

/// With the word of a replica for every secret and every ending.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_that_confirms_keeps_every_law() {
    if available("a_cluster_that_confirms_keeps_every_law") {
        let servers = Cluster::start();
        let confirmed = |budget| Options { min_replicas: 1, wait: apart(0).patience, ..apart(budget) };
        assert_keeps_every_law(servers.url(), confirmed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_with_our_rights_keeps_every_law() {
    if available("a_user_with_our_rights_keeps_every_law") {
        let server = Server::start(&[]);
        let rule = acl("seal", &"t".parse().unwrap()).replace("~t:*", "~t*").replace("PASSWORD", "hunter2");
        let words: Vec<&str> = rule.split(' ').skip(1).collect();
        server.ok(&[&["ACL", "SETUSER"][..], &words].concat());
        server.ok(&["ACL", "SETUSER", "default", "off"]);
        let url = server.socket_url().replace("://", "://seal:hunter2@");
        assert_keeps_every_law(url, apart).await;
    }
}

async fn assert_keeps_every_law(
    url: String,
    options: impl Fn(u64) -> Options + Send + Sync + Copy + 'static,
) {
    let url: Arc<str> = url.into();
    let (of_stores, of_accounts) = (Arc::clone(&url), url);
    let stores = Harness::new(move |budget| {
        let url = Arc::clone(&of_stores);
        async move { Subject::store(open(&url, options(budget)).await, ()) }
    });
    let accounts = Harness::new(move |budget| {
        let url = Arc::clone(&of_accounts);
        async move { Subject::accounts(open(&url, options(budget)).await, ()) }
    });
    let mut broken = breached(STORE_LAWS, &stores).await;
    broken.extend(breached(ACCOUNT_LAWS, &accounts).await);
    assert!(broken.is_empty(), "breached: {broken:?}");
}

async fn breached<S: ?Sized>(laws: &[Law<S>], harness: &Harness<S>) -> Vec<&'static str> {
    let mut breached = Vec::new();
    for law in laws {
        if !law.holds(harness).await {
            breached.push(law.name);
        }
    }
    breached
}
