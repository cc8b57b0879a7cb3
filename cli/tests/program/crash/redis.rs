//! Redis that refuses, under a crowd: out of memory, a replica, reading its data. The
//! server is never restarted for it.

use std::net::TcpListener;
use std::sync::Arc;

use waxseal_redis_servers::{Server as Redis, available};

use super::clients::Crowd;
use super::ledger::check;
use super::unlimited;
use crate::home::eventually;

const DURABLE: [&str; 6] =
    ["--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes"];

#[test]
fn redis_out_of_memory_costs_answers_and_nothing_else() {
    outlives("redis_out_of_memory_costs_answers_and_nothing_else", |redis, refused| {
        redis.ok(&["CONFIG", "SET", "maxmemory", "1"]);
        refused();
        redis.ok(&["CONFIG", "SET", "maxmemory", "0"]);
    });
}

/// Of a master that does not answer, so that it keeps its data.
#[test]
fn redis_made_a_replica_costs_answers_and_nothing_else() {
    outlives("redis_made_a_replica_costs_answers_and_nothing_else", |redis, refused| {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        redis.ok(&["REPLICAOF", "127.0.0.1", &nobody.to_string()]);
        refused();
        redis.ok(&["REPLICAOF", "NO", "ONE"]);
    });
}

#[test]
fn redis_killed_and_loading_costs_answers_and_nothing_else() {
    let mut slow = false;
    outlives("redis_killed_and_loading_costs_answers_and_nothing_else", |redis, refused| {
        if !slow {
            redis.ok(&["DEBUG", "POPULATE", "20000", "filler", "10"]);
            assert!(redis.cli(&["BGREWRITEAOF"]).contains("started"));
            eventually(|| redis.told(&["INFO", "persistence"], "aof_rewrite_in_progress") == "0");
            // Half a millisecond a key, and an ear for clients after every kilobyte.
            redis.set(&["--key-load-delay", "500", "--loading-process-events-interval-bytes", "1024"]);
            slow = true;
        }
        redis.kill();
        redis.start_again();
        refused();
        assert_eq!(redis.told(&["INFO", "persistence"], "loading"), "1", "it was refused for that");
        redis.ok(&["CONFIG", "SET", "key-load-delay", "0"]);
    });
}

/// A crowd before, while and after Redis refuses, twice: `refuse` brings that about, calls
/// what it is given to wait until it was felt, and ends it.
fn outlives(test: &str, mut refuse: impl FnMut(&mut Redis, &dyn Fn())) {
    if !available(test) {
        return;
    }
    let mut redis = Redis::start(&DURABLE);
    let home = unlimited(&redis.url());
    let server = Arc::new(home.serve(&[]));
    let crowd = Crowd::start(&server, 4);
    crowd.until_made(10);
    for _ in 0..2 {
        refuse(&mut redis, &|| crowd.until_refused(20));
        crowd.until_made(10);
    }
    let mut stories = crowd.stop();
    let half = stories.len() / 2;
    check(&server, &mut stories[..half]).assert_none();
    redis.kill();
    redis.start_again();
    eventually(|| server.ask("POST", "/api/v1/share", "secret=x", None).0 == 200);
    check(&server, &mut stories).assert_none();
}
