//! `waxseal config …`

use clap::Subcommand;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxseal config check --config /etc/waxseal/waxseal.toml
  waxseal config show
  waxseal config show --json";

const CHECK: &str = "\
Examples:
  waxseal config check
  waxseal config check --config new.toml && systemctl restart waxseal";

const SHOW: &str = "\
Examples:
  waxseal config show
  WAXSEAL_LISTEN=0.0.0.0:80 waxseal config show --json";

/// What can be asked about the configuration.
#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Say OK, or everything that is wrong
    ///
    /// Reads flags, environment and file as `serve` would, and the key file if it is there, and
    /// changes nothing. The store is not opened. Exits with 78 if anything is wrong.
    #[command(after_help = CHECK)]
    Check,
    /// Show every setting in force, and who said so
    ///
    /// The origin is a flag, an environment variable, a line of the file, or the default. Nothing
    /// secret is shown.
    #[command(after_help = SHOW)]
    Show {
        /// Print JSON: [{"name": …, "value": …, "origin": …}, …]
        #[arg(long)]
        json: bool,
    },
}
