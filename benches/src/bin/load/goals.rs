//! What the product is to reach, and whether the figures of a run do.

use crate::args::Plan;
use crate::report::Report;
use crate::{pairs, passphrase, start, stored, unknown};

/// A figure of a report, and the bound that it keeps or misses.
struct Goal {
    what: &'static str,
    figure: Figure,
    bound: Bound,
}

enum Figure {
    /// A ratio to the bare server: rate, CPU or 99.9th percentile.
    OfBare(Ratio, &'static str, &'static str, usize),
    /// A number of a store.
    Of(&'static str, &'static str),
}

#[derive(Clone, Copy)]
enum Ratio {
    Rate,
    Cpu,
    P999,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};
use Figure::{Of, OfBare};
use Ratio::{Cpu, P999, Rate};

const SMALL: &str = "share and reveal of 100 bytes";
const LARGE: &str = "share and reveal of 10000 bytes";
const UNKNOWN: &str = "unknown keys";
const MIB: f64 = 1.048_576;

const fn goal(what: &'static str, figure: Figure, bound: Bound) -> Goal {
    Goal { what, figure, bound }
}

const GOALS: [Goal; 33] = [
    goal("memory, 16: pairs of bare", OfBare(Rate, SMALL, "memory", 16), AtLeast(0.70)),
    goal("memory, 64: pairs of bare", OfBare(Rate, SMALL, "memory", 64), AtLeast(0.70)),
    goal("memory, 16: CPU of bare", OfBare(Cpu, SMALL, "memory", 16), AtMost(1.5)),
    goal("memory, 64: CPU of bare", OfBare(Cpu, SMALL, "memory", 64), AtMost(1.5)),
    goal("sqlite, 16: pairs of bare", OfBare(Rate, SMALL, "sqlite", 16), AtLeast(0.20)),
    goal("sqlite, 64: pairs of bare", OfBare(Rate, SMALL, "sqlite", 64), AtLeast(0.40)),
    goal("sqlite, 256: pairs of bare", OfBare(Rate, SMALL, "sqlite", 256), AtLeast(0.65)),
    goal("memory, a million: B a secret over its text", Of("memory", stored::MEMORY), AtMost(300.0)),
    goal("sqlite, a million: disk B a secret", Of("sqlite", stored::DISK), AtMost(450.0)),
    goal("sqlite, a million: resident MB", Of("sqlite", stored::RESIDENT), AtMost(20.0 * MIB)),
    goal("memory, a million: pairs, full over empty", Of("memory", stored::PAIRS), AtLeast(0.85)),
    goal("sqlite, a million: pairs, full over empty", Of("sqlite", stored::PAIRS), AtLeast(0.85)),
    goal("memory, passphrases: of Argon2id alone", Of("memory", passphrase::SHARE), AtLeast(0.8)),
    goal("sqlite, passphrases: of Argon2id alone", Of("sqlite", passphrase::SHARE), AtLeast(0.8)),
    goal("memory, 64 passphrases: peak MB", Of("memory", passphrase::PEAK), AtMost(60.0 * MIB)),
    goal("sqlite, 64 passphrases: peak MB", Of("sqlite", passphrase::PEAK), AtMost(60.0 * MIB)),
    goal("memory, p99 ms of shares beside them", Of("memory", passphrase::BESIDE), AtMost(10.0)),
    goal("sqlite, p99 ms of shares beside them", Of("sqlite", passphrase::BESIDE), AtMost(10.0)),
    goal("memory, 64: p99.9 of bare", OfBare(P999, SMALL, "memory", 64), AtMost(2.0)),
    goal("sqlite, 64: p99.9 of bare, log clearing included", OfBare(P999, SMALL, "sqlite", 64), AtMost(3.0)),
    goal("memory: start to first answer, ms", Of("memory", start::FIRST), AtMost(8.0)),
    goal("sqlite: start to first answer, ms", Of("sqlite", start::FIRST), AtMost(8.0)),
    goal("sqlite, a million: start to first answer, ms", Of("sqlite", stored::START), AtMost(15.0)),
    goal("memory: idle MB", Of("memory", start::IDLE), AtMost(10.0 * MIB)),
    goal("sqlite: idle MB", Of("sqlite", start::IDLE), AtMost(10.0 * MIB)),
    goal("memory, API only: idle MB", Of("memory", start::IDLE_API), AtMost(6.0 * MIB)),
    goal("sqlite, API only: idle MB", Of("sqlite", start::IDLE_API), AtMost(6.0 * MIB)),
    goal("memory: B an idle connection", Of("memory", start::CONNECTION), AtMost(14_000.0)),
    goal("sqlite: B an idle connection", Of("sqlite", start::CONNECTION), AtMost(14_000.0)),
    goal("memory, 64, unknown key: of bare", OfBare(Rate, UNKNOWN, "memory", 64), AtLeast(0.75)),
    goal("sqlite, 64, unknown key: of bare", OfBare(Rate, UNKNOWN, "sqlite", 64), AtLeast(0.5)),
    goal("memory, 16, 10 kB: pairs of bare", OfBare(Rate, LARGE, "memory", 16), AtLeast(0.6)),
    goal("sqlite, 16, 10 kB: pairs of bare", OfBare(Rate, LARGE, "sqlite", 16), AtLeast(0.6)),
];

/// Measures what the goals are about, and nothing more: ten minutes.
pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    let with = |bytes, connections: &[usize]| Plan {
        bytes: vec![bytes],
        connections: connections.to_vec(),
        minimal: true,
        ..plan.clone()
    };
    start::run(plan, report).await?;
    pairs::run(&with(100, &[16, 64, 256]), report).await?;
    pairs::run(&with(10_000, &[16]), report).await?;
    unknown::run(&with(100, &[64]), report).await?;
    passphrase::run(&Plan { visit: plan.visit / 2, ..plan.clone() }, report).await?;
    stored::run(plan, report).await?;
    tell(report);
    Ok(())
}

fn tell(report: &mut Report) {
    report.begin("goals", "| goal | measured | bound | |\n|---|---:|---:|---|");
    for Goal { what, figure, bound } in &GOALS {
        let measured = match figure {
            OfBare(ratio, part, server, connections) => {
                report.of_bare(part, server, *connections).map(|ratios| match ratio {
                    Rate => ratios.rate,
                    Cpu => ratios.cpu_us,
                    P999 => ratios.p999_ms,
                })
            }
            Of(store, what) => report.number(store, what),
        };
        let (sign, number) = match bound {
            AtLeast(number) => ('≥', *number),
            AtMost(number) => ('≤', *number),
        };
        let reached = measured.map(|measured| match bound {
            AtLeast(least) => measured >= *least,
            AtMost(most) => measured <= *most,
        });
        report.goal(what, measured, (sign, number), reached);
    }
}
