//! The `waxseal` program: reads what it is asked, does it with the libraries, and
//! says how it ended.

#![forbid(unsafe_code)]

mod account;
mod args;
mod ask;
mod client;
mod config;
mod copies;
mod doctor;
mod domain;
mod exit;
mod folder;
mod init;
mod key;
mod keys;
mod log;
#[cfg(feature = "mail")]
mod mail;
mod out;
mod post;
mod process;
mod progress;
mod serve;
mod shell;
mod store;
mod tls;
mod token;
mod upkeep;
mod verify;
mod warn;

use std::process::ExitCode;

use args::{Cli, Command, Store};
use config::Sources;
use exit::Failure;

fn main() -> ExitCode {
    process::guard_memory();
    process::silence_panics();
    match run(&args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out::remark(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let sources = Sources::new(&cli.settings);
    match &cli.command {
        Command::Client(command) => client::run(command),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man { folder } => shell::man(folder.as_deref()),
        Command::Serve => serve::run(&sources.load()?),
        Command::Init => init::run(&cli.settings, sources),
        Command::Account(command) => account::run(&sources.load()?, command),
        Command::Config(command) => config::run(sources, command),
        Command::Doctor(command) => doctor::run(sources, command),
        Command::Domain(command) => domain::run(&sources.load()?, command),
        #[cfg(feature = "mail")]
        Command::Mail(command) => mail::run(&sources.load()?, command),
        Command::Stats { json } => upkeep::stats(&sources.load()?, *json),
        Command::Sweep { json } => upkeep::sweep(&sources.load()?, *json),
        Command::Store(Store::Verify { json }) => verify::run(&sources.load()?, *json),
        Command::Backup(asked) => copies::backup(&sources.load()?, asked),
        Command::Restore(asked) => copies::restore(&sources.load()?, asked),
        Command::Key(command) => key::run(&sources.load()?, command),
    }
}
