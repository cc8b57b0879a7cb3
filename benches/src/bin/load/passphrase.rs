//! Secrets with a passphrase: how near to what Argon2id alone allows, and what plain
//! shares beside them feel of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{available_parallelism, spawn};
use std::time::{Duration, Instant};

use anyhow::Context;
use waxseal_core::seal::kdf::{Cost, SALT_BYTES, argon2id};
use waxseal_core::secret::Passphrase;

use crate::args::Plan;
use crate::report::{Figure, Report};
use crate::sample::median;
use crate::server::{Home, OwnServer, Server};
use crate::stored::number;
use crate::traffic::{Operation, visit};

/// The names of figures that are goals, too.
pub(crate) const SHARE: &str = "pairs over what Argon2id alone allows";
pub(crate) const BESIDE: &str = "p99 of plain shares beside them";
pub(crate) const PEAK: &str = "most memory held";

/// Connections that share without one, beside them.
const PLAIN: usize = 4;
/// Bytes of a value.
const BYTES: usize = 100;

pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    report.begin("passphrases", Figure::HEAD);
    for store in &plan.stores {
        let home = Home::new(&plan.waxseal, *store)?;
        let server = home.serve(&plan.waxseal)?;
        // 64 pairs at once, of two runs of Argon2id each, take a second or two.
        let length = plan.visit * 8;
        let (mut rates, mut shares, mut refused, mut p99) = (Vec::new(), Vec::new(), 0, Vec::new());
        let mut peak = 0;
        for _ in 0..plan.rounds {
            let alone = alone(length)? / 2.0;
            let heavy = visit(&server, Operation::PassphrasePair, BYTES, plan.guarded, length).await?;
            refused += heavy.refused;
            if peak == 0 {
                // Later on, what the plain shares left behind counts, too.
                peak = server.peak_rss()?;
            }
            let rate = heavy.figures().rate;
            rates.push(rate);
            shares.push(rate / alone);
            p99.push(beside(plan, &server, length).await?);
        }
        report.figure(*store, "pairs a second", median(rates.into_iter()), "");
        report.figure(*store, SHARE, median(shares.into_iter()), "");
        report.figure(*store, "refused for too many at once", number(refused), "");
        report.figure(*store, BESIDE, median(p99.into_iter()), "ms");
        report.figure(*store, PEAK, number(peak) / 1e6, "MB");
        server.stop()?;
        for kind in OwnServer::ALL.into_iter().filter(|_| plan.minimal) {
            let server = home.serve_own(kind)?;
            let mut p99 = Vec::with_capacity(plan.rounds);
            for _ in 0..plan.rounds {
                p99.push(beside_alone(&server, length).await?);
            }
            report.figure(*store, &format!("{BESIDE}, {}", kind.name()), median(p99.into_iter()), "ms");
            server.stop()?;
        }
    }
    Ok(())
}

/// The 99th percentile of plain shares, in milliseconds, while passphrases are checked.
async fn beside(plan: &Plan, server: &Server, length: Duration) -> anyhow::Result<f64> {
    let heavy = visit(server, Operation::PassphrasePair, BYTES, plan.guarded, length);
    let plain = visit(server, Operation::Share, BYTES, PLAIN, length);
    let (_, plain) = tokio::try_join!(heavy, plain)?;
    Ok(plain.figures().p99_ms)
}

/// The same for a server that checks none, while this process keeps every core at it.
async fn beside_alone(server: &Server, length: Duration) -> anyhow::Result<f64> {
    // As long as the visit, which warms up first.
    let heavy = tokio::task::spawn_blocking(move || alone(length.mul_f64(1.2)));
    let plain = visit(server, Operation::Share, BYTES, PLAIN, length).await?;
    heavy.await??;
    Ok(plain.figures().p99_ms)
}

/// Runs of Argon2id a second with every core at it, and nothing else.
fn alone(length: Duration) -> anyhow::Result<f64> {
    let (over, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let cores = available_parallelism()?.get();
    let start = Instant::now();
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            let (over, runs) = (over.clone(), runs.clone());
            spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let key =
                        argon2id(&Passphrase::from("swordfish".to_owned()), &[7; SALT_BYTES], Cost::USUAL);
                    runs.fetch_add(u64::from(key.is_ok()), Ordering::Relaxed);
                }
            })
        })
        .collect();
    std::thread::sleep(length);
    over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.join().ok().context("Argon2id panicked")?;
    }
    Ok(number(runs.load(Ordering::Relaxed)) / start.elapsed().as_secs_f64())
}
