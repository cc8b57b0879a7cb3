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

use case::Case;
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
    let server = Server::start();
    let (waiting, quick): (Vec<_>, Vec<_>) = cases().into_iter().partition(Case::waits);
    let failures = Mutex::new(Vec::new());
    let play = |case: &Case| {
        if let Err(failure) = case.play(&server) {
            failures.lock().expect("no worker panicked").push(failure);
        }
    };
    let quick = Mutex::new(quick.iter());
    let next = || quick.lock().expect("no worker panicked").next();
    thread::scope(|scope| {
        for case in &waiting {
            scope.spawn(|| play(case));
        }
        for _ in 0..WORKERS {
            scope.spawn(|| std::iter::from_fn(next).for_each(play));
        }
    });
    let failures = failures.into_inner().expect("no worker panicked");
    assert!(failures.is_empty(), "{} cases\n{}\n{}", failures.len(), failures.join("\n"), server.log());
}
