//! The `waxseal` program: reads what it is asked, does it with the libraries, and
//! says how it ended.

#![forbid(unsafe_code)]

mod account;
mod args;
mod core_file;
mod exit;
mod folder;
mod init;
mod keys;
mod out;
mod panics;
mod serve;
mod store;

use std::process::ExitCode;

use clap::Parser;
use waxseal_server::config::{Config, Overrides};

use args::{Cli, Command};
use exit::Failure;

fn main() -> ExitCode {
    panics::report_places_only();
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out::remark(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    core_file::forbid().map_err(Failure::other)?;
    let environment = Overrides::from_env(|name| std::env::var_os(name)).map_err(Failure::config)?;
    let overrides = cli.settings.overrides().over(environment);
    let config = || Config::load(&overrides).map_err(Failure::config);
    match &cli.command {
        Command::Serve => serve::run(&config()?),
        Command::Init => init::run(&cli.settings, &overrides),
        Command::Account(command) => account::run(&config()?, command),
    }
}
