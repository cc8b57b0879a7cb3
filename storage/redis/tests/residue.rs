//! What is left of ended secrets in Redis: their receipts, and nothing of the rest.

mod common;

use common::{open, patient};
use waxseal_conformance::sample::{self, START};
use waxseal_core::attempt::Guess;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{Action, Limiter, Rate, Record, Store, Subject, hex};
use waxseal_core::time::{Moment, Ttl};
use waxseal_redis::RedisStore;
use waxseal_redis_servers::{Server, available};

/// Stores a secret and has someone guess at it.
async fn guessed_at(store: &RedisStore, n: u32) -> Record {
    let record = sample::guarded(n);
    store.create(record.clone(), START).await.unwrap();
    let guess = Guess::Open(sample::client(n));
    store.attempt(&record.id, guess, &AttemptPolicy::default(), START).await.unwrap();
    record
}

/// Whether anything of a record's lock or body stands in any value.
fn stands(server: &Server, record: &Record) -> bool {
    let script = "local found = 0
        for _, key in ipairs(redis.call('KEYS', 'waxseal:r*')) do
          local value = redis.call('GET', key)
          for _, part in ipairs(ARGV) do
            local bytes = part:gsub('%x%x', function(byte) return string.char(tonumber(byte, 16)) end)
            if value:find(bytes, 1, true) then found = found + 1 end
          end
        end
        return found";
    let parts = [&record.sealed.lock.0[..], &record.sealed.body].map(|part| hex(&part[part.len() - 16..]));
    number(server, &["EVAL", script, "0", &parts[0], &parts[1]]) > 0
}

/// At how many secrets guesses are remembered.
fn guesses(server: &Server) -> u32 {
    number(server, &["EVAL", "return #redis.call('KEYS', 'waxseal:g*')", "0"])
}

fn number(server: &Server, command: &[&str]) -> u32 {
    server.cli(command).trim().parse().expect("a number")
}

#[tokio::test]
async fn what_ended_leaves_no_lock_no_body_and_no_trace_of_who_guessed() {
    if !available("what_ended_leaves_no_lock_no_body_and_no_trace_of_who_guessed") {
        return;
    }
    let server = Server::start(&[]);
    let store = open(&server.url(), patient()).await;
    let mut records = Vec::new();
    for n in 0..4 {
        records.push(guessed_at(&store, n).await);
    }
    assert_eq!(guesses(&server), 4);
    assert!(records.iter().all(|record| stands(&server, record)), "the search finds what stands");

    store.settle(&sample::id(0), Ending::Received, START).await.unwrap().unwrap();
    store.settle(&sample::id(1), Ending::Burned, START).await.unwrap().unwrap();
    assert_eq!(guesses(&server), 2);
    let left: Vec<_> = records.iter().map(|record| stands(&server, record)).collect();
    assert_eq!(left, [false, false, true, true]);

    let now = sample::after(sample::LIFE.secs());
    while store.sweep(100, now).await.unwrap().expired > 0 {}
    assert_eq!(guesses(&server), 0);
    assert!(!records.iter().any(|record| stands(&server, record)));
    assert!(store.receipt(&sample::id(2), now).await.unwrap().is_some(), "the receipt stays");
}

/// Redis itself forgets a client's allowance, though nobody asks for it any more.
#[tokio::test]
async fn an_allowance_that_is_whole_again_is_forgotten() {
    if !available("an_allowance_that_is_whole_again_is_forgotten") {
        return;
    }
    let server = Server::start(&[]);
    let limiter = open(&server.url(), patient()).await.limiter();
    let rate = Rate { count: 2, per: Ttl::hours(1) };
    let now = Moment::from_millis(START.secs() * 1_000);
    limiter.take(Subject::Client(sample::client(1)), Action::Create, rate, now).await.unwrap();
    let lasts =
        number(&server, &["EVAL", "return redis.call('PTTL', redis.call('KEYS', 'waxseal:q*')[1])", "0"]);
    let hour = 3_600_000;
    assert!((hour / 2 - 60_000..=2 * hour).contains(&lasts), "{lasts} ms");
}
