//! Opens a store by its URL: the one place that knows every backend by name.
//!
//! | URL | store |
//! |---|---|
//! | `memory:` | in this process, gone at exit |
//! | `sqlite:PATH` | one file on this machine, durable before every answer |

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use waxseal_core::store::{AccountStore, Store};
use waxseal_memory::MemoryStore;
use waxseal_sqlite::SqliteStore;

/// Where secrets are to stand, as the configuration says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StoreUrl {
    /// `memory:`
    Memory,
    /// `sqlite:PATH`, with the path as written.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// The same store, its path counted from `folder`.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Memory => Self::Memory,
            Self::Sqlite(path) => Self::Sqlite(folder.join(path)),
        }
    }

    /// The file it stands in, if it stands in one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::Sqlite(path) => Some(path),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

/// A text that names no store we know.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlError {
    /// No path stands behind `sqlite:`, or a host does.
    #[error("`sqlite:` needs the path of a file behind it, as in sqlite:data/waxseal.db")]
    NoPath,
    /// A kin of Redis.
    #[error("stores on Redis are not supported by this version; known are memory: and sqlite:PATH")]
    Redis,
    /// Another scheme. The text is not repeated: a URL may hold a password.
    #[error("this store is not known; known are memory: and sqlite:PATH")]
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
            Some((scheme, _)) if scheme.starts_with("redis") => Err(UrlError::Redis),
            _ => Err(UrlError::Unknown),
        }
    }
}

/// What an operator bounds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Options {
    /// The budget of stored bytes; 0 = none.
    pub stored_bytes: u64,
}

/// A store, open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Secrets.
    pub store: Arc<dyn Store>,
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Whether what it acknowledged outlives the process.
    pub durable: bool,
}

/// Why a store did not open. Says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] waxseal_sqlite::OpenError),
}

/// Opens a store, and makes it if its place is empty.
///
/// # Errors
/// [`OpenError`] if what stands there is damaged, newer, or can't be reached. It
/// is left as it is.
pub fn open(url: &StoreUrl, options: Options) -> Result<Opened, OpenError> {
    match url {
        StoreUrl::Memory => {
            let store = Arc::new(MemoryStore::new(options.stored_bytes));
            Ok(Opened { store: store.clone(), accounts: store, durable: false })
        }
        StoreUrl::Sqlite(path) => {
            let options = waxseal_sqlite::Options { stored_bytes_budget: options.stored_bytes };
            let store = Arc::new(SqliteStore::open(path, options)?);
            Ok(Opened { store: store.clone(), accounts: store, durable: true })
        }
    }
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
        for url in ["", "memory", "memory:x", "redis://:hunter2@h", "postgres://u:hunter2@h/d"] {
            let refused = url.parse::<StoreUrl>().unwrap_err();
            assert!(!refused.to_string().contains("hunter2"), "{url}");
        }
    }
}
