//! The load bench: the real program as a process of its own, under closed loops over
//! keep-alive connections, beside a bare hyper server that does nothing in the same
//! run. BENCHMARKING.md says what is measured and how to read it.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

mod args;
mod bare;
mod compare;
mod connection;
mod embedded;
mod goals;
mod minimal;
mod open_loop;
mod overload;
mod pairs;
mod passphrase;
mod report;
mod sample;
mod server;
mod start;
mod stored;
mod traffic;
mod unknown;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use report::Report;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    // The same runtime as the program's, for the load and for the bare server.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &cli.command {
        Command::Bare => return runtime.block_on(bare::serve()),
        Command::Minimal { store } => return runtime.block_on(minimal::serve(store.as_deref())),
        Command::Embedded { store } => return runtime.block_on(embedded::serve(store)),
        _ => {}
    }
    let plan = cli.plan()?;
    let mut report = Report::new(&plan);
    for command in cli.command.clone().parts() {
        runtime.block_on(async {
            match command {
                Command::Pairs => pairs::run(&plan, &mut report).await,
                Command::Unknown => unknown::run(&plan, &mut report).await,
                Command::Stored => stored::run(&plan, &mut report).await,
                Command::Passphrase => passphrase::run(&plan, &mut report).await,
                Command::Goals => goals::run(&plan, &mut report).await,
                Command::Start => start::run(&plan, &mut report).await,
                Command::Overload => overload::run(&plan, &mut report).await,
                Command::Bare | Command::Minimal { .. } | Command::Embedded { .. } | Command::All => Ok(()),
            }
        })?;
    }
    report.finish(plan.json.as_deref())
}
