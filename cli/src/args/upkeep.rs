//! `waxseal stats`, `sweep`, `store`, `backup` and `restore`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use waxseal_storage::copies;

/// `waxseal store`
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Store {
    /// Read everything in the store, and say what does not fit together
    ///
    /// Every record, account and figure is read and nothing is changed or opened; a server may run
    /// meanwhile. Flaws are told by the ids of their records, which lead to no secret. Exit code 65
    /// if there are any, or if records need keys that the key file lacks.
    #[command(after_help = VERIFY)]
    Verify {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

// `waxseal backup`
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// The new file
    pub(crate) file: PathBuf,
    /// Replace a file of this name, once the copy is whole
    #[arg(long)]
    pub(crate) overwrite: bool,
}

// `waxseal restore`
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// A copy that `waxseal backup` made
    pub(crate) file: PathBuf,
    /// Say what would come back, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What becomes of unread secrets of which the present store knows nothing
    #[arg(long, value_enum, default_value_t = Unknown::Refuse)]
    pub(crate) unknown: Unknown,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// What becomes of unread secrets that may have been opened since the copy was made.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum Unknown {
    /// If there is one, nothing is restored
    Refuse,
    /// They are destroyed; their receipts stay
    End,
    /// They can be opened, perhaps a second time
    Keep,
}

impl From<Unknown> for copies::Unknown {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Refuse => Self::Refuse,
            Unknown::End => Self::End,
            Unknown::Keep => Self::Keep,
        }
    }
}

pub(super) const VERIFY: &str = "\
Examples:
  waxseal store verify
  waxseal store verify --json | jq '.named[]'";

pub(super) const BACKUP: &str = "\
Examples:
  waxseal backup /var/backups/waxseal.db
  waxseal backup --overwrite /var/backups/waxseal.db";

pub(super) const RESTORE: &str = "\
Examples:
  waxseal restore --dry-run /var/backups/waxseal.db
  systemctl stop waxseal && waxseal restore /var/backups/waxseal.db
      Secrets that the present store knows as ended stay ended
  waxseal restore --unknown end /var/backups/waxseal.db
      Where the present store is gone: accounts and receipts come back, unread secrets do not";

pub(super) const STATS: &str = "\
Examples:
  waxseal stats
  waxseal stats --json | jq .new";

pub(super) const SWEEP: &str = "\
Examples:
  waxseal sweep
  waxseal sweep --json";
