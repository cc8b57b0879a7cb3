//! A store with many secrets in it: what each takes, and whether it slows the rest.

use std::time::Instant;

use crate::args::Plan;
use crate::compare::{Load, Subject, compare};
use crate::report::{Figure, Report};
use crate::server::{Home, Store};
use crate::start::first_answer;
use crate::traffic::{Operation, fill};

/// The names of figures that are goals, too.
pub(crate) const MEMORY: &str = "memory a secret over its text";
pub(crate) const DISK: &str = "disk a secret";
pub(crate) const RESIDENT: &str = "resident memory, full";
pub(crate) const PAIRS: &str = "pairs, full over empty";
pub(crate) const START: &str = "start to first answer, full";

/// Bytes of a value.
const BYTES: usize = 100;
/// Connections that ask for pairs.
const CONNECTIONS: usize = 64;

pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    report.begin(&format!("{} secrets of {BYTES} bytes", plan.records), Figure::HEAD);
    for store in &plan.stores {
        one(plan, *store, report).await?;
    }
    Ok(())
}

async fn one(plan: &Plan, store: Store, report: &mut Report) -> anyhow::Result<()> {
    let homes = [Home::new(&plan.waxseal, store)?, Home::new(&plan.waxseal, store)?];
    let [empty, full] = [homes[0].serve(&plan.waxseal)?, homes[1].serve(&plan.waxseal)?];
    let before = full.rss()?;
    let start = Instant::now();
    fill(&full, BYTES, plan.records).await?;
    let took = start.elapsed();
    let records = number(plan.records as u64);
    report.figure(store, "shared a second while filling", records / took.as_secs_f64(), "");
    let grown = number(full.rss()?.saturating_sub(before));
    report.figure(store, MEMORY, grown / records - number(BYTES as u64), "B");
    if store.has_files() {
        report.figure(store, DISK, number(homes[1].disk()?) / records, "B");
    }
    let operation = Operation::Pair;
    let subjects = [
        Subject { name: "empty".to_owned(), server: empty, operation },
        Subject { name: "full".to_owned(), server: full, operation },
    ];
    let load = Load { bytes: BYTES, connections: CONNECTIONS, rounds: plan.rounds, visit: plan.visit };
    let compared = compare(&subjects, load).await?;
    report.figure(store, PAIRS, compared[1].ratios.rate, "");
    report.figure(store, "CPU a pair, full over empty", compared[1].ratios.cpu_us, "");
    report.figure(store, "p99.9, full over empty", compared[1].ratios.p999_ms, "");
    let [empty, full] = subjects;
    report.figure(store, RESIDENT, number(full.server.rss()?) / 1e6, "MB");
    empty.server.stop()?;
    full.server.stop()?;
    if store.has_files() {
        let took = first_answer(plan, &homes[1]).await?;
        report.figure(store, START, took * 1e3, "ms");
        let server = homes[1].serve(&plan.waxseal)?;
        report.figure(store, "resident memory after a start, full", number(server.rss()?) / 1e6, "MB");
        server.stop()?;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}
