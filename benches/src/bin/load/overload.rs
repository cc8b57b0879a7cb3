//! More requests than the server can answer. Its capacity is found by closed loops; then it
//! is asked a tenth, a half, and twice as much, in open loops.

use std::time::Duration;

use serde_json::json;

use crate::args::Plan;
use crate::open_loop::{Offer, Outcome, drive};
use crate::report::Report;
use crate::server::{Home, Server, Store};
use crate::stored::number;
use crate::traffic::{Operation, visit};

const HEAD: &str = "\
| store | asked/s | of capacity | answered/s | 503/s | unsent/s | p50 ms | p99 ms | of a tenth's | p99 ms, sent | p99 ms of 503 | RSS MB |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

/// Bytes of a value.
const BYTES: usize = 100;
/// Connections that ask for passphrases as fast as they are answered, to find the capacity: as
/// many as keep two processors busy, and none is refused.
const CLOSED_GUARDED: usize = 4;
/// Connections over which an open loop asks for passphrases: few enough that none waits for
/// its first request for so long that it is closed.
const GUARDED: usize = 24;
/// Parts of the capacity that are asked for.
const PARTS: [f64; 4] = [0.1, 0.5, 1.0, 2.0];

pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    for (title, passphrase) in [("overload", false), ("overload with passphrases", true)] {
        report.begin(title, HEAD);
        for store in &plan.stores {
            one(plan, *store, passphrase, report).await?;
        }
    }
    Ok(())
}

async fn one(plan: &Plan, store: Store, passphrase: bool, report: &mut Report) -> anyhow::Result<()> {
    let home = Home::new(&plan.waxseal, store)?;
    let server = home.serve_on(&plan.waxseal, plan.server_cpus.as_deref())?;
    // A passphrase takes a thousand times as long, so that fewer are counted.
    let length = plan.visit * if passphrase { 20 } else { 4 };
    let capacity = capacity(&server, plan.crowd, passphrase, length).await?;
    let connections = if passphrase { GUARDED.min(plan.guarded) } else { plan.crowd };
    let mut unloaded = None;
    for part in PARTS {
        let offer = Offer { rate: capacity * part, connections, length, bytes: BYTES, passphrase };
        let outcome = drive(server.address, offer).await?;
        let first = *unloaded.get_or_insert(outcome.accepted.due_ms(990));
        tell(report, store, part, offer, &outcome, first, &server)?;
    }
    server.stop()
}

/// Requests that are answered a second, at the most: over SQLite more the more ask at once,
/// since one commit serves all that wait.
async fn capacity(server: &Server, crowd: usize, passphrase: bool, length: Duration) -> anyhow::Result<f64> {
    let (operation, connections) = match passphrase {
        true => (Operation::PassphrasePair, CLOSED_GUARDED),
        false => (Operation::Pair, crowd),
    };
    // Each pair is two requests.
    Ok(visit(server, operation, BYTES, connections, length).await?.figures().rate * 2.0)
}

fn tell(
    report: &mut Report,
    store: Store,
    part: f64,
    offer: Offer,
    outcome: &Outcome,
    unloaded: f64,
    server: &Server,
) -> anyhow::Result<()> {
    let Outcome { accepted, refused, unsent } = outcome;
    let seconds = offer.length.as_secs_f64();
    let rate = |count: u64| number(count) / seconds;
    let (answered, turned_away) = (rate(accepted.count() as u64), rate(refused.count() as u64));
    let (p50, p99, sent) = (accepted.due_ms(500), accepted.due_ms(990), accepted.sent_ms(990));
    let (of_refused, unsent, rss) = (refused.due_ms(990), rate(*unsent), number(server.rss()?) / 1e6);
    let ratio = p99 / unloaded;
    let shown = format!(
        "| {store} | {:.0} | {part} | {answered:.0} | {turned_away:.0} | {unsent:.0} | {p50:.3} | {p99:.3} | \
         {ratio:.2} | {sent:.3} | {of_refused:.3} | {rss:.1} |",
        offer.rate
    );
    report.line(
        &shown,
        json!({
            "store": store.name(), "asked": offer.rate, "of_capacity": part, "answered": answered,
            "refused": turned_away, "unsent": unsent, "p50_ms": p50, "p99_ms": p99, "p99_of_a_tenth": ratio,
            "p99_sent_ms": sent, "p99_refused_ms": of_refused, "connections": offer.connections,
        }),
    );
    Ok(())
}
