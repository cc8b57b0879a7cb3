//! What the benches share: sizes, stores, and a vault over any of them,
//! without HTTP around it.

use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use tempfile::TempDir;
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Store;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;
use waxseal_sqlite::{Options, SqliteStore};

/// Bytes of a value: a password, a note, and the most that a plan allows by default.
pub const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// So short that all benches together take minutes, and say so with wider margins.
#[must_use]
pub fn brief() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
}

/// A kind of store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backend {
    /// In this process.
    Memory,
    /// In a file in the temporary folder: name one on a real disk by `TMPDIR`.
    Sqlite,
}

impl Backend {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Memory, Self::Sqlite];

    /// As it stands in the names of groups.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        }
    }

    /// An empty store without a budget, gone when both are dropped.
    ///
    /// # Panics
    /// If no file can be made.
    #[must_use]
    pub fn open(self) -> (Arc<dyn Store>, TempDir) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let options = Options { stored_bytes_budget: 0 };
        let store: Arc<dyn Store> = match self {
            Self::Memory => Arc::new(MemoryStore::new(0)),
            Self::Sqlite => {
                let path = folder.path().join("bench.db");
                Arc::new(SqliteStore::open(path, options).expect("a new file can be opened"))
            }
        };
        (store, folder)
    }
}

/// A vault over `store` with the machine's clock and randomness.
///
/// # Panics
/// If the machine gives no random bytes.
#[must_use]
pub fn vault(store: Arc<dyn Store>) -> Vault {
    let entropy = Arc::new(SystemEntropy::default());
    let keyring = Keyring::generate(&*entropy).expect("a machine that runs benches has random bytes");
    let ports =
        Ports { store, clock: Arc::new(SystemClock::default()), entropy, stretch: Arc::new(InlineStretch) };
    Vault::new(ports, Arc::new(keyring), Policy::default())
}
