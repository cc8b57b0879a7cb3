//! How long a secret's whole life takes, share and reveal, by store and size.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waxseal_benches::{Backend, SIZES, brief, vault};
use waxseal_core::id::ClientId;
use waxseal_core::vault::{Caller, Reveal, Terms, Vault};

async fn pair(vault: &Vault, value: &str) {
    let caller = Caller::guest(ClientId::LOCAL);
    let made = vault.share(value.into(), Terms::default(), &caller).await.expect("there is room");
    let opened = vault.reveal(&made.link_key, None, ClientId::LOCAL).await.expect("the store serves");
    assert!(matches!(opened, Reveal::Shown(opened) if opened.value.expose() == value));
}

fn share_and_reveal(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    for backend in Backend::ALL {
        let (store, _folder) = backend.open();
        let vault = vault(store);
        let mut group = criterion.benchmark_group(format!("share+reveal/{}", backend.name()));
        for size in SIZES {
            group.throughput(Throughput::Elements(1));
            group.bench_with_input(BenchmarkId::from_parameter(size), &"x".repeat(size), |bencher, value| {
                bencher.to_async(&runtime).iter(|| pair(&vault, value));
            });
        }
        group.finish();
    }
}

criterion_group! { name = benches; config = brief(); targets = share_and_reveal }
criterion_main!(benches);
