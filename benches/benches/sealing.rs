//! What the cryptography costs: sealing and opening by size, the passphrase's
//! key given, and making that key.
#![allow(missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waxseal_benches::{SIZES, brief};
use waxseal_core::id::{Kid, LinkKey, RecordId};
use waxseal_core::seal::content::{Binding, Content, Header, open, seal};
use waxseal_core::seal::kdf::{Cost, argon2id};
use waxseal_core::secret::KeyBytes;
use waxseal_core::store::{Kind, Sealed};
use waxseal_core::time::Timestamp;

struct Given {
    link: LinkKey,
    stretched: KeyBytes,
    master: KeyBytes,
    header: Header,
    binding: Binding,
}

fn given() -> Given {
    let (created, expires) = (Timestamp::from_secs(1_000), Timestamp::from_secs(2_000));
    Given {
        link: LinkKey::from([1; 20]),
        stretched: KeyBytes::from([2; 32]),
        master: KeyBytes::from([3; 32]),
        header: Header { kid: Kid([4; 4]), cost: Some(Cost::USUAL), salt: [5; 16] },
        binding: Binding { id: RecordId([6; 32]), created, expires, kind: Kind::Share },
    }
}

impl Given {
    fn seal(&self, content: &Content) -> Sealed {
        let Self { link, stretched, master, header, binding } = self;
        let (lock, body) = seal(content, *header, link, Some(stretched), master, binding);
        let Binding { created, expires, kind, .. } = *binding;
        Sealed { created, expires, kind, passphrase_required: true, lock, body }
    }

    fn open(&self, sealed: Sealed) -> Content {
        let Self { link, stretched, master, binding, .. } = self;
        open(sealed, link, Some(stretched), master, &binding.id).expect("what was sealed opens")
    }
}

fn content(size: usize) -> Content {
    Content { value: "x".repeat(size).into(), share_domain: None }
}

fn sealing(criterion: &mut Criterion) {
    let given = given();
    let mut group = criterion.benchmark_group("seal");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &content(size), |bencher, content| {
            bencher.iter(|| given.seal(black_box(content)));
        });
    }
    group.finish();
}

fn opening(criterion: &mut Criterion) {
    let given = given();
    let mut group = criterion.benchmark_group("open");
    for size in SIZES {
        let sealed = given.seal(&content(size));
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_with_input(BenchmarkId::from_parameter(size), &sealed, |bencher, sealed| {
            bencher.iter_batched(|| sealed.clone(), |sealed| given.open(sealed), BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn stretching(criterion: &mut Criterion) {
    let passphrase = "correct horse battery staple".into();
    criterion.bench_function("argon2id/19 MiB, 2 passes", |bencher| {
        bencher.iter(|| argon2id(black_box(&passphrase), &[5; 16], Cost::USUAL).expect("memory is there"));
    });
}

criterion_group! { name = benches; config = brief(); targets = sealing, opening, stretching }
criterion_main!(benches);
