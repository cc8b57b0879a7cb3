//! From start to first answer, and what a server takes that has nothing to do.

use std::time::Instant;

use anyhow::ensure;

use crate::args::Plan;
use crate::connection::Connection;
use crate::report::{Figure, Report};
use crate::sample::median;
use crate::server::{Home, OwnServer, Server};
use crate::stored::number;

/// What the first question is.
const STATUS: &[u8] = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The names of figures that are goals, too.
pub(crate) const FIRST: &str = "start to first answer";
pub(crate) const IDLE: &str = "resident memory";
pub(crate) const IDLE_API: &str = "resident memory, API only";
pub(crate) const CONNECTION: &str = "memory an idle connection";

pub(crate) async fn run(plan: &Plan, report: &mut Report) -> anyhow::Result<()> {
    report.begin("start and idle", Figure::HEAD);
    for store in &plan.stores {
        let home = Home::new(&plan.waxseal, *store)?;
        // The first start makes the store.
        home.serve(&plan.waxseal)?.stop()?;
        report.figure(*store, FIRST, first_answer(plan, &home).await? * 1e3, "ms");
        let (resident, connection) = idle(plan, home.serve(&plan.waxseal)?).await?;
        report.figure(*store, IDLE, resident / 1e6, "MB");
        report.figure(*store, CONNECTION, connection, "B");
        if let Some(program) = &plan.api_only {
            let (resident, _) = idle(plan, home.serve(program)?).await?;
            report.figure(*store, IDLE_API, resident / 1e6, "MB");
        }
        for kind in OwnServer::ALL.into_iter().filter(|_| plan.minimal) {
            let (resident, _) = idle(plan, home.serve_own(kind)?).await?;
            report.figure(*store, &format!("{IDLE}, {}", kind.name()), resident / 1e6, "MB");
        }
    }
    Ok(())
}

/// Bytes that a server holds which has answered once, and that an idle connection adds.
async fn idle(plan: &Plan, server: Server) -> anyhow::Result<(f64, f64)> {
    let _warm = ask(&server).await?;
    let before = server.rss()?;
    let mut idle = Vec::with_capacity(plan.idle);
    for _ in 0..plan.idle {
        idle.push(ask(&server).await?);
    }
    let grown = number(server.rss()?.saturating_sub(before));
    server.stop()?;
    Ok((number(before), grown / number(plan.idle as u64)))
}

/// Seconds from a start to the first answer; the middle of many.
pub(crate) async fn first_answer(plan: &Plan, home: &Home) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(plan.starts);
    for _ in 0..plan.starts {
        let start = Instant::now();
        let server = home.serve(&plan.waxseal)?;
        ask(&server).await?;
        times.push(start.elapsed().as_secs_f64());
        server.stop()?;
    }
    Ok(median(times.into_iter()))
}

/// A connection that was answered once.
async fn ask(server: &Server) -> anyhow::Result<Connection> {
    let mut connection = Connection::open(server.address).await?;
    let status = connection.ask(STATUS).await?.status;
    ensure!(status == 200, "the status was answered by {status}");
    Ok(connection)
}
