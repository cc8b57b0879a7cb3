//! `waxseal doctor`

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxseal doctor
  waxseal doctor --config /etc/waxseal/waxseal.toml
  waxseal doctor --json | jq '.findings[] | select(.level != \"ok\")'

Run it as the user that the server runs as, and while the server runs: what leads through the public
host can't be tried otherwise. Exit codes: 0 nothing has failed (there may be warnings), 1 something has.";

#[derive(Args, Debug)]
pub(crate) struct Doctor {
    /// Print JSON: {"healthy": …, "findings": [{"check": …, "level": …, "finding": …, "mend": …}, …]}
    #[arg(long)]
    pub(crate) json: bool,
}
