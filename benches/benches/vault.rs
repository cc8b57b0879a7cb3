//! How long a secret's whole life takes, share and reveal, by store and size.
#![allow(missing_docs)]

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waxseal_benches::vault;
use waxseal_core::id::ClientId;
use waxseal_core::store::Store;
use waxseal_core::vault::{Caller, Reveal, Terms, Vault};
use waxseal_memory::MemoryStore;
use waxseal_sqlite::{Options, SqliteStore};

async fn pair(vault: &Vault, value: &str) {
    let caller = Caller::guest(ClientId::LOCAL);
    let made = vault.share(value.into(), Terms::default(), &caller).await.expect("there is room");
    let opened = vault.reveal(&made.link_key, None, ClientId::LOCAL).await.expect("the store serves");
    assert!(matches!(opened, Reveal::Shown(opened) if opened.value.expose() == value));
}

fn share_and_reveal(criterion: &mut Criterion, name: &str, store: Arc<dyn Store>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let vault = vault(store);
    let mut group = criterion.benchmark_group(format!("share+reveal/{name}"));
    for size in [100, 1_000, 10_000] {
        group.throughput(Throughput::Elements(1));
        group.bench_with_input(BenchmarkId::from_parameter(size), &"x".repeat(size), |bencher, value| {
            bencher.to_async(&runtime).iter(|| pair(&vault, value));
        });
    }
    group.finish();
}

fn memory(criterion: &mut Criterion) {
    share_and_reveal(criterion, "memory", Arc::new(MemoryStore::new(0)));
}

fn sqlite(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let options = Options { stored_bytes_budget: 0 };
    let store = SqliteStore::open(folder.path().join("bench.db"), options).expect("the store opens");
    share_and_reveal(criterion, "sqlite", Arc::new(store));
}

criterion_group!(benches, memory, sqlite);
criterion_main!(benches);
