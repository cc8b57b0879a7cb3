//! What takes minutes: masters killed and frozen during a race, slots that move
//! under load, memory that must stay flat. `scripts/prove` runs them;
//! `WAXSEAL_PROVE_ROUNDS` and `WAXSEAL_PROVE_SECS` say how long.

mod common;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use common::{lasting, open, patient};
use tokio::task::JoinSet;
use tokio::time::Instant;
use waxseal_conformance::sample::{self, START, after, record};
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State};
use waxseal_core::store::{Attempt, Created, Store, StoreError};
use waxseal_redis::{Options, RedisStore};
use waxseal_redis_servers::{Cluster, Server, Watched, available, eventually};

/// Secrets of one round.
const SECRETS: u32 = 300;
/// Nodes of ours, each with a store of its own.
const NODES: usize = 4;
/// How many of each node try for each secret.
const RACERS: u32 = 2;
/// How often what takes long without an end says how far it is.
const MINUTE: Duration = Duration::from_secs(60);

/// What came of one round.
#[derive(Default, Debug)]
struct Outcome {
    created: u32,
    created_and_lost: u32,
    won: u32,
    told_twice: u32,
    won_and_back: u32,
    unconfirmed: u32,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes; run by scripts/prove"]
async fn a_killed_master_tells_no_value_twice() {
    if available("a_killed_master_tells_no_value_twice") {
        rounds("kill -9 of the master", 1, |servers| servers.kill_master(), true).await;
    }
}

/// Counted and said, not judged: without confirmation a failover may lose what was last acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes; run by scripts/prove"]
async fn a_killed_master_without_confirmation_is_counted() {
    if available("a_killed_master_without_confirmation_is_counted") {
        rounds("kill -9 of the master", 0, |servers| servers.kill_master(), false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes; run by scripts/prove"]
async fn a_frozen_master_that_returns_tells_no_value_twice() {
    if available("a_frozen_master_that_returns_tells_no_value_twice") {
        rounds("SIGSTOP of the master, and its return", 1, |servers| servers.freeze_master(), true).await;
    }
}

/// Servers of which one is hurt.
struct Hurt {
    servers: Watched,
    master: usize,
    frozen: bool,
}

impl Hurt {
    fn kill_master(&mut self) {
        self.servers.servers[self.master].kill();
    }

    fn freeze_master(&mut self) {
        self.servers.servers[self.master].signal("-STOP");
        self.frozen = true;
    }
}

async fn rounds(what: &str, min_replicas: u64, hurt: impl Fn(&mut Hurt), judged: bool) {
    let mut total = Outcome::default();
    let rounds = number("WAXSEAL_PROVE_ROUNDS", 50);
    for n in 1..=rounds {
        let outcome = round(min_replicas, &hurt).await;
        say(&format!("{what}, min_replicas = {min_replicas}, round {n} of {rounds}: {outcome:?}"));
        if judged {
            assert_eq!(outcome.told_twice, 0, "{outcome:?}");
        }
        total.created += outcome.created;
        total.created_and_lost += outcome.created_and_lost;
        total.won += outcome.won;
        total.told_twice += outcome.told_twice;
        total.won_and_back += outcome.won_and_back;
        total.unconfirmed += outcome.unconfirmed;
    }
    say(&format!("{what}, {rounds} rounds, min_replicas = {min_replicas}: {total:?}"));
}

async fn round(min_replicas: u64, hurt: &impl Fn(&mut Hurt)) -> Outcome {
    let servers = Watched::start();
    let options = Options { min_replicas, ..Options::default() };
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(open(&servers.url(), options.clone()).await);
    }
    let mut outcome = Outcome::default();
    for n in 0..SECRETS {
        nodes[0].create(record(n), START).await.unwrap();
    }
    let master = servers.master();
    let mut hurting = Hurt { servers, master, frozen: false };
    let settled = Arc::new(AtomicU32::new(0));
    let mut racing = JoinSet::new();
    for node in &nodes {
        for racer in 0..RACERS {
            racing.spawn(race(Arc::clone(node), racer, Arc::clone(&settled)));
        }
    }
    let mut creating = JoinSet::new();
    creating.spawn(create_through(Arc::clone(&nodes[1]), Arc::clone(&settled)));
    lasting("a third is settled", async || settled.load(Ordering::Relaxed) > SECRETS / 3).await;
    hurt(&mut hurting);
    let mut wins: BTreeMap<u32, u32> = BTreeMap::new();
    for (won, unconfirmed) in racing.join_all().await {
        outcome.unconfirmed += unconfirmed;
        for n in won {
            *wins.entry(n).or_default() += 1;
        }
    }
    let created: Vec<u32> = creating.join_all().await.into_iter().flatten().collect();
    if hurting.frozen {
        hurting.servers.servers[master].signal("-CONT");
        eventually("the old master follows the new one", || {
            hurting.servers.servers[master].told(&["INFO", "replication"], "role") == "slave"
        });
    }
    lasting("a master serves", async || nodes[0].ping().await.is_ok()).await;
    outcome.created = u32::try_from(created.len()).unwrap();
    for n in created {
        let receipt = nodes[0].receipt(&sample::id(n), START).await.unwrap();
        outcome.created_and_lost += u32::from(receipt.is_none());
    }
    outcome.won = u32::try_from(wins.len()).unwrap();
    outcome.told_twice = u32::try_from(wins.values().filter(|count| **count > 1).count()).unwrap();
    for n in wins.keys() {
        let receipt = nodes[0].receipt(&sample::id(*n), START).await.unwrap();
        outcome.won_and_back += u32::from(receipt.is_none_or(|receipt| receipt.state == State::New));
    }
    outcome
}

/// Tries for every secret until it is told what came of it; answers the ones won
/// and how often it was left unsure.
async fn race(node: Arc<RedisStore>, racer: u32, settled: Arc<AtomicU32>) -> (Vec<u32>, u32) {
    let (mut won, mut unconfirmed) = (Vec::new(), 0);
    for step in 0..SECRETS {
        let n = if racer.is_multiple_of(2) { step } else { SECRETS - 1 - step };
        loop {
            match node.settle(&sample::id(n), Ending::Received, START).await {
                Ok(receipt) => {
                    if receipt.is_some() {
                        won.push(n);
                        settled.fetch_add(1, Ordering::Relaxed);
                    }
                    break;
                }
                // Told "may have been used up", and nobody asks twice.
                Err(StoreError::Unconfirmed(_)) => {
                    unconfirmed += 1;
                    break;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    (won, unconfirmed)
}

/// Creates until the races are nearly over; answers what was acknowledged.
async fn create_through(node: Arc<RedisStore>, settled: Arc<AtomicU32>) -> Vec<u32> {
    let mut created = Vec::new();
    for n in SECRETS..100_000 {
        if settled.load(Ordering::Relaxed) > SECRETS * 9 / 10 {
            break;
        }
        match node.create(record(n), START).await {
            Ok(Created::Fresh) => created.push(n),
            Ok(other) => panic!("{n}: {other:?}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    created
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes; run by scripts/prove"]
async fn slots_move_under_load_without_an_error() {
    if !available("slots_move_under_load_without_an_error") {
        return;
    }
    let cluster = Cluster::start();
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(open(&cluster.url(), Options::default()).await);
    }
    for n in 0..5_000 {
        nodes[0].create(record(1_000_000 + n), START).await.unwrap();
    }
    let over = Arc::new(AtomicBool::new(false));
    let mut working = JoinSet::new();
    for (worker, node) in (0..).zip(nodes) {
        working.spawn(work(node, worker * 10_000_000, Arc::clone(&over)));
    }
    let laps = number("WAXSEAL_PROVE_ROUNDS", 50).div_ceil(10);
    for lap in 1..=laps {
        for (from, to) in [(0, 1), (1, 2), (2, 0)] {
            reshard(&cluster, from, to, 1_500);
            say(&format!("lap {lap} of {laps}: 1500 slots from master {from} to {to}"));
        }
    }
    over.store(true, Ordering::Relaxed);
    let done: u32 = working.join_all().await.into_iter().sum();
    say(&format!("{done} secrets made, opened and ended while slots moved: no error"));
    assert!(done > 100);
}

fn reshard(cluster: &Cluster, from: usize, to: usize, slots: u32) {
    let id = |n: usize| cluster.nodes[n].cli(&["CLUSTER", "MYID"]).trim().to_owned();
    let moved = Command::new("redis-cli")
        .args(["--cluster", "reshard", &cluster.nodes[0].address(), "--cluster-yes"])
        .args(["--cluster-from", &id(from), "--cluster-to", &id(to), "--cluster-slots", &slots.to_string()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stdout));
    cluster.await_sound();
}

/// The whole life of secrets, one after the other; any error fails the test.
async fn work(node: Arc<RedisStore>, first: u32, over: Arc<AtomicBool>) -> u32 {
    let mut done = 0;
    while !over.load(Ordering::Relaxed) {
        let secret = record(first + done);
        assert_eq!(node.create(secret.clone(), START).await.unwrap(), Created::Fresh);
        let guess = Guess::None(sample::client(1));
        let opened = node.attempt(&secret.id, guess, &AttemptPolicy::default(), START).await.unwrap();
        assert!(matches!(opened, Attempt::Granted { .. }));
        assert!(node.settle(&secret.id, Ending::Received, START).await.unwrap().is_some());
        assert!(node.receipt(&secret.id, START).await.unwrap().is_some());
        done += 1;
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes; run by scripts/prove"]
async fn memory_stays_flat() {
    if !available("memory_stays_flat") {
        return;
    }
    let server = Server::start(&[]);
    // Patient: what is asked is memory, and the machine may be busy.
    let store = open(&server.url(), patient()).await;
    let life = Duration::from_secs(number("WAXSEAL_PROVE_SECS", 600));
    let (started, mut n) = (Instant::now(), 0);
    let (mut first, mut told) = (None, started);
    while started.elapsed() < life {
        let batch = n..n + 500;
        for n in batch.clone() {
            store.create(record(n), START).await.unwrap();
        }
        for n in batch.filter(|n| n % 2 == 0) {
            store.settle(&sample::id(n), Ending::Received, START).await.unwrap();
        }
        while store.sweep(1_000, after(1 << 30)).await.unwrap().more {}
        n += 500;
        if first.is_none() && started.elapsed() > life / 4 {
            first = Some((resident(), used(&server)));
        }
        if told.elapsed() > MINUTE {
            told = Instant::now();
            let (passed, ours, theirs) = (started.elapsed().as_secs(), resident(), used(&server));
            say(&format!("{n} secrets in {passed} s: ours {ours} kB, Redis {theirs} bytes"));
        }
    }
    let (ours, theirs) = first.unwrap();
    say(&format!(
        "{n} secrets in {} s: ours {ours} kB after a quarter, {} kB at the end; Redis {theirs} and {} bytes",
        life.as_secs(),
        resident(),
        used(&server)
    ));
    assert_eq!(store.usage().await.unwrap(), waxseal_core::store::Usage::default());
    assert!(resident() < ours + ours / 5 && used(&server) < theirs + theirs / 5);
}

/// What this process holds in memory, in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn used(server: &Server) -> u64 {
    server.told(&["INFO", "memory"], "used_memory").parse().unwrap()
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|said| said.parse().ok()).unwrap_or(usual)
}

#[allow(clippy::print_stdout, reason = "the figures are what a long run is for")]
fn say(line: &str) {
    println!("{line}");
}
