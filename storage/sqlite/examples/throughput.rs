//! How fast the store makes and ends secrets, each durable before its answer:
//! `cargo run --release -p waxseal-sqlite --example throughput -- [callers] [secrets] [folder]`

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use waxseal_conformance::sample;
use waxseal_core::state::Ending;
use waxseal_core::store::{Record, Store};
use waxseal_sqlite::{Options, SqliteStore};

/// Bytes of a sealed body: a short secret, padded.
const BODY: usize = 400;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = |usual: u32| args.next().map_or(Ok(usual), |text| text.parse());
    let (callers, secrets) = (number(64)?, number(50_000)?);
    let folder = match args.next() {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let store = Arc::new(SqliteStore::open(folder.path().join("store"), Options::default())?);

    let begun = Instant::now();
    let creating =
        |store: Arc<SqliteStore>, n| async move { store.create(record(n), sample::START).await.map(|_| ()) };
    run(&store, callers, secrets, creating).await?;
    report("creates", secrets, begun);

    let begun = Instant::now();
    let settling = |store: Arc<SqliteStore>, n| async move {
        store.settle(&sample::id(n), Ending::Received, sample::START).await.map(|_| ())
    };
    run(&store, callers, secrets, settling).await?;
    report("settles", secrets, begun);

    drop(store);
    let begun = Instant::now();
    SqliteStore::open(folder.path().join("store"), Options::default())?.ping().await?;
    println!("reopened in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Has `callers` tasks share `secrets` calls, each waiting for its answers.
async fn run<F, Fut, E>(
    store: &Arc<SqliteStore>,
    callers: u32,
    secrets: u32,
    call: F,
) -> Result<(), Box<dyn Error>>
where
    F: Fn(Arc<SqliteStore>, u32) -> Fut + Copy + Send + 'static,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Error + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for n in (caller..secrets).step_by(callers as usize) {
                call(Arc::clone(&store), n).await?;
            }
            Ok::<(), E>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

fn record(n: u32) -> Record {
    let mut record = sample::record(n);
    record.sealed.body.resize(BODY, 0x5a);
    record
}

fn report(what: &str, count: u32, begun: Instant) {
    let secs = begun.elapsed().as_secs_f64();
    println!("{what}: {:.0} a second", f64::from(count) / secs);
}
