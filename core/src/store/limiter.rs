//! Allowances: what is counted, for whom, and who counts it.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use crate::id::{AccountId, ClientId};
use crate::time::{Moment, Ttl};

/// Whose allowance is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// A guest's, by client.
    Client(ClientId),
    /// An account's.
    Account(AccountId),
}

/// What the allowance is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Making a secret.
    Create,
    /// Opening one.
    Reveal,
    /// Having a recipient told.
    Mail,
}

/// So many actions in so long a time, all at once if the caller likes (GCRA with
/// a burst of `count`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many. Never zero: a limit that is off is not asked.
    pub count: u32,
    /// In how long.
    pub per: Ttl,
}

/// Whether an action may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    /// It may, and was counted.
    Allowed,
    /// It may not, and was not counted.
    Refused {
        /// When it may.
        retry_after: Ttl,
    },
}

/// Counts actions: in this process, or over all nodes where a store can.
#[async_trait]
pub trait Limiter: fmt::Debug + Send + Sync + 'static {
    /// Takes one action of `subject` out of its allowance. Atomic.
    async fn take(
        &self,
        subject: Subject,
        action: Action,
        rate: Rate,
        now: Moment,
    ) -> Result<Pass, StoreError>;
}
