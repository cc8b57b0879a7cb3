//! Reveals by a key that nobody has: what a stranger who guesses costs.

use crate::args::Plan;
use crate::compare::Load;
use crate::pairs::against_bare;
use crate::report::{Report, Row};
use crate::traffic::Operation;

pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    report.begin("unknown keys", Row::HEAD);
    for connections in &plan.connections {
        let load = Load { bytes: 100, connections: *connections, rounds: plan.rounds, visit: plan.visit };
        against_bare(plan, Operation::Unknown, load, report).await?;
    }
    Ok(())
}
