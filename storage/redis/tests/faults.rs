//! Every refusal of Redis, of a real server that was brought to it: what the caller
//! is told, and what the admin.

mod common;

use std::error::Error;
use std::time::Duration;

use common::{apart, lasting, open, patient};
use futures_util::future::join_all;
use waxseal_conformance::sample::{self, START, client, guarded, record};
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{
    Action, Attempt, Created, Limiter, Pass, Rate, Record, Store, StoreError, Subject,
};
use waxseal_core::time::{Moment, Ttl};
use waxseal_redis::{Options, RedisStore};
use waxseal_redis_servers::{Cluster, Server, Watched, available, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_and_back() {
    let Some(mut server) = server("gone_and_back", &["--appendonly", "yes", "--appendfsync", "always"])
    else {
        return;
    };
    let store = open(&server.url(), patient()).await;
    put(&store, &record(1)).await;
    server.kill();
    // The first to ask may be the one who finds the connection broken.
    lasting("it is known to be gone", async || {
        text(&look(&store, 1).await.unwrap_err()).contains("cannot be reached")
    })
    .await;
    assert_told(&create(&store, 2).await.unwrap_err(), "cannot be reached");
    assert!(matches!(settle(&store, 1).await, Err(StoreError::Unavailable(_))), "it was never sent");
    assert!(matches!(look(&store, 1).await, Err(StoreError::Unavailable(_))));
    assert!(store.ping().await.is_err());
    server.start_again();
    lasting("it is served again", async || store.ping().await.is_ok()).await;
    assert!(settle(&store, 1).await.unwrap().is_some(), "the same store, never opened anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_leaves_a_claim_unconfirmed() {
    let Some(server) = server("a_frozen_server_leaves_a_claim_unconfirmed", &[]) else { return };
    let store = open(&server.url(), Options::default()).await;
    for n in 0..3 {
        put(&store, &record(n)).await;
    }
    server.signal("-STOP");
    assert!(matches!(settle(&store, 1).await, Err(StoreError::Unconfirmed(_))));
    assert!(matches!(look(&store, 2).await, Err(StoreError::Unavailable(_))));
    server.signal("-CONT");
    // What was sent may still arrive, and be done once.
    lasting("it answers again", async || store.ping().await.is_ok()).await;
    lasting("what was sent has arrived", async || {
        store.receipt(&sample::id(1), START).await.unwrap().unwrap().state == State::Received
    })
    .await;
    assert!(settle(&store, 1).await.unwrap().is_none());
    assert!(settle(&store, 2).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_takes_no_writes() {
    let Some(server) = server("a_replica_takes_no_writes", &[]) else { return };
    let store = open(&server.url(), patient()).await;
    let other = Server::start(&[]);
    server.ok(&["REPLICAOF", "127.0.0.1", &other.port().to_string()]);
    let refused = create(&store, 1).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)));
    assert_told(&refused, "(READONLY): it is a replica");
    server.ok(&["REPLICAOF", "NO", "ONE"]);
    put(&store, &record(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_is_opened_when_memory_is_used_up() {
    let Some(server) = server("what_stands_is_opened_when_memory_is_used_up", &[]) else { return };
    let store = open(&server.url(), patient()).await;
    put(&store, &record(1)).await;
    put(&store, &guarded(2)).await;
    server.ok(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_told(&create(&store, 3).await.unwrap_err(), "(OOM): its memory is used up");
    assert!(matches!(look(&store, 1).await, Ok(Attempt::Granted { .. })));
    let guess = Guess::Open(client(1));
    let guessed = store.attempt(&sample::id(2), guess, &AttemptPolicy::default(), START).await;
    assert!(matches!(guessed, Ok(Attempt::Granted { remaining: 4, .. })));
    let rate = Rate { count: 5, per: Ttl::hours(1) };
    let now = Moment::from_millis(START.secs() * 1_000);
    let pass = store.limiter().take(Subject::Client(client(1)), Action::Reveal, rate, now).await;
    assert_eq!(pass.unwrap(), Pass::Allowed);
    assert!(settle(&store, 1).await.unwrap().is_some());
    assert!(store.sweep(10, sample::after(1 << 30)).await.unwrap().forgotten == 2, "room is made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loading_server_is_told_of() {
    let Some(mut server) = server("a_loading_server_is_told_of", &["--enable-debug-command", "yes"]) else {
        return;
    };
    let store = open(&server.url(), patient()).await;
    put(&store, &record(1)).await;
    server.ok(&["DEBUG", "POPULATE", "20000", "filler", "10"]);
    server.ok(&["SAVE"]);
    server.kill();
    // Half a millisecond a key, and an ear for clients after every kilobyte.
    server.set(&["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"]);
    server.start_again();
    assert_told(&create(&store, 2).await.unwrap_err(), "(LOADING): it is reading its data");
    server.ok(&["CONFIG", "SET", "key-load-delay", "0"]);
    lasting("it has loaded", async || create(&store, 2).await.is_ok()).await;
    assert!(settle(&store, 1).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_asked_for() {
    let Some(server) = server("a_password_is_asked_for", &["--requirepass", "hunter2"]) else { return };
    let told = refused(&server.url(), patient()).await;
    assert!(told.contains("(NOAUTH): it asks for a password"), "{told}");
    let wrong = server.url().replace("://", "://:swordfish@");
    let told = refused(&wrong, patient()).await;
    assert!(
        told.contains("(WRONGPASS): it does not know this user") && !told.contains("swordfish"),
        "{told}"
    );
    open(&server.url().replace("://", "://:hunter2@"), patient()).await.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_and_servers_ask_for_passwords_of_their_own() {
    if !available("sentinels_and_servers_ask_for_passwords_of_their_own") {
        return;
    }
    let servers = Watched::start();
    let url = servers.url().replace("://", "://seal:hunter2@");
    for server in &servers.servers {
        server.ok(&["ACL", "SETUSER", "seal", "on", ">hunter2", "~*", "+@all"]);
    }
    for sentinel in &servers.sentinels {
        let rights = "+sentinel|get-master-addr-by-name";
        sentinel.ok(&["ACL", "SETUSER", "watch", "on", ">swordfish", "-@all", rights]);
        sentinel.ok(&["ACL", "SETUSER", "default", "resetpass"]);
    }
    let told = refused(&url, patient()).await;
    assert!(told.contains("(NOAUTH)") && !told.contains("hunter2"), "{told}");
    let wrong = format!("{url}?sentinel_user=watch&sentinel_password=hunter2");
    let told = refused(&wrong, patient()).await;
    assert!(told.contains("(WRONGPASS)") && !told.contains("hunter2"), "{told}");
    let right = format!("{url}?sentinel_user=watch&sentinel_password=swordfish");
    open(&right, patient()).await.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_permission_is_told() {
    let Some(server) = server("a_missing_permission_is_told", &[]) else { return };
    server.ok(&["ACL", "SETUSER", "seal", "on", "nopass", "~*", "+@all", "-evalsha"]);
    let store = open(&server.url().replace("://", "://seal@"), patient()).await;
    assert_told(&create(&store, 1).await.unwrap_err(), "(NOPERM): its user lacks a permission");
    server.ok(&["ACL", "SETUSER", "seal", "+evalsha", "resetkeys", "~other:*"]);
    assert_told(&create(&store, 1).await.unwrap_err(), "waxseal config redis-acl");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eviction_is_refused() {
    let Some(server) = server("eviction_is_refused", &["--maxmemory-policy", "allkeys-lru"]) else { return };
    let told = refused(&server.url(), patient()).await;
    assert!(told.contains("allkeys-lru") && told.contains("set maxmemory-policy to noeviction"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_is_told() {
    let Some(server) = server("a_disk_that_fails_is_told", &[]) else { return };
    let store = open(&server.url(), patient()).await;
    put(&store, &record(1)).await;
    std::fs::create_dir_all(server.folder().join("dump.rdb/in-the-way")).unwrap();
    server.ok(&["CONFIG", "SET", "save", "3600 1"]);
    assert!(server.cli(&["SAVE"]).contains("ERR"));
    // SAVE leaves no mark; what runs in the background does.
    assert!(server.cli(&["BGSAVE"]).contains("started"));
    eventually("the save has failed", || {
        server.told(&["INFO", "persistence"], "rdb_last_bgsave_status") == "err"
    });
    assert_told(&create(&store, 2).await.unwrap_err(), "(MISCONF): it cannot write to its disk");
    assert!(matches!(settle(&store, 1).await, Err(StoreError::Unavailable(_))), "nothing is used up");
}

fn assert_is_of_a_cluster(told: &str) {
    assert!(told.contains("(MOVED): it is a node of a cluster; say redis-cluster://"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_replicas_for_redis() {
    let Some(server) = server("too_few_replicas_for_redis", &["--min-replicas-to-write", "1"]) else {
        return;
    };
    let told = RedisStore::open(server.url().parse().unwrap(), patient()).await.unwrap_err().to_string();
    assert!(told.contains("(NOREPLICAS): too few replicas are connected"), "{told}");
    server.ok(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    let store = open(&server.url(), patient()).await;
    server.ok(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert_told(&create(&store, 1).await.unwrap_err(), "(NOREPLICAS): too few replicas are connected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_script_is_told() {
    let Some(server) = server("an_endless_script_is_told", &["--busy-reply-threshold", "20"]) else { return };
    let store = open(&server.url(), patient()).await;
    let port = server.port().to_string();
    let endless = ["-p", &port, "EVAL", "while true do end", "0"];
    let mut running = std::process::Command::new("redis-cli").args(endless).spawn().unwrap();
    eventually("the script runs", || server.cli(&["PING"]).contains("BUSY"));
    assert_told(&create(&store, 1).await.unwrap_err(), "(BUSY): it is busy with somebody's endless script");
    server.ok(&["SCRIPT", "KILL"]);
    running.wait().unwrap();
    put(&store, &record(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgotten_scripts_are_told_anew() {
    let Some(server) = server("forgotten_scripts_are_told_anew", &[]) else { return };
    let store = open(&server.url(), patient()).await;
    put(&store, &record(1)).await;
    server.ok(&["SCRIPT", "FLUSH"]);
    assert!(settle(&store, 1).await.unwrap().is_some());
    let confirming = Options { min_replicas: 1, wait: Duration::from_millis(1), ..patient() };
    server.ok(&["SCRIPT", "FLUSH"]);
    let store = open(&server.url(), confirming).await;
    assert_told(&create(&store, 2).await.unwrap_err(), "0 of the 1 replicas");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_record_is_left_as_it_is() {
    let Some(server) = server("a_damaged_record_is_left_as_it_is", &[]) else { return };
    let store = open(&server.url(), patient()).await;
    for n in 1..=2 {
        put(&store, &guarded(n)).await;
    }
    let keys = server.cli(&["--no-raw", "KEYS", "waxseal:r*"]);
    assert_eq!(keys.lines().count(), 2);
    // The first byte is the version. The key's bytes are no text, so Lua finds it.
    let bucket = format!("{:02x}", sample::id(1).0[31]);
    let spoil = "for _, k in ipairs(redis.call('KEYS', 'waxseal:r{' .. ARGV[1] .. '}*')) do redis.call('SETRANGE', k, 0, '\\9') end return redis.status_reply('OK')";
    server.ok(&["EVAL", spoil, "0", &bucket]);
    let guess = Guess::Open(client(1));
    assert!(matches!(look(&store, 1).await, Err(StoreError::Damaged(_))));
    let guessed = store.attempt(&sample::id(1), guess, &AttemptPolicy::default(), START).await;
    assert!(matches!(guessed, Err(StoreError::Damaged(_))));
    assert!(matches!(settle(&store, 1).await, Err(StoreError::Damaged(_))));
    assert!(matches!(store.receipt(&sample::id(1), START).await, Err(StoreError::Damaged(_))));
    assert_eq!(create(&store, 1).await.unwrap(), Created::Taken);
    assert!(settle(&store, 2).await.unwrap().is_some(), "the neighbour is not touched");
    let stands = |keys: &str| server.cli(&["--no-raw", "KEYS", keys]).contains("waxseal:r{");
    while store.sweep(100, sample::after(1 << 30)).await.unwrap().more {}
    assert!(stands(&format!("waxseal:r{{{bucket}}}*")), "it is still there");
    let neighbour = format!("waxseal:r{{{:02x}}}*", sample::id(2).0[31]);
    assert!(!stands(&neighbour), "what can be read is swept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_enough_replicas_a_claim_stays_claimed() {
    let Some(server) = server("without_enough_replicas_a_claim_stays_claimed", &[]) else { return };
    let plain = open(&server.url(), patient()).await;
    put(&plain, &record(1)).await;
    let wait = Duration::from_millis(20);
    let confirming = open(&server.url(), Options { min_replicas: 1, wait, ..patient() }).await;
    let unsure = settle(&confirming, 1).await.unwrap_err();
    assert!(matches!(unsure, StoreError::Unconfirmed(_)));
    assert_told(&unsure, "0 of the 1 replicas of min_replicas confirmed within 20 ms");
    assert_eq!(settle(&plain, 1).await.unwrap(), None, "it is nobody's any more");
    assert_eq!(settle(&confirming, 1).await.unwrap(), None, "and losing needs no confirmation");
    assert!(matches!(create(&confirming, 2).await, Err(StoreError::Unconfirmed(_))));

    let replica = Server::start(&["--replicaof", "127.0.0.1", &server.port().to_string()]);
    eventually("the replica is there", || {
        server.told(&["INFO", "replication"], "slave0").contains("state=online")
    });
    let wait = Duration::from_secs(20);
    let patient = open(&server.url(), Options { min_replicas: 1, wait, ..patient() }).await;
    put(&patient, &record(3)).await;
    assert!(settle(&patient, 3).await.unwrap().is_some());
    put(&patient, &record(4)).await;
    replica.signal("-STOP");
    assert!(
        matches!(settle(&confirming, 4).await, Err(StoreError::Unconfirmed(_))),
        "a frozen replica confirms nothing, on a fresh connection either"
    );
    replica.signal("-CONT");
}

/// The script has run, and the connection ends while WAIT is awaited on it: another
/// connection could confirm nothing, so none is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_before_replicas_confirm_leaves_a_claim_unconfirmed() {
    let name = "a_connection_that_ends_before_replicas_confirm_leaves_a_claim_unconfirmed";
    let Some(server) = server(name, &[]) else { return };
    let plain = open(&server.url(), patient()).await;
    put(&plain, &record(1)).await;
    let wait = Duration::from_secs(60);
    let confirming = open(&server.url(), Options { min_replicas: 1, wait, ..patient() }).await;
    let settling = tokio::spawn(async move { settle(&confirming, 1).await });
    eventually("replicas are waited for", || server.cli(&["CLIENT", "LIST"]).contains("cmd=wait"));
    let killed = server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    assert_ne!(killed.trim(), "0");
    let unsure = settling.await.unwrap().unwrap_err();
    assert!(matches!(unsure, StoreError::Unconfirmed(_)));
    assert_told(&unsure, "ended the connection before it answered");
    lasting("the other connection is made anew", async || plain.ping().await.is_ok()).await;
    assert_eq!(settle(&plain, 1).await.unwrap(), None, "it was claimed, and stays so");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_told_of_where_one_server_is_meant() {
    if !available("a_cluster_is_told_of_where_one_server_is_meant") {
        return;
    }
    let mut cluster = Cluster::start();
    // What notes the format lies on one of them; the others can't be asked for it.
    let mut ones = Vec::new();
    for node in &cluster.nodes[..3] {
        match RedisStore::open(node.url().parse().unwrap(), patient()).await {
            Ok(one) => ones.push(one),
            Err(error) => assert_is_of_a_cluster(&error.to_string()),
        }
    }
    assert_eq!(ones.len(), 1);
    let mut told = Vec::new();
    for n in 0..20 {
        told.extend(create(&ones[0], n).await.err().map(|error| text(&error)));
    }
    told.iter().for_each(|told| assert_is_of_a_cluster(told));
    assert!(told.len() > 5, "most slots are elsewhere");

    let whole = open(&cluster.url(), apart(0)).await;
    whole.usage().await.unwrap();
    // A master and its replica are gone: nobody serves their slots.
    let replica = (3..6).find(|n| {
        let master = cluster.nodes[*n].told(&["INFO", "replication"], "master_port");
        master == cluster.nodes[1].port().to_string()
    });
    cluster.nodes[replica.unwrap()].kill();
    cluster.nodes[1].kill();
    eventually("the cluster is down", || {
        cluster.nodes[0].told(&["CLUSTER", "INFO"], "cluster_state") == "fail"
    });
    let told = RedisStore::open(cluster.nodes[0].url().parse().unwrap(), patient()).await.unwrap_err();
    assert!(told.to_string().contains("CLUSTERDOWN"), "{told}");
    assert!(matches!(whole.usage().await, Err(StoreError::Unavailable(_))));
}

/// A node of ours goes on by itself with whoever is master next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_of_sentinels_is_followed() {
    if !available("a_failover_of_sentinels_is_followed") {
        return;
    }
    let servers = Watched::start();
    let store = open(&servers.url(), patient()).await;
    put(&store, &record(1)).await;
    let master = servers.master();
    eventually("both replicas have it", || {
        let acks = servers.servers[master].cli(&["WAIT", "2", "0"]);
        acks.contains('2')
    });
    servers.sentinels[0].ok(&["SENTINEL", "FAILOVER", "main"]);
    eventually("another is the master", || servers.master() != master);
    lasting("the new master is asked", async || create(&store, 2).await.is_ok()).await;
    eventually("the old one follows", || {
        servers.servers[master].told(&["INFO", "replication"], "role") == "slave"
    });
    lasting("what stood stands", async || settle(&store, 1).await.is_ok_and(|won| won.is_some())).await;
    assert_eq!(settle(&store, 1).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_of_a_cluster_is_followed() {
    if !available("a_failover_of_a_cluster_is_followed") {
        return;
    }
    let mut cluster = Cluster::start();
    let store = open(&cluster.url(), patient()).await;
    for n in 0..40 {
        put(&store, &record(n)).await;
    }
    cluster.nodes[0].kill();
    for n in 0..40 {
        lasting("its replica has taken over", async || look(&store, n).await.is_ok()).await;
        lasting("and takes writes", async || create(&store, 100 + n).await.is_ok()).await;
    }
    cluster.nodes[0].start_again();
    cluster.await_sound();
    assert!(store.usage().await.unwrap().new >= 40);
    store.ping().await.unwrap();
}

/// ASK from the node that gives a slot away, TRYAGAIN from the one that takes it,
/// MOVED in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_is_waited_for() {
    if !available("a_slot_that_moves_is_waited_for") {
        return;
    }
    let cluster = Cluster::start();
    let store = open(&cluster.url(), patient()).await;
    store.usage().await.unwrap();
    let key = format!("waxseal:t{{{:02x}}}", sample::id(1).0[31]);
    let slot = cluster.nodes[0].cli(&["CLUSTER", "KEYSLOT", &key]).trim().to_owned();
    let held = |n: &usize| !cluster.nodes[*n].cli(&["GET", &key]).contains("MOVED");
    let from = (0..3).find(held).unwrap();
    let to = (from + 1) % 3;
    let id = |n: usize| cluster.nodes[n].cli(&["CLUSTER", "MYID"]).trim().to_owned();
    let set =
        |n: usize, words: &[&str]| cluster.nodes[n].ok(&[&["CLUSTER", "SETSLOT", &slot], words].concat());
    set(to, &["IMPORTING", &id(from)]);
    set(from, &["MIGRATING", &id(to)]);
    let asked = || cluster.nodes[from].told(&["INFO", "errorstats"], "errorstat_ASK");
    let creating = tokio::spawn(async move { (create(&store, 1).await, store) });
    eventually("it is sent on", || !asked().is_empty());
    for n in [to, from, (to + 1) % 3] {
        set(n, &["NODE", &id(to)]);
    }
    let (created, store) = creating.await.unwrap();
    assert_eq!(created.unwrap(), Created::Fresh);
    assert!(settle(&store, 1).await.unwrap().is_some());
    // One that never arrives is told of in the end.
    set(from, &["IMPORTING", &id(to)]);
    set(to, &["MIGRATING", &id(from)]);
    let other = (2..).map(record).find(|other| other.id.0[31] == sample::id(1).0[31]).unwrap();
    let stuck = store.create(other, START).await.unwrap_err();
    assert!(matches!(stuck, StoreError::Unavailable(_)));
    assert_told(&stuck, "(TRYAGAIN): a slot of the cluster is being moved and took too long");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_cluster_is_told() {
    let Some(server) = server("a_node_without_a_cluster_is_told", &["--cluster-enabled", "yes"]) else {
        return;
    };
    let url = server.url().replace("redis://", "redis-cluster://");
    let told = refused(&url, patient()).await;
    assert!(told.contains("no node of the cluster serves slot"), "{told}");
}

#[tokio::test]
async fn nobody_is_there() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let urls = [
        format!("redis://:hunter2@{free}"),
        format!("rediss://:hunter2@{free}"),
        format!("redis-sentinel://:hunter2@{free}/main"),
        format!("redis-cluster://:hunter2@{free}"),
        "redis+unix://:hunter2@/nowhere/redis.sock".to_owned(),
    ];
    for told in join_all(urls.iter().map(|url| refused(url, patient()))).await {
        assert!(told.contains("cannot be reached") && !told.contains("hunter2"), "{told}");
    }
}

/// A server with these settings, or a loud skip.
fn server(test: &str, settings: &[&str]) -> Option<Server> {
    available(test).then(|| Server::start(settings))
}

async fn put(store: &RedisStore, record: &Record) {
    assert_eq!(store.create(record.clone(), START).await.unwrap(), Created::Fresh);
}

async fn create(store: &RedisStore, n: u32) -> Result<Created, StoreError> {
    store.create(record(n), START).await
}

async fn settle(store: &RedisStore, n: u32) -> Result<Option<waxseal_core::store::Receipt>, StoreError> {
    store.settle(&sample::id(n), Ending::Received, START).await
}

async fn look(store: &RedisStore, n: u32) -> Result<Attempt, StoreError> {
    store.attempt(&sample::id(n), Guess::None(client(1)), &AttemptPolicy::default(), START).await
}

async fn refused(url: &str, options: Options) -> String {
    RedisStore::open(url.parse().unwrap(), options).await.unwrap_err().to_string()
}

/// What an error says, and what it says lay behind it.
fn text(error: &StoreError) -> String {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    format!("{error}: {cause}")
}

fn assert_told(error: &StoreError, words: &str) {
    let text = text(error);
    assert!(text.contains(words) && text.lines().count() == 1, "{text}");
}
