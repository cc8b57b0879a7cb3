//! Replays short sequences of requests against the real program, over TCP.
//!
//! `cases/` holds one file a sequence. They were recorded from running servers
//! of the original, then every answer was set to what our contract says; where
//! that is not what the recorded server answered, `differs` says why. Two
//! differences are everywhere and stand in no file: every metadata object also
//! has `metadata_url` and the aliases (V1-M7, V1-M15), and a refusal says in a
//! header which status it would have elsewhere (V1-A8).
//!
//! Held against the case: status, headers, which fields there are, their order,
//! their types and their values. Placeholders in expected answers: `{{now}}` and
//! `{{left:N}}` are numbers of seconds, `{{generated:N}}` a made value,
//! `{{origin}}` is `http(s)://host`, `{{any_string}}` any string; other names
//! were saved from an earlier answer of the same case.
//!
//! A secret lives a minute at least, so the cases about its expiry take a little
//! over one. They run beside all others: the whole takes that long, not longer.

mod case;
mod compare;
mod http;
mod json;
mod names;
mod server;

use std::path::Path;
use std::sync::Mutex;
use std::thread;

use waxseal_redis_servers::{Cluster, Server as Redis, available};

use case::Case;
use names::Names;
use server::Server;

/// Cases at a time, beside those that wait.
const WORKERS: usize = 4;

fn cases() -> Vec<Case> {
    case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay/cases"))
}

#[test]
fn every_case_says_what_it_shows() {
    let cases = cases();
    assert!(cases.len() >= 199, "cases were lost: {}", cases.len());
    for case in &cases {
        assert!(!case.rows.is_empty() && !case.why.is_empty() && !case.steps.is_empty(), "{}", case.name);
        assert_ne!(case.differs.as_deref(), Some(""), "{}", case.name);
    }
}

#[test]
fn every_case_is_answered_as_the_contract_says() {
    assert_every_case(&Server::start(None));
}

#[test]
fn every_case_is_answered_so_over_redis() {
    if available("every_case_is_answered_so_over_redis") {
        let redis = Redis::start(&[]);
        assert_every_case(&Server::start(Some(&redis.url())));
    }
}

#[test]
fn every_case_is_answered_so_over_a_cluster() {
    if available("every_case_is_answered_so_over_a_cluster") {
        let redis = Cluster::start();
        assert_every_case(&Server::start(Some(&redis.url())));
    }
}

fn assert_every_case(server: &Server) {
    let (waiting, quick): (Vec<_>, Vec<_>) = cases().into_iter().partition(Case::waits);
    let quick = Mutex::new(quick.iter());
    let next = || quick.lock().expect("no worker panicked").next();
    let results = Mutex::new(Vec::new());
    let play = |case: &Case| {
        let result = case.play(server);
        results.lock().expect("no worker panicked").push(result);
    };
    thread::scope(|scope| {
        for case in &waiting {
            scope.spawn(|| play(case));
        }
        for _ in 0..WORKERS {
            scope.spawn(|| std::iter::from_fn(next).for_each(play));
        }
    });
    let results = results.into_inner().expect("no worker panicked");
    let (played, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    let failures: Vec<_> = failed.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{} cases\n{}", failures.len(), failures.join("\n"));
    nothing_leaked(&server.log(), played.into_iter().filter_map(Result::ok));
}

/// No key, no made value and no token of any case stands in the server's log.
fn nothing_leaked(log: &str, played: impl Iterator<Item = Names>) {
    assert!(log.contains("shared"), "the log is not the server's:\n{log}");
    for names in played {
        for (name, value) in names.secrets() {
            assert!(!log.contains(value), "the log holds a {name}");
        }
    }
}
