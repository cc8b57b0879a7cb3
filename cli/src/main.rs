//! The `waxseal` program: reads what it is asked, does it with the libraries, and
//! says how it ended.

#![forbid(unsafe_code)]

mod account;
mod args;
mod ask;
mod exit;
mod folder;
mod init;
mod key;
mod keys;
mod out;
mod serve;
mod store;
mod token;

use std::process::ExitCode;

use clap::Parser;
use waxseal_server::config::{Config, Overrides};

use args::{Cli, Command};
use exit::Failure;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out::remark(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let environment = Overrides::from_env(|name| std::env::var_os(name)).map_err(Failure::config)?;
    let overrides = cli.settings.overrides().over(environment);
    let config = || Config::load(&overrides).map_err(Failure::config);
    match &cli.command {
        Command::Serve => serve::run(&config()?),
        Command::Init => init::run(&cli.settings, &overrides),
        Command::Account(command) => account::run(&config()?, command),
        Command::Key(command) => key::run(&config()?, command),
    }
}
