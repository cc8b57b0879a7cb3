//! What goes wrong between here and Redis, said in one line to whoever runs it.
//! Redis' own sentences are not passed on: some repeat what was sent.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerError};
use waxseal_core::store::StoreError;

use crate::layout;

/// Why Redis did not do what it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody is there, or nobody answers.
    #[error("Redis at {0} cannot be reached: {1}")]
    Unreachable(String, String),
    /// The connection ended while an answer was awaited.
    #[error("Redis at {0} ended the connection before it answered")]
    HungUp(String),
    /// No answer in time.
    #[error("Redis at {0} did not answer within {ms} ms", ms = .1.as_millis())]
    Late(String, Duration),
    /// Sentinels name nobody.
    #[error("no Sentinel names a master `{0}` that can be reached: {1}")]
    NoMaster(String, String),
    /// Nobody serves a slot.
    #[error("no node of the cluster serves slot {0} at present; see `redis-cli --cluster check`")]
    NoNode(u16),
    /// Redis refused.
    #[error("Redis at {0} refused ({1}): {hint}", hint = hint(.1))]
    Refused(String, String),
    /// Too few replicas have it.
    #[error("{acks} of the {wanted} replicas of min_replicas confirmed within {ms} ms; see `INFO replication`", ms = .within.as_millis())]
    TooFewReplicas {
        /// How many have it.
        acks: u64,
        /// How many must.
        wanted: u64,
        /// `wait_ms`.
        within: Duration,
    },
    /// An answer that no script of ours gives.
    #[error("Redis at {0} gave an answer that makes no sense")]
    Nonsense(String),
    /// Others change the accounts faster than we can.
    #[error("the accounts are changed by others without a pause")]
    Contended,
}

impl Trouble {
    /// Whether it may pass by itself within moments, as while servers start.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused(_, code) => {
                ["LOADING", "CLUSTERDOWN", "MASTERDOWN", "READONLY"].contains(&code.as_str())
            }
            Self::Unreachable(..)
            | Self::HungUp(_)
            | Self::Late(..)
            | Self::NoMaster(..)
            | Self::NoNode(_) => true,
            Self::TooFewReplicas { .. } | Self::Nonsense(_) | Self::Contended => false,
        }
    }
}

/// What can be done about a refusal, by its code.
fn hint(code: &str) -> &'static str {
    match code {
        "READONLY" => {
            "it is a replica; after a failover the new master is found by itself where `store` is \
             redis-sentinel:// or redis-cluster://, else point it at the master"
        }
        "MOVED" | "ASK" | "CROSSSLOT" => "it is a node of a cluster; say redis-cluster:// in `store`",
        "TRYAGAIN" => "a slot of the cluster is being moved and took too long",
        "CLUSTERDOWN" => "slots of the cluster have no master; see `redis-cli --cluster check`",
        "MASTERDOWN" => "it is a replica that has lost its master",
        "OOM" => "its memory is used up; raise maxmemory, or lower stored_bytes in [limits]",
        "LOADING" => "it is reading its data from the disk after a start; that passes",
        "NOAUTH" => "it asks for a password; say redis://USER:PASSWORD@HOST in `store`",
        "WRONGPASS" => {
            "it does not know this user, or not by this password; `store` says redis://USER:PASSWORD@HOST, or \
             redis://:PASSWORD@HOST without a user"
        }
        "NOPERM" => "its user lacks a permission; give it what `waxseal config redis-acl` prints",
        "MISCONF" => "it cannot write to its disk; see its log and the room on its disk",
        "NOREPLICAS" => "too few replicas are connected for its min-replicas-to-write",
        "BUSY" => "it is busy with somebody's endless script; see `SCRIPT KILL`",
        "DENIED" => "it runs in protected mode; give its user a password, or bind it to loopback",
        _ => "see its log",
    }
}

/// How an operation went wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It did not happen: it was never sent, or Redis refused it.
    Not(Trouble),
    /// It was sent, and whether it happened was never told.
    Unsure(Trouble),
    /// What stands there can't be read.
    Damaged(layout::Damaged),
}

