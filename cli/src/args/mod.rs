//! What can be said on the command line.

mod account;
mod client;
mod config;
mod doctor;
mod domain;
mod key;
#[cfg(feature = "mail")]
mod mail;
mod span;
mod upkeep;

use std::env;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use waxseal_server::config::{Host, Key, Listen, LogFormat, LogLevels, Overrides, Scheme};
use waxseal_storage::StoreUrl;

pub(crate) use account::{ANY_LANGUAGE, Account, Token};
pub(crate) use client::{
    Ask, Burn, ClientCommand, Generate, Look, Making, Passphrased, Reach, Reveal, Share, Stray,
};
pub(crate) use config::ConfigCommand;
pub(crate) use doctor::Doctor;
pub(crate) use domain::Domain;
pub(crate) use key::Key as KeyCommand;
#[cfg(feature = "mail")]
pub(crate) use mail::Mail;
pub(crate) use upkeep::{Backup, Restore, Store};

/// One-time secrets: a link that opens once.
#[derive(Parser, Debug)]
#[command(name = "waxseal", version, about, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Start here:
  waxseal serve
      A server on http://127.0.0.1:7143, with its key file and store in ./data
  waxseal share
      Asks for a secret and prints a link that opens once; waxseal reveal LINK opens it
  waxseal init
      Writes ./waxseal.toml, with every setting explained

Exit codes: 0 done, 1 failed, 2 wrong usage, 69 the store or the server can't be used,
78 the configuration or the key file will not do, 65 what is stored is damaged; and 3, 4, 5 and 77: waxseal share --help";

