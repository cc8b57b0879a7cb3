//! Opens a store by its URL: the one place that knows every backend by name.
//!
//! | URL | store |
//! |---|---|
//! | `memory:` | in this process, gone at exit |
//! | `sqlite:PATH` | one file on this machine, durable before every answer |
//! | `redis://`, `rediss://`, `redis+unix://` | one Redis, for many nodes of ours |
//! | `redis-sentinel://` | the master that Sentinels name |
//! | `redis-cluster://` | a cluster |

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use waxseal_core::store::{AccountStore, Audit, Limiter, Store, StoreError};
use waxseal_core::time::Timestamp;
use waxseal_memory::MemoryStore;
use waxseal_redis::{BadUrl, RedisStore, RedisUrl};
pub use waxseal_redis::{Master, Prefix, acl};
pub use waxseal_sqlite::Inspected as SqliteFile;
use waxseal_sqlite::SqliteStore;

/// Copies of a store that is a file.
pub mod copies {
    pub use waxseal_sqlite::{CopyError, Preview, Restored, Unknown, Unread, backup, preview, restore};
}

/// Where secrets are to stand, as the configuration says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreUrl {
    /// `memory:`
    Memory,
    /// `sqlite:PATH`, with the path as written.
    Sqlite(PathBuf),
    /// One of Redis' kin. Shows no password.
    Redis(RedisUrl),
}

impl StoreUrl {
    /// The same store, its path counted from `folder`.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Memory | Self::Redis(_) => self,
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
        }
    }

    /// The file it stands in, if it stands in one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory | Self::Redis(_) => None,
            Self::Sqlite(path) => Some(path),
        }
    }
}

impl StoreUrl {
    /// As it is to be written into a file, password and all.
    #[must_use]
    pub fn expose(&self) -> String {
        match self {
            Self::Redis(url) => url.expose().to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for StoreUrl {
    /// Without any password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Redis(url) => url.fmt(f),
        }
    }
}

/// A text that names no store we know.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlError {
    /// No path stands behind `sqlite:`, or a host does.
    #[error("`sqlite:` needs the path of a file behind it, as in sqlite:data/waxseal.db")]
    NoPath,
    /// Meant for Redis, and yet not right.
    #[error(transparent)]
    Redis(#[from] BadUrl),
    /// Another scheme. The text is not repeated: a URL may hold a password.
    #[error("this store is not known; known are memory:, sqlite:PATH and redis://HOST with its kin")]
    Unknown,
}

impl FromStr for StoreUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        match url.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", "")) => Err(UrlError::NoPath),
            // `sqlite://data/x.db` would be /data/x.db: hardly what was meant.
            Some(("sqlite", path)) if path.starts_with("//") && !path.starts_with("///") => {
                Err(UrlError::NoPath)
            }
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            _ if RedisUrl::is_meant(url) => Ok(Self::Redis(url.parse()?)),
            _ => Err(UrlError::Unknown),
        }
    }
}

/// What an operator decides about a store.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Options {
    /// The budget of stored bytes; 0 = none.
    pub stored_bytes: u64,
    /// What only a store on Redis heeds.
    pub redis: RedisOptions,
}

/// What an operator decides about a store on Redis.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedisOptions {
    /// What every key begins with.
    pub prefix: Prefix,
    /// Replicas that must have a secret, or its end, before it is acknowledged.
    pub min_replicas: u64,
    /// How long they may take.
    pub wait: Duration,
}

impl Default for RedisOptions {
    fn default() -> Self {
        let waxseal_redis::Options { prefix, min_replicas, wait, .. } = waxseal_redis::Options::default();
        Self { prefix, min_replicas, wait }
    }
}

/// A store, open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Secrets.
    pub store: Arc<dyn Store>,
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Allowances for all nodes over the store, where it can count them.
    pub limiter: Option<Arc<dyn Limiter>>,
    /// Whether what it acknowledged outlives the process.
    pub durable: bool,
}

/// Why a store did not open. Says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] waxseal_sqlite::OpenError),
    /// Redis refused, or nobody is there.
    #[error(transparent)]
    Redis(#[from] waxseal_redis::OpenError),
}

