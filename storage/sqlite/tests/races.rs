//! Races for secrets between two processes on one file; as many as `WAXSEAL_PROVE_RACES` says.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::open;
use waxseal_conformance::race::{Processes, STORE, race_often, serve, wanted};
use waxseal_core::store::Store;

const PROCESSES: u32 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_race_of_two_processes_has_one_winner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store: Arc<dyn Store> = Arc::new(open(&path));
    let mut processes = Processes::start(PROCESSES, "racing_process", &path);
    let tally = race_often(&store, wanted(600), async |round| processes.run(round)).await;
    assert_eq!(tally.breaches, 0, "{tally}");
    assert!(tally.sides.len() == PROCESSES as usize && tally.sides.iter().all(|won| *won > 0), "{tally}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "runs as the child of every_race_of_two_processes_has_one_winner"]
async fn racing_process() {
    let Some(path) = std::env::var_os(STORE) else { return };
    let store: Arc<dyn Store> = Arc::new(open(Path::new(&path)));
    serve(&store).await;
}
