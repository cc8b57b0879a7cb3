//! A reading of all that stands in Redis finds every kind of damage, and none where
//! none is.

mod common;

use std::sync::Arc;

use common::{open, patient};
use waxseal_conformance::sample::{self, START};
use waxseal_core::attempt::Guess;
use waxseal_core::domain::Domain;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{AccountStore, Audit, States, Store, hex};
use waxseal_redis::RedisStore;
use waxseal_redis_servers::{Cluster, Server, available};

/// Records 1 guarded and guessed at, 2 opened, 3 burned, 4 new, 5 of an account; the
/// account with its token and a domain.
async fn furnish(store: &RedisStore) {
    for n in 1..6 {
        let record = match n {
            1 => sample::guarded(n),
            5 => sample::owned(n, sample::account_id(1)),
            _ => sample::record(n),
        };
        store.create(record, START).await.unwrap();
    }
    let (guess, policy) = (Guess::Open(sample::client(1)), AttemptPolicy::default());
    store.attempt(&sample::id(1), guess, &policy, START).await.unwrap();
    store.settle(&sample::id(2), Ending::Received, START).await.unwrap().unwrap();
    store.settle(&sample::id(3), Ending::Burned, START).await.unwrap().unwrap();
    assert!(store.add_account(sample::account(1), sample::token(1)).await.unwrap());
    store.add_domain(Domain::new("a.example", sample::account_id(1))).await.unwrap();
}

async fn audit(store: &RedisStore) -> Audit {
    store.verify(START, &mut |_, _| {}).await.unwrap()
}

fn assert_sound(found: &Audit) {
    assert_eq!((found.flaws, &found.named[..]), (0, &[][..]));
    assert_eq!((found.decoded, found.undecoded), (5, 0));
    assert_eq!((found.uncompared, found.stale_lines), (0, 0));
    assert_eq!(found.states, States { new: 3, received: 1, burned: 1, ..States::default() });
    assert_eq!((found.accounts, found.tokens, found.domains), (1, 1, 1));
    assert_eq!(
        found.kids.iter().map(|(kid, records)| (*kid, *records)).collect::<Vec<_>>(),
        [(sample::KID, 5)]
    );
}

#[tokio::test]
async fn a_sound_store_is_counted() {
    if available("a_sound_store_is_counted") {
        let server = Server::start(&[]);
        let store = open(&server.url(), patient()).await;
        furnish(&store).await;
        assert_sound(&audit(&store).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_read_whole() {
    if available("a_cluster_is_read_whole") {
        let servers = Cluster::start();
        let store = open(&servers.url(), patient()).await;
        furnish(&store).await;
        assert_sound(&audit(&store).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_changes_meanwhile_shows_no_flaw() {
    if available("a_store_that_changes_meanwhile_shows_no_flaw") {
        let server = Server::start(&[]);
        let store = open(&server.url(), patient()).await;
        let busy = tokio::spawn(changes(Arc::clone(&store)));
        for _ in 0..20 {
            assert_eq!(audit(&store).await.named, []);
        }
        busy.abort();
    }
}

/// Makes, ends and sweeps without end.
async fn changes(store: Arc<RedisStore>) {
    for n in 0.. {
        store.create(sample::record(n), START).await.unwrap();
        if n % 3 == 0 {
            store.settle(&sample::id(n), Ending::Received, START).await.unwrap().unwrap();
        }
        if n % 50 == 0 {
            store.sweep(30, sample::after(sample::LIFE.secs())).await.unwrap();
        }
    }
}

/// Does `script` to the keys of record `n`: `key('r')` is it, `bucket('t')` its tally.
fn spoil(server: &Server, n: u32, script: &str) {
    let names = "local hex = ARGV[1]
        local id = hex:gsub('%x%x', function(byte) return string.char(tonumber(byte, 16)) end)
        local bucket = function(kind) return 'waxseal:' .. kind .. '{' .. hex:sub(63) .. '}' end
        local key = function(kind) return bucket(kind) .. id:sub(1, 31) end ";
    let script = format!("{names}{script} return 'done'");
    let told = server.cli(&["EVAL", &script, "0", &hex(sample::id(n).as_bytes())]);
    assert_eq!(told.trim(), "done", "{script}");
}

#[tokio::test]
async fn every_kind_of_damage_is_told() {
    if !available("every_kind_of_damage_is_told") {
        return;
    }
    let server = Server::start(&[]);
    let store = open(&server.url(), patient()).await;
    let record = |n, what: &str| format!("record {}: {what}", hex(sample::id(n).as_bytes()));
    let bucket = |n, what: &str| format!("bucket {}: {what}", sample::id(n).0[31]);
    let figures = |n| bucket(n, "its figures are not those of its records");
    // Of which record something is done, what, and what must be told of it.
    let cases = [
        (
            4,
            "redis.call('SETRANGE', key('r'), 0, 'x')",
            vec![record(4, "it is not laid out as any record is"), figures(4)],
        ),
        (
            4,
            "redis.call('APPEND', key('r'), 'x')",
            vec![record(4, "it is not laid out as any record is"), figures(4)],
        ),
        (
            2,
            "redis.call('DEL', key('r')); redis.call('RPUSH', key('r'), 'x')",
            vec![record(2, "it is no string"), figures(2)],
        ),
        (
            4,
            "redis.call('SETRANGE', key('r'), 1, '\\1')",
            vec![record(4, "it has ended, and its content still stands")],
        ),
        (1, "redis.call('SET', key('g'), 'junk')", vec![record(1, "its guesses can't be read")]),
        (
            1,
            "redis.call('RENAME', key('r'), 'other')",
            vec![record(1, "guesses at a record that is gone"), figures(1)],
        ),
        (3, "redis.call('DEL', key('r'))", vec![figures(3)]),
        (3, "redis.call('HINCRBY', bucket('t'), 'b', 7)", vec![figures(3)]),
        (4, "redis.call('DEL', bucket('d'))", vec![bucket(4, "records that no sweep would find")]),
        (
            4,
            "redis.call('SET', 'waxseal:r{zz}', 'x')",
            vec!["key waxseal:r{zz}: no record is named so".to_owned()],
        ),
        (
            4,
            "redis.call('SETRANGE', redis.call('KEYS', 'waxseal:a{*')[1], 0, 'x')",
            vec!["list of accounts: an account can't be read".to_owned()],
        ),
        (
            4,
            "redis.call('HSET', 'waxseal:h{accounts}', 'a.example', 'x')",
            vec!["list of domains: a domain can't be read".to_owned()],
        ),
    ];
    for (n, script, expected) in cases {
        server.ok(&["FLUSHALL"]);
        furnish(&store).await;
        spoil(&server, n, script);
        let found = audit(&store).await;
        let told: Vec<_> = found.named.iter().map(|flaw| format!("{}: {}", flaw.of, flaw.what)).collect();
        assert_eq!(told, expected, "{script}");
        assert_eq!(found.flaws, told.len() as u64);
    }
}

#[tokio::test]
async fn lines_that_lead_nowhere_are_counted() {
    if available("lines_that_lead_nowhere_are_counted") {
        let server = Server::start(&[]);
        let store = open(&server.url(), patient()).await;
        furnish(&store).await;
        spoil(&server, 5, "redis.call('DEL', key('r'))");
        assert_eq!(audit(&store).await.stale_lines, 1);
    }
}
