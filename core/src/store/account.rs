//! Where accounts and their tokens stand: what passes through the seam, and what
//! a store owes for it.

use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use crate::code::coded;
use crate::domain::Domain;
use crate::id::{AccountId, TokenDigest};
use crate::time::Timestamp;

coded! {
    /// Whether an account may act.
    pub enum AccountState {
        /// It may.
        Active = 0,
        /// Its tokens are refused, its secrets live on.
        Suspended = 1,
    }
}

/// An account as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its id, from its name.
    pub id: AccountId,
    /// The name box: the account's name, for a list.
    pub name: Vec<u8>,
    /// The plan it is on, by name.
    pub plan: String,
    /// The language of its messages, as a BCP 47 tag.
    pub language: Option<String>,
    /// Whether it may act.
    pub state: AccountState,
    /// Time of making.
    pub created: Timestamp,
}

coded! {
    /// What a token may do.
    pub enum Scope {
        /// Everything.
        Full = 0,
        /// Make secrets; see none.
        Create = 1,
        /// Read the account's list and receipts; make, open and burn nothing.
        Read = 2,
    }
}

/// An API token as stored: its digest, never itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Keyed hash of the token.
    pub digest: TokenDigest,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Time of making.
    pub created: Timestamp,
    /// From here on it is refused.
    pub expires: Option<Timestamp>,
    /// The wrap box: the account's list key; opens with the token.
    pub wrap: Vec<u8>,
}

/// One token in the place of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rotation {
    /// The token whose name is handed on.
    pub old: TokenDigest,
    /// What it is called from then on.
    pub aside: String,
    /// From here on it is refused, if not earlier.
    pub until: Timestamp,
    /// Its successor. Its name is the one that `old` bears.
    pub next: Token,
}

/// What came of a change to an account's tokens. Unless it was done, nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenChange {
    /// It is done.
    Done,
    /// There is no such account, or no such token in it.
    Unknown,
    /// The account has a token of this name, or one of this digest stands somewhere.
    Taken,
}

/// What came of adding a domain. Unless it was done, nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DomainChange {
    /// It is done.
    Done,
    /// There is no such account.
    Unknown,
    /// A domain of this host stands, be it the same account's.
    Taken,
}

/// Where accounts and their domains stand. A second process's change (the command
/// line's) is seen within a second.
///
/// A token's digest stands once over all accounts, and its name once in its
/// account, past its expiry, too: only sign-in compares `expires` with a time,
/// so that a list shows what has expired.
#[async_trait]
pub trait AccountStore: fmt::Debug + Send + Sync + 'static {
    /// Adds an account with its first token. `false`, and nothing stored, if an
    /// account of this id or a token of this digest stands. Atomic.
    async fn add_account(&self, account: Account, token: Token) -> Result<bool, StoreError>;

    /// An account and its tokens.
    async fn account(&self, id: &AccountId) -> Result<Option<(Account, Vec<Token>)>, StoreError>;

    /// Every account, oldest first.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Removes an account, its tokens and its domains; its secrets live on. `false`
    /// if there was none. Atomic.
    async fn remove_account(&self, id: &AccountId) -> Result<bool, StoreError>;

    /// Lets an account act, or not. `false` if there is none.
    async fn set_state(&self, id: &AccountId, state: AccountState) -> Result<bool, StoreError>;

    /// Puts an account on another plan. `false` if there is none.
    async fn set_plan(&self, id: &AccountId, plan: &str) -> Result<bool, StoreError>;

    /// Adds a further token. Atomic: of racing adds of one name one is done.
    async fn add_token(&self, account: &AccountId, token: Token) -> Result<TokenChange, StoreError>;

    /// Hands a token's name on: the old token is called `aside` and expires at
    /// `until` at the latest, and the next one stands under its name. A token
    /// that was set aside before and is past at `now` makes room; one that is not
    /// is [`TokenChange::Taken`]. Atomic: of racing rotations of one token one is
    /// done, and the others are [`TokenChange::Unknown`], as the token has lost
    /// its name by then.
    async fn rotate_token(
        &self,
        account: &AccountId,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<TokenChange, StoreError>;

    /// Removes the token of this name, be it the last: the account stays.
    /// `false` if there is none. Atomic.
    async fn revoke_token(&self, account: &AccountId, name: &str) -> Result<bool, StoreError>;

    /// Registers a domain of an account. A host stands once over all accounts, byte
    /// for byte: whoever adds one has lower-cased it. Atomic: of racing adds of one
    /// host one is done, and no domain outlives a racing removal of its account.
    async fn add_domain(&self, domain: Domain) -> Result<DomainChange, StoreError>;

    /// Every registered domain, in the order of their hosts' bytes.
    async fn domains(&self) -> Result<Vec<Domain>, StoreError>;

    /// Removes the domain of this host. `false` if there is none. Atomic.
    async fn remove_domain(&self, host: &str) -> Result<bool, StoreError>;
}
