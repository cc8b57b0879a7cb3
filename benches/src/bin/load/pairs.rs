//! Pairs of share and reveal, by size and connections.

use crate::args::Plan;
use crate::compare::{Compared, Load, Subject, compare};
use crate::report::{Report, Row};
use crate::server::{Home, OwnServer, Server, Store};
use crate::traffic::Operation;

pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    for bytes in &plan.bytes {
        report.begin(&format!("share and reveal of {bytes} bytes"), Row::HEAD);
        for connections in &plan.connections {
            let load =
                Load { bytes: *bytes, connections: *connections, rounds: plan.rounds, visit: plan.visit };
            against_bare(plan, Operation::Pair, load, report).await?;
        }
    }
    Ok(())
}

/// The bare server, and the program on every store, under the same load. The stores
/// are empty at first: `stored` says what a full one costs.
pub(crate) async fn against_bare(
    plan: &Plan,
    operation: Operation,
    load: Load,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut homes = Vec::new();
    let bare = Subject { name: "bare".to_owned(), server: Server::bare()?, operation: operation.bare() };
    let mut subjects = vec![bare];
    if plan.minimal {
        subjects.push(subject("minimal".to_owned(), Server::minimal()?, operation));
    }
    for store in &plan.stores {
        if plan.minimal {
            for kind in OwnServer::ALL {
                let home = Home::new(&plan.waxseal, *store)?;
                subjects.push(subject(format!("{} {store}", kind.name()), home.serve_own(kind)?, operation));
                homes.push(home);
            }
        }
        for (program, when) in [(Some(&plan.waxseal), ""), (plan.before.as_ref(), " before")] {
            let Some(program) = program else { continue };
            let home = Home::new(program, *store)?;
            subjects.push(subject(format!("{store}{when}"), home.serve(program)?, operation));
            homes.push(home);
        }
    }
    let compared = compare(&subjects, load).await?;
    for (subject, Compared { name, figures, ratios }) in subjects.into_iter().zip(compared) {
        let rss_kib = subject.server.rss()? / 1_024;
        subject.server.stop()?;
        report.row(Row { name, load, figures, ratios, rss_kib });
    }
    Ok(())
}

fn subject(name: String, server: Server, operation: Operation) -> Subject {
    Subject { name, server, operation }
}

impl Store {
    /// Whether what it acknowledged is on the disk.
    pub(crate) const fn has_files(self) -> bool {
        matches!(self, Self::Sqlite)
    }
}
