//! The load bench runs from end to end: every part of it on the real program, briefly.
//! What it measures is not judged here, only that it measures.
#![allow(missing_docs)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn a_quick_run_measures_every_part() {
    let load = Path::new(env!("CARGO_BIN_EXE_load"));
    let waxseal = load.with_file_name("waxseal");
    assert!(waxseal.is_file(), "build the program first: cargo build -p waxseal");
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("load.json");

    let done = Command::new(load).args(["all", "--quick", "--json"]).arg(&json).output().unwrap();

    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let measured: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let lines = measured["measured"].as_array().unwrap();
    for part in ["start", "share and reveal", "unknown keys", "passphrases", "1000 secrets"] {
        let of_part = |line: &&Value| line["part"].as_str().unwrap().starts_with(part);
        for store in ["memory", "sqlite"] {
            let of_store = |line: &&Value| line["store"] == store || line["server"] == store;
            assert!(lines.iter().filter(of_part).any(|line| of_store(&line)), "{part} on {store}: {said}");
        }
    }
    let rates = lines.iter().filter_map(|line| line["figures"]["rate"].as_f64());
    assert!(rates.into_iter().all(|rate| rate > 0.0), "{said}");
}