/// Why a store was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It stopped answering.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens a store, and makes it if its place is empty.
///
/// # Errors
/// [`OpenError`] if what stands there is damaged, newer, or can't be reached. It
/// is left as it is.
pub async fn open(url: &StoreUrl, options: Options) -> Result<Opened, OpenError> {
    match url {
        StoreUrl::Memory => {
            let store = Arc::new(MemoryStore::new(options.stored_bytes));
            Ok(Opened { store: store.clone(), accounts: store, limiter: None, durable: false })
        }
        StoreUrl::Sqlite(path) => {
            let options = waxseal_sqlite::Options { stored_bytes_budget: options.stored_bytes };
            let store = Arc::new(SqliteStore::open(path, options)?);
            Ok(Opened { store: store.clone(), accounts: store, limiter: None, durable: true })
        }
        StoreUrl::Redis(url) => {
            let options = of_redis(options);
            let store = Arc::new(RedisStore::open(url.clone(), options).await?);
            let limiter: Arc<dyn Limiter> = Arc::new(store.limiter());
            Ok(Opened { store: store.clone(), accounts: store, limiter: Some(limiter), durable: true })
        }
    }
}

/// What a look at a store found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inspected {
    /// It would be made, and gone with its process.
    Memory,
    /// A file; `None` where none stands yet.
    Sqlite(Option<waxseal_sqlite::Inspected>),
    /// Redis.
    Redis(waxseal_redis::Inspected),
}

/// Looks at a store. Makes and changes nothing; works while a server has it open.
///
/// # Errors
/// [`OpenError`] if it can't be reached or read.
pub async fn inspect(url: &StoreUrl, options: Options) -> Result<Inspected, OpenError> {
    match url {
        StoreUrl::Memory => Ok(Inspected::Memory),
        StoreUrl::Sqlite(path) => Ok(Inspected::Sqlite(waxseal_sqlite::inspect(path)?)),
        StoreUrl::Redis(url) => {
            let options = of_redis(options);
            let found = waxseal_redis::inspect(url.clone(), options).await;
            Ok(Inspected::Redis(found.map_err(waxseal_redis::OpenError::Trouble)?))
        }
    }
}

/// Reads every record, account and figure in a store as seen at `now`, and changes none;
/// works while servers have it open. `tell` hears how many records were read, and of about
/// how many. `None` if nothing stands there, or nothing that another process could read.
///
/// # Errors
/// [`VerifyError`] if it can't be read to the end. What is damaged is told in the [`Audit`].
pub async fn verify(
    url: &StoreUrl,
    options: Options,
    now: Timestamp,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Option<Audit>, VerifyError> {
    match url {
        StoreUrl::Memory => Ok(None),
        StoreUrl::Sqlite(path) => Ok(waxseal_sqlite::verify(path, now, tell).map_err(OpenError::Sqlite)?),
        StoreUrl::Redis(url) => {
            let store = RedisStore::open(url.clone(), of_redis(options)).await.map_err(OpenError::Redis)?;
            Ok(Some(store.verify(now, tell).await?))
        }
    }
}

fn of_redis(options: Options) -> waxseal_redis::Options {
    let RedisOptions { prefix, min_replicas, wait } = options.redis;
    let stored_bytes_budget = options.stored_bytes;
    waxseal_redis::Options { prefix, min_replicas, wait, stored_bytes_budget, ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_stores() {
        assert_eq!("memory:".parse(), Ok(StoreUrl::Memory));
        assert_eq!("sqlite:a/b.db".parse(), Ok(StoreUrl::Sqlite("a/b.db".into())));
        assert_eq!("sqlite:".parse::<StoreUrl>(), Err(UrlError::NoPath));
        assert_eq!("sqlite://data/x.db".parse::<StoreUrl>(), Err(UrlError::NoPath));
        assert_eq!("sqlite:///data/x.db".parse(), Ok(StoreUrl::Sqlite("///data/x.db".into())));
        let redis: StoreUrl = "redis://tom:hunter2@db".parse().unwrap();
        assert_eq!(redis.to_string(), "redis://tom:(hidden)@db:6379");
        assert!(!format!("{redis:?}").contains("hunter2"));
        for url in ["", "memory", "memory:x", "redis:hunter2", "redisx://h", "postgres://u:hunter2@h/d"] {
            let refused = url.parse::<StoreUrl>().unwrap_err();
            assert!(!refused.to_string().contains("hunter2"), "{url}");
        }
    }
}
