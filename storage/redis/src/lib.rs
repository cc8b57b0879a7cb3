//! The store over Redis, Sentinel or Redis Cluster: many nodes, one state.
//!
//! Waxseal's nodes keep nothing to themselves; whatever one of them does is
//! decided in Redis, by one script on one server (`lua/`). So any of them can
//! serve any request, and may come and go.
//!
//! # Map
//! - `keys`: every key, spelt once; `layout` and `account_layout`: the bytes behind them
//! - `scripts` and `lua/`: the steps that must be atomic
//! - `records`, `lists`, `tally`, `accounts`, `limiter`: the contracts over them
//! - `batch`: what waits goes out together; `figures`: what a bucket's tally says
//! - `budget`: how many bytes may stand
//! - `url`, `topology`, `node`, `courier`: where Redis is, which server to ask, the
//!   connections to it, and what to do when it refuses
//! - `fault`: what goes wrong, in words for whoever runs it; `start`: what is
//!   looked at before the first use; `inspect`: the same for an admin; `acl`: what its user must be allowed
//!
//! # Why not the library's own clients for Sentinel and Cluster
//! Both belong to the same crate, and this store uses that crate's connections
//! only. Its cluster client sends a command again when a connection breaks, and
//! whether a secret was claimed before that is then unknown: told twice, or told
//! to nobody. Its Sentinel client does not follow a failover. And neither can keep
//! a script and the WAIT behind it on one connection, without which WAIT proves
//! nothing. What is left to do, one map of slots, stands in `topology`.
//!
//! # What it does not do
//! - Erased content can stay on the disks of Redis and its replicas until their
//!   files are rewritten. It opens for nobody without link and key file.
//! - A failover loses what the old master had not passed on. `min_replicas` says
//!   how many replicas must have a claim before its value is told.
//!
//! # Example
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use waxseal_core::store::Store;
//! use waxseal_redis::{Options, RedisStore};
//!
//! let url = "redis://127.0.0.1:6379".parse()?;
//! let store = RedisStore::open(url, Options::default()).await?;
//! store.ping().await?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod account_layout;
mod accounts;
mod acl;
mod batch;
mod budget;
mod courier;
mod due;
mod fault;
mod figures;
mod format;
mod inspect;
mod keys;
mod layout;
mod limiter;
mod lists;
mod node;
mod records;
mod scripts;
mod start;
mod tally;
mod topology;
mod url;
mod verify;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::sync::Mutex;
use waxseal_core::store::LOCK_BYTES;

pub use crate::acl::acl;
use crate::batch::{Batch, Heaviest, Kind};
use crate::budget::Budget;
use crate::courier::Courier;
pub use crate::fault::Trouble;
pub use crate::inspect::{Inspected, Master, inspect};
use crate::keys::Keys;
pub use crate::keys::{BadPrefix, Prefix};
pub use crate::limiter::{AMPLE, RedisLimiter};
pub use crate::start::OpenError;
use crate::topology::Topology;
pub use crate::url::{BadUrl, RedisUrl};

/// What an operator may set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// What every key begins with.
    pub prefix: Prefix,
    /// Bytes that unopened secrets and receipts may take, as
    /// [`waxseal_core::store::Usage::bytes`] counts them. 0 is no bound.
    pub stored_bytes_budget: u64,
    /// Replicas that must have a secret, or its end, before it is acknowledged.
    /// 0 asks none.
    pub min_replicas: u64,
    /// How long they may take.
    pub wait: Duration,
    /// How long any answer of Redis may take. Beyond, what reads fails, and of
    /// what changes something nobody knows whether it did. With a quarter of it for
    /// the sum of stored bytes, an answer comes within half a second.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: Prefix::default(),
            stored_bytes_budget: 0,
            min_replicas: 0,
            wait: Duration::from_millis(500),
            patience: Duration::from_millis(380),
        }
    }
}

/// A store in Redis. See the [crate's front page](crate).
pub struct RedisStore {
    keys: Keys,
    courier: Arc<Courier>,
    /// What waits to be read, stored and ended.
    reading: Arc<Batch<1>>,
    creating: Arc<Batch<4>>,
    ending: Arc<Batch<3>>,
    budget: Budget,
    min_replicas: u64,
    wait: Duration,
    /// Held while an account is changed.
    altering: Mutex<()>,
    /// The bucket where the next sweep begins.
    cursor: AtomicUsize,
}

impl RedisStore {
    /// Connects, and looks whether Redis will do.
    ///
    /// # Errors
    /// [`OpenError`] if it can't be reached, refuses us, would throw secrets away, or
    /// holds the store of a later release.
    pub async fn open(url: RedisUrl, options: Options) -> Result<Self, OpenError> {
        let keys = Keys::new(options.prefix);
        let topology = Topology::new(url).map_err(OpenError::Trouble)?;
        let courier = Arc::new(Courier::new(topology, options.patience));
        start::check(&courier, options.min_replicas).await?;
        format::bring_up(&courier, &keys).await?;
        let batch = |script, before| Kind::Script { script, before };
        let records = Arc::new(Heaviest::default());
        Ok(Self {
            keys,
            reading: Batch::new(Arc::clone(&courier), Kind::Get, Some(&records)),
            creating: Batch::new(Arc::clone(&courier), batch(&scripts::CREATE, None), None),
            ending: Batch::new(
                Arc::clone(&courier),
                batch(&scripts::SETTLE, Some(LOCK_BYTES)),
                Some(&records),
            ),
            courier,
            budget: Budget::new(options.stored_bytes_budget),
            min_replicas: options.min_replicas,
            wait: options.wait,
            altering: Mutex::default(),
            cursor: AtomicUsize::new(0),
        })
    }

    /// Allowances for all nodes over the same Redis.
    #[must_use]
    pub fn limiter(&self) -> RedisLimiter {
        RedisLimiter::new(Arc::clone(&self.courier), self.keys.clone())
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("url", self.courier.topology().url()).finish_non_exhaustive()
    }
}
