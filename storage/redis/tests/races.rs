//! Races for secrets between three processes at one Redis, and at a cluster; as many as
//! `WAXSEAL_PROVE_RACES` says.

mod common;

use std::sync::Arc;

use common::{open, patient};
use waxseal_conformance::race::{Processes, STORE, race_often, serve, wanted};
use waxseal_core::store::Store;
use waxseal_redis_servers::{Cluster, Server, available};

const PROCESSES: u32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_race_of_three_processes_has_one_winner() {
    if available("every_race_of_three_processes_has_one_winner") {
        let server = Server::start(&[]);
        assert_one_winner_each(&server.url()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_race_of_three_processes_at_a_cluster_has_one_winner() {
    if available("every_race_of_three_processes_at_a_cluster_has_one_winner") {
        let cluster = Cluster::start();
        assert_one_winner_each(&cluster.url()).await;
    }
}

async fn assert_one_winner_each(url: &str) {
    let store: Arc<dyn Store> = open(url, patient()).await;
    let mut processes = Processes::start(PROCESSES, "racing_process", url);
    let tally = race_often(&store, wanted(600), async |round| processes.run(round)).await;
    assert_eq!(tally.breaches, 0, "{tally}");
    assert!(tally.sides.len() == PROCESSES as usize && tally.sides.iter().all(|won| *won > 0), "{tally}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "runs as the child of the races"]
async fn racing_process() {
    let Some(url) = std::env::var(STORE).ok() else { return };
    let store: Arc<dyn Store> = open(&url, patient()).await;
    serve(&store).await;
}