impl Fault {
    /// What lies behind it, if it is not a record's damage.
    pub(crate) fn trouble(self) -> Option<Trouble> {
        match self {
            Self::Not(trouble) | Self::Unsure(trouble) => Some(trouble),
            Self::Damaged(_) => None,
        }
    }

    /// The same of what only looked, before anything was to be done.
    pub(crate) fn not_done(self) -> Self {
        match self {
            Self::Unsure(trouble) => Self::Not(trouble),
            other => other,
        }
    }

    /// What to tell the caller of a read, which changes nothing either way.
    pub(crate) fn of_read(self) -> StoreError {
        match self {
            Self::Not(trouble) | Self::Unsure(trouble) => StoreError::Unavailable(Box::new(trouble)),
            Self::Damaged(damaged) => StoreError::Damaged(Box::new(damaged)),
        }
    }

    /// What to tell the caller of a change.
    pub(crate) fn of_write(self) -> StoreError {
        match self {
            Self::Unsure(trouble) => StoreError::Unconfirmed(Box::new(trouble)),
            other => other.of_read(),
        }
    }
}

impl From<layout::Damaged> for Fault {
    fn from(damaged: layout::Damaged) -> Self {
        Self::Damaged(damaged)
    }
}

/// What an answer asks its caller to do.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Load the scripts, and ask again.
    NoScript(Trouble),
    /// Another node serves the slot.
    Moved(Trouble),
    /// The node there has the key already, though the slot is not yet its own.
    Ask(String, Trouble),
    /// Keys of the slot lie on two nodes for a moment.
    TryAgain(Trouble),
    /// The master is another by now, or soon.
    NotMaster(Trouble),
    /// A record is damaged.
    Damaged,
    /// It will not do it.
    Final(Trouble),
}

impl Refusal {
    pub(crate) fn of(error: &ServerError, address: &str) -> Self {
        let trouble = Trouble::Refused(address.to_owned(), error.code().to_owned());
        match error.code() {
            "NOSCRIPT" => Self::NoScript(trouble),
            "MOVED" => Self::Moved(trouble),
            "ASK" => match error.details().and_then(|details| details.split(' ').nth(1)) {
                Some(target) => Self::Ask(target.to_owned(), trouble),
                None => Self::Final(trouble),
            },
            "TRYAGAIN" => Self::TryAgain(trouble),
            "READONLY" | "MASTERDOWN" | "LOADING" | "CLUSTERDOWN" => Self::NotMaster(trouble),
            "DAMAGED" => Self::Damaged,
            _ => Self::Final(trouble),
        }
    }

    /// What it says to a person.
    pub(crate) fn trouble(self, address: &str) -> Trouble {
        match self {
            Self::NoScript(trouble)
            | Self::Moved(trouble)
            | Self::Ask(_, trouble)
            | Self::TryAgain(trouble)
            | Self::NotMaster(trouble)
            | Self::Final(trouble) => trouble,
            Self::Damaged => Trouble::Nonsense(address.to_owned()),
        }
    }
}

/// Why no connection came about.
pub(crate) fn unreachable(address: &str, error: &RedisError) -> Trouble {
    let code = match error.kind() {
        // The library keeps the code for itself and passes the sentence on.
        ErrorKind::AuthenticationFailed => Some(auth_code(error)),
        _ => error.code(),
    };
    match code {
        Some(code) => Trouble::Refused(address.to_owned(), code.to_owned()),
        None => Trouble::Unreachable(address.to_owned(), why(error)),
    }
}

fn auth_code(error: &RedisError) -> &'static str {
    if error.detail().is_some_and(|detail| detail.contains("NOAUTH")) { "NOAUTH" } else { "WRONGPASS" }
}

/// The system's reason: nothing of what was sent is in there.
fn why(error: &RedisError) -> String {
    if error.is_timeout() {
        return "no answer".to_owned();
    }
    match error.kind() {
        ErrorKind::Io => error.to_string(),
        _ => error.category().to_owned(),
    }
}
