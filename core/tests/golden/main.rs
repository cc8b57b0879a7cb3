//! Golden cases: a short sequence of requests, and every byte of its answers.
//!
//! `cases/` holds one file a case. The clock, the randomness and the store are
//! the case's own, so keys, times and bodies are the same on every machine.
//! `WAXSEAL_BLESS=1 cargo test -p waxseal-core --test golden` writes what the
//! code answers now: read the difference before you commit it, for it is a
//! change of the wire.
//!
//! `rows.txt` lists the contract's rows. Each is claimed by a golden case, by a
//! replayed one, or by a unit test whose name begins with it, or says why not.

mod case;
mod deployment;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;
use deployment::{Deployment, Source};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[tokio::test]
async fn every_case_is_answered_byte_for_byte() {
    let bless = std::env::var_os("WAXSEAL_BLESS").is_some();
    let mut differences = Vec::new();
    for path in case::files(&folder().join("cases")) {
        let case = Case::read(&path);
        let played = play(&case, Source::Configuration).await;
        if bless {
            fs::write(&path, played.to_text()).expect("a writable case");
        } else {
            differences.extend(case.differences(&played));
        }
    }
    assert!(differences.is_empty(), "{}\n{} differences", differences.join("\n"), differences.len());
}

/// Whoever calls can't tell whether a domain stands in the configuration or in the store.
#[tokio::test]
async fn domains_of_the_store_are_answered_like_those_of_the_configuration() {
    let cases = case::files(&folder().join("cases")).into_iter().map(|path| Case::read(&path));
    let mut played = 0;
    for case in cases.filter(|case| !case.deployment.domains.is_empty()) {
        let differences = case.differences(&play(&case, Source::Store).await);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        played += 1;
    }
    assert!(played > 0);
}

/// The case with the answers that it got.
async fn play(case: &Case, source: Source) -> Case {
    let deployment = Deployment::new(&case.deployment, source).await;
    let mut names = deployment.names();
    let mut played = case.clone();
    for step in &mut played.steps {
        let reply = deployment.answer(&step.request, &names).await;
        step.request.save(&reply, &mut names);
        step.reply = Some(reply);
    }
    played
}
