//! What to measure, and how long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};

use crate::server::Store;

/// Waxseal under load, beside a bare hyper server in the same run
#[derive(Parser, Debug)]
#[command(name = "load", max_term_width = 100)]
pub(crate) struct Cli {
    /// The program to measure [default: waxseal, beside this one]
    #[arg(long, global = true, value_name = "PROGRAM")]
    waxseal: Option<PathBuf>,
    /// An earlier build, measured in the same visits
    #[arg(long, global = true, value_name = "PROGRAM")]
    before: Option<PathBuf>,
    /// A build without pages and mail, whose idle memory is measured, too
    #[arg(long, global = true, value_name = "PROGRAM")]
    api_only: Option<PathBuf>,
    /// So little of each that all of it takes seconds: for seeing that it runs
    #[arg(long, global = true)]
    quick: bool,
    /// Rounds; each visits every server twice, the second time in the opposite order
    #[arg(long, global = true, default_value_t = 5)]
    rounds: usize,
    /// How long one visit lasts, in seconds
    #[arg(long, global = true, default_value_t = 1.0)]
    seconds: f64,
    /// Connections at once, with commas between
    #[arg(long, global = true, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    connections: Vec<usize>,
    /// Bytes of a value, with commas between
    #[arg(long, global = true, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    bytes: Vec<usize>,
    /// Stores, with commas between
    #[arg(long, global = true, value_enum, value_delimiter = ',', default_values_t = [Store::Memory, Store::Sqlite])]
    stores: Vec<Store>,
    /// Secrets that stand in a full store
    #[arg(long, global = true, default_value_t = 1_000_000)]
    records: usize,
    /// Measure two servers more, over each store: a minimal one, the bare with the work that
    /// none is spared, and an embedded one, the bare around the API of the core. Of passphrases
    /// they are asked nothing: this program keeps every core at Argon2id beside them
    #[arg(long, global = true)]
    minimal: bool,
    /// Connections over which an open loop asks; with passphrases they are 24
    #[arg(long, global = true, default_value_t = 1_000)]
    crowd: usize,
    /// Processors that overloaded servers get for themselves, as taskset names them; keep
    /// this program off them by taskset, too
    #[arg(long, global = true, value_name = "LIST")]
    server_cpus: Option<String>,
    /// Where the figures go as JSON
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Clone, Debug)]
pub(crate) enum Command {
    /// Share and reveal, by store, size and connections
    Pairs,
    /// Reveals of a key that nobody has
    Unknown,
    /// Memory, disk and pairs with a million secrets stored
    Stored,
    /// Secrets with a passphrase, and plain shares beside them
    Passphrase,
    /// From start to first answer, and what an idle server takes
    Start,
    /// What the goals are about, and whether they are reached: ten minutes
    Goals,
    /// Twice the requests that the server can answer: what it takes, what it refuses
    Overload,
    /// Everything, one after another
    All,
    /// The bare hyper server alone
    #[command(hide = true)]
    Bare,
    /// The minimal server alone
    #[command(hide = true)]
    Minimal {
        /// Where records stand, if not in a map
        #[arg(long)]
        store: Option<String>,
    },
    /// The API of the core on the bare server, alone
    #[command(hide = true)]
    Embedded {
        /// Where records stand
        #[arg(long)]
        store: String,
    },
}

/// What a run does, with every choice made.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) waxseal: PathBuf,
    pub(crate) before: Option<PathBuf>,
    pub(crate) api_only: Option<PathBuf>,
    pub(crate) rounds: usize,
    pub(crate) visit: Duration,
    pub(crate) connections: Vec<usize>,
    pub(crate) bytes: Vec<usize>,
    pub(crate) stores: Vec<Store>,
    pub(crate) records: usize,
    pub(crate) minimal: bool,
    pub(crate) server_cpus: Option<String>,
    /// Connections over which an open loop asks.
    pub(crate) crowd: usize,
    /// Connections with passphrases.
    pub(crate) guarded: usize,
    /// How often the program is started, to see how long that takes.
    pub(crate) starts: usize,
    /// Connections that stand idle, to see what one takes.
    pub(crate) idle: usize,
    pub(crate) json: Option<PathBuf>,
}

impl Command {
    /// The measurements it stands for.
    pub(crate) fn parts(self) -> Vec<Self> {
        match self {
            Self::All => {
                vec![Self::Start, Self::Pairs, Self::Unknown, Self::Passphrase, Self::Stored, Self::Overload]
            }
            one => vec![one],
        }
    }
}

impl Cli {
    pub(crate) fn plan(&self) -> anyhow::Result<Plan> {
        let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("waxseal"));
        let waxseal = program(&self.waxseal.clone().map_or_else(beside, Ok)?)?;
        let before = self.before.as_deref().map(program).transpose()?;
        let api_only = self.api_only.as_deref().map(program).transpose()?;
        let visit = Duration::try_from_secs_f64(self.seconds).context("--seconds")?;
        let plan = Plan {
            waxseal,
            before,
            api_only,
            rounds: self.rounds.max(1),
            visit,
            connections: self.connections.clone(),
            bytes: self.bytes.clone(),
            stores: self.stores.clone(),
            records: self.records,
            minimal: self.minimal,
            server_cpus: self.server_cpus.clone(),
            crowd: self.crowd,
            guarded: 64,
            starts: 21,
            idle: 500,
            json: self.json.clone(),
        };
        Ok(if self.quick { plan.quick() } else { plan })
    }
}

/// Its absolute path: it is started in a folder of its own.
fn program(path: &Path) -> anyhow::Result<PathBuf> {
    ensure!(path.is_file(), "{} is not there: build it, or name another", path.display());
    Ok(std::path::absolute(path)?)
}

impl Plan {
    fn quick(self) -> Self {
        Self {
            rounds: 1,
            visit: Duration::from_millis(100),
            connections: vec![4],
            bytes: vec![100, 10_000],
            records: 1_000,
            crowd: 40,
            guarded: 8,
            starts: 3,
            idle: 20,
            ..self
        }
    }
}
