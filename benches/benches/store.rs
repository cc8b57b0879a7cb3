//! What a store's three great steps cost, by store and size of the value: one
//! caller who waits for each answer, and 64 at once. SQLite answers when the
//! disk has it.
#![allow(missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use waxseal_benches::{Backend, SIZES, brief};
use waxseal_core::attempt::Guess;
use waxseal_core::id::{ClientId, Kid, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::seal::content::padded;
use waxseal_core::state::Ending;
use waxseal_core::store::{Attempt, Created, Kind, LOCK_BYTES, Lock, MailState, Record, Sealed, Store};
use waxseal_core::time::{Timestamp, Ttl};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
/// Records in a store before it is thrown away, so that memory and disk stay small.
const ROUND: u64 = 1_000;
const CALLERS: u64 = 64;

/// Every guess is counted anew and none is refused.
const POLICY: AttemptPolicy = AttemptPolicy {
    per_client: u8::MAX,
    per_secret: u16::MAX,
    in_a_life: u32::MAX,
    window: Ttl::from_secs(0),
    lock: Ttl::from_secs(0),
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Create,
    Attempt,
    Settle,
}

impl Step {
    async fn take(self, store: &dyn Store, record: Record) {
        match self {
            Self::Create => create(store, record).await,
            Self::Attempt => {
                let guess = Guess::Open(ClientId::LOCAL);
                let answer = store.attempt(&record.id, guess, &POLICY, NOW).await.expect("the store serves");
                assert!(matches!(answer, Attempt::Granted { .. }));
            }
            Self::Settle => {
                let won = store.settle(&record.id, Ending::Received, NOW).await.expect("the store serves");
                assert!(won.is_some());
            }
        }
    }
}

async fn create(store: &dyn Store, record: Record) {
    assert_eq!(store.create(record, NOW).await.expect("the store serves"), Created::Fresh);
}

/// As the vault makes them: ids in the order of making.
fn record(n: u64, size: usize) -> Record {
    let mut id = [7; 32];
    id[..8].copy_from_slice(&n.to_be_bytes());
    let sealed = Sealed {
        created: NOW,
        expires: NOW.plus(Ttl::hours(1)),
        kind: Kind::Share,
        passphrase_required: true,
        lock: Lock([7; LOCK_BYTES]),
        body: vec![7; padded(5 + size) + 16],
    };
    Record {
        id: RecordId(id),
        kid: Kid([1; 4]),
        sealed,
        info: vec![7; 60],
        owner: None,
        mail: MailState::None,
    }
}

/// Runs `task` for each record, all at once.
async fn together<F: Future<Output = ()> + Send + 'static>(
    records: impl Iterator<Item = Record>,
    task: impl Fn(Record) -> F,
) {
    let mut tasks = JoinSet::new();
    for record in records {
        tasks.spawn(task(record));
    }
    tasks.join_all().await;
}

/// A new store, with what the step needs.
async fn prepared(
    backend: Backend,
    step: Step,
    size: usize,
    count: u64,
) -> (Arc<dyn Store>, tempfile::TempDir) {
    let (store, folder) = backend.open();
    if step != Step::Create {
        let shared = &store;
        together((0..count).map(|n| record(n, size)), |record| {
            let store = Arc::clone(shared);
            async move { create(&*store, record).await }
        })
        .await;
    }
    (store, folder)
}

/// One caller, `count` times.
async fn alone(backend: Backend, step: Step, size: usize, mut count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    while count > 0 {
        let round = count.min(ROUND);
        let (store, _folder) = prepared(backend, step, size, round).await;
        let records: Vec<Record> = (0..round).map(|n| record(n, size)).collect();
        let start = Instant::now();
        for record in records {
            step.take(&*store, record).await;
        }
        spent += start.elapsed();
        count -= round;
    }
    spent
}

/// 64 callers, each once; `count` times.
async fn crowded(backend: Backend, step: Step, size: usize, count: u64) -> Duration {
    let mut spent = Duration::ZERO;
    for _ in 0..count {
        let (store, _folder) = prepared(backend, step, size, CALLERS).await;
        let records: Vec<Record> = (0..CALLERS).map(|n| record(n, size)).collect();
        let shared = &store;
        let start = Instant::now();
        together(records.into_iter(), |record| {
            let store = Arc::clone(shared);
            async move { step.take(&*store, record).await }
        })
        .await;
        spent += start.elapsed();
    }
    spent
}

fn steps(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime can be made");
    for backend in Backend::ALL {
        for (name, step) in [("create", Step::Create), ("attempt", Step::Attempt), ("settle", Step::Settle)] {
            let mut group = criterion.benchmark_group(format!("{name}/{}", backend.name()));
            for size in SIZES {
                group.throughput(Throughput::Elements(1));
                group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                    bencher.to_async(&runtime).iter_custom(|count| alone(backend, step, size, count));
                });
            }
            group.throughput(Throughput::Elements(CALLERS));
            group.bench_function("1000 by 64 callers", |bencher| {
                bencher.to_async(&runtime).iter_custom(|count| crowded(backend, step, 1_000, count));
            });
            group.finish();
        }
    }
}

criterion_group! { name = benches; config = brief(); targets = steps }
criterion_main!(benches);
