//! `waxseal mail …`

use clap::Subcommand;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxseal mail test tom@example.com
  waxseal mail test tom@example.com --json";

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Mail {
    /// Send one test message, and say how far it got
    ///
    /// It goes by the configuration, over a connection of its own; a server need not run. It holds no
    /// link. Where it fails, the mail server's own words and what to do about them are said.
    #[command(after_help = EXAMPLES)]
    Test {
        /// Who gets it
        address: String,
        /// Print JSON: {"sent": …, "server": …, "from": …, "to": …, "steps": […], "failed": {…}}
        #[arg(long)]
        json: bool,
    },
}