// Deferred, here and below: a server's memory is spared the definitions of all other commands.
// What a struct of arguments says in a doc comment would then stand for what its command says.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Command {
    #[command(flatten)]
    Client(Box<ClientCommand>),
    /// Run the server
    ///
    /// Without any configuration it listens on 127.0.0.1:7143 and makes itself a key file and a
    /// store in ./data. SIGTERM and Ctrl-C stop it once what has begun is answered.
    #[command(after_help = SERVE)]
    Serve,
    /// Write what is missing of the configuration and the key file
    ///
    /// Nothing that is there is ever overwritten, and a store that is there is never given another
    /// key file.
    #[command(after_help = INIT)]
    Init,
    /// Manage accounts and their API tokens
    ///
    /// An account has a larger allowance than a guest, its own list of secrets, and may name
    /// recipients. A running server heeds a change within a second.
    #[command(subcommand, after_help = account::EXAMPLES)]
    Account(Account),
    /// Manage the custom domains that links of accounts may stand on
    ///
    /// They stand in the store, beside those that the configuration names. A running server heeds a
    /// change within two seconds.
    #[command(subcommand, after_help = domain::EXAMPLES)]
    Domain(Domain),
    /// Manage the keys that secrets are sealed under
    ///
    /// The key file holds a ring of them: one seals, and all open. A server that runs reads the file
    /// again at SIGHUP (and certificates, but no other setting); a file that will not do is said in its log,
    /// and the keys stay as they were.
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(KeyCommand),
    /// Try out the mail that tells recipients of a link
    ///
    /// A share that names a recipient sends a message with the link, never with the secret, through
    /// the mail server of `[smtp]` in the configuration.
    #[cfg(feature = "mail")]
    #[command(subcommand, after_help = mail::EXAMPLES)]
    Mail(Mail),
    /// Count what stands in the store
    ///
    /// Unopened secrets, receipts by how they ended, bytes, and the records that need each key.
    /// Works while the server runs.
    #[command(after_help = upkeep::STATS)]
    Stats {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove at once what has expired
    ///
    /// A running server does so every few seconds. It is for a server that stands still: nothing
    /// that has expired opens, swept or not.
    #[command(after_help = upkeep::SWEEP)]
    Sweep {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Look through the store
    #[command(subcommand, after_help = upkeep::VERIFY)]
    Store(Store),
    /// Write a copy of the store while the server runs
    ///
    /// Of one moment, whole, checked, and for its owner alone (mode 0600); what has ended is not in it. Only
    /// for SQLite. The key file is not in it, and nothing opens without that: keep a copy of it apart.
    #[command(after_help = upkeep::BACKUP)]
    Backup(Backup),
    /// Put a copy in the place of the store
    ///
    /// The server must be stopped. A secret that was opened after the copy was made stays ended, as far as
    /// the present store knows; the present store is kept under another name. Killed at any
    /// moment, it leaves the one or the other in place, whole.
    #[command(after_help = upkeep::RESTORE)]
    Restore(Restore),
    /// Check the configuration, or show what is in force
    #[command(subcommand, after_help = config::EXAMPLES)]
    Config(ConfigCommand),
    /// Print the completions for a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the man page, or write those of every command into a folder
    #[command(after_help = MAN)]
    Man {
        /// The folder, which is made if it is not there
        folder: Option<PathBuf>,
    },
    /// Say what is wrong with this deployment, and how to mend it
    ///
    /// Looks at the configuration, the key file, the store, the clock, the way through the public host,
    /// custom domains of the configuration, mail, limits and open files. Makes and changes nothing, and
    /// sends no message; a server may run meanwhile.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Doctor),
}

const COMPLETIONS: &str = "\
Examples:
  waxseal completions bash > ~/.local/share/bash-completion/completions/waxseal
  waxseal completions zsh > \"${fpath[1]}/_waxseal\"
  waxseal completions fish > ~/.config/fish/completions/waxseal.fish";

const MAN: &str = "\
Examples:
  waxseal man | man -l -
  waxseal man /usr/local/share/man/man1";

const SERVE: &str = "\
Examples:
  waxseal serve
  waxseal serve --listen 0.0.0.0:8080 --site-host secrets.example.com
  waxseal serve --config /etc/waxseal/waxseal.toml
  waxseal serve --store memory:        (a restart loses everything)

SIGHUP has it read the key file again (waxseal key --help), and the certificate of [tls] with its
key: new connections get the new one, and those that are open go on.
Logs go to standard error. --log-level and WAXSEAL_LOG take off, error, warn, info (the default),
debug or trace, and levels for parts: info,waxseal_sqlite=debug. Beyond info only Waxseal's own
parts are heard: other libraries would print what is secret.";

const INIT: &str = "\
Examples:
  waxseal init
  waxseal init --config /etc/waxseal/waxseal.toml";

/// Settings that stand above environment and file.
#[derive(Args, Debug)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// The configuration file [env: WAXSEAL_CONFIG] [default: ./waxseal.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen [env: WAXSEAL_LISTEN] [default: 127.0.0.1:7143]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<Listen>,
    /// Where Prometheus reads /metrics [env: WAXSEAL_METRICS_LISTEN] [default: nowhere]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<Listen>,
    /// Where secrets stand: sqlite:PATH, memory:, redis://HOST and kin [env: WAXSEAL_STORE] [default: sqlite:data/waxseal.db]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) store: Option<StoreUrl>,
    /// The key file [env: WAXSEAL_KEY_FILE, or its content in WAXSEAL_KEY] [default: data/waxseal.key]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The host that links stand on [env: WAXSEAL_SITE_HOST] [default: where it listens]
    #[arg(long, global = true, value_name = "HOST[:PORT]")]
    pub(crate) site_host: Option<Host>,
    /// How links begin: http or https [env: WAXSEAL_SITE_SCHEME] [default: https where it speaks TLS, else http on loopback and https elsewhere]
    #[arg(long, global = true, value_name = "SCHEME")]
    pub(crate) site_scheme: Option<Scheme>,
    /// How much is logged [env: WAXSEAL_LOG] [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<LogLevels>,
    /// How the log is written: text or json [env: WAXSEAL_LOG_FORMAT] [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

/// Reads the command line; help and wrong usage end the process here.
pub(crate) fn parse() -> Cli {
    let said: Vec<_> = env::args_os().collect();
    let definition = definition_of(|name| said.iter().any(|word| word == name));
    let read = definition.try_get_matches_from(&said).map_err(without_value).and_then(|given| {
        let cli = Cli::from_arg_matches(&given)?;
        no_settings(&given)?;
        Ok(cli)
    });
    read.unwrap_or_else(|error| error.exit())
}

/// What the command line is read by.
pub(crate) fn definition() -> clap::Command {
    definition_of(|_| true)
}

/// The same, whole for those commands alone that may be asked for. The settings are the
/// server's: the client's commands, and those that need neither, do not show them.
fn definition_of(may_be_asked: impl Fn(&str) -> bool) -> clap::Command {
    let definition = Cli::command();
    let settings: Vec<_> = definition.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    WITHOUT_SETTINGS.into_iter().filter(|name| may_be_asked(name)).fold(definition, |definition, name| {
        let hidden = settings.iter().map(|arg| arg.clone().hide(true).global(false));
        definition.mut_subcommand(name, |command| command.args(hidden))
    })
}

const WITHOUT_SETTINGS: [&str; 9] =
    ["share", "generate", "reveal", "burn", "receipt", "recent", "status", "completions", "man"];

/// A setting that goes unheard would seem to be in force.
fn no_settings(given: &ArgMatches) -> Result<(), clap::Error> {
    let Some((name, within)) = given.subcommand().filter(|(name, _)| WITHOUT_SETTINGS.contains(name)) else {
        return Ok(());
    };
    let definition = Cli::command();
    let mut settings = definition.get_arguments().filter(|arg| arg.is_global_set()).map(clap::Arg::get_id);
    let said = |id: &str| given.contains_id(id) || within.contains_id(id);
    let Some(setting) = settings.find(|id| said(id.as_str())) else { return Ok(()) };
    let flag = setting.as_str().replace('_', "-");
    Err(definition.clone().error(
        ErrorKind::ArgumentConflict,
        format!("--{flag} is a setting of the server, and means nothing to `waxseal {name}`"),
    ))
}

/// What follows a flag that takes nothing, as in `--passphrase=…`, may be a secret: clap
/// would repeat it.
fn without_value(mut error: clap::Error) -> clap::Error {
    if error.kind() == ErrorKind::TooManyValues {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(what you wrote)".to_owned()));
    }
    error
}

impl Settings {
    /// For the configuration, which looks below them.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            config: self.config.clone(),
            listen: self.listen,
            metrics_listen: self.metrics_listen,
            store: self.store.clone(),
            key: self.key_file.clone().map(Key::File),
            site_host: self.site_host.clone(),
            site_scheme: self.site_scheme,
            smtp: None,
            log_levels: self.log_level.clone(),
            log_format: self.log_format,
            credential: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        definition().debug_assert();
    }

    /// What each command says of itself, in short and at length.
    fn said(definition: &clap::Command) -> Vec<String> {
        let commands = definition.get_subcommands().filter(|command| command.get_name() != "help");
        let said =
            |command: &clap::Command| format!("{:?} {:?}", command.get_about(), command.get_long_about());
        commands.map(said).collect()
    }

    #[test]
    fn what_a_command_says_of_itself_stands_when_its_arguments_have_come() {
        let first = definition();
        let mut built = first.clone();
        built.build();
        assert_eq!(said(&first), said(&built));
    }

    #[test]
    fn the_clients_help_shows_no_setting_of_the_server() {
        for name in WITHOUT_SETTINGS {
            let mut definition = definition();
            definition.build();
            let help = definition.find_subcommand_mut(name).unwrap().render_long_help().to_string();
            assert!(!help.contains("--key-file") && !help.contains("Settings"), "{name}: {help}");
        }
        let mut definition = definition();
        definition.build();
        let help = definition.find_subcommand_mut("serve").unwrap().render_long_help().to_string();
        assert!(help.contains("--key-file"), "{help}");
    }
}
