//! Races for secrets, more than the laws run; as many as `WAXSEAL_PROVE_RACES` says.

use std::sync::Arc;

use waxseal_conformance::race::{race_often, wanted};
use waxseal_core::store::Store;
use waxseal_memory::MemoryStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_race_has_one_winner() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let go = || std::future::ready(());
    let tally =
        race_often(&store, wanted(3_000), async |round| vec![round.run(&store, 0..round.racers, go()).await])
            .await;
    assert_eq!(tally.breaches, 0, "{tally}");
    assert!(tally.read > 0 && tally.burned > 0 && tally.expired > 0, "{tally}");
}
