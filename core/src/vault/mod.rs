//! The secret's life: share, generate, reveal, burn, look, recent. One flow a file.

use crate::generate::Recipe;
use crate::id::{AccountId, ClientId, LinkKey, MetadataKey};
use crate::metadata::Metadata;
use crate::recipient::Recipient;
use crate::secret::{KeyBytes, Passphrase, Plaintext};
use crate::store::Scope;
use crate::time::{Timestamp, Ttl};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose guesses these are.
    pub client: ClientId,
    /// The account, if the caller signed in.
    pub member: Option<Member>,
}

impl Caller {
    /// A caller without an account.
    #[must_use]
    pub const fn guest(client: ClientId) -> Self {
        Self { client, member: None }
    }
}

/// A signed-in account.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id.
    pub id: AccountId,
    /// Its name: an e-mail address, lower-cased.
    pub name: String,
    /// The plan it is on, by name.
    pub plan: String,
    /// What the token it came with may do.
    pub scope: Scope,
    /// Opens and seals the account's own boxes. Held by nobody but the bearer of a token.
    pub list_key: KeyBytes,
}

/// What a creator asks for beside the value.
#[derive(Debug, Default)]
pub struct Terms {
    /// `None` for none.
    pub passphrase: Option<Passphrase>,
    /// `None` for the usual life. Clamped by the caller's plan.
    pub ttl: Option<Ttl>,
    /// Who is to be told. Only the first gets a message.
    pub recipients: Vec<Recipient>,
    /// The custom domain for the link, as a bare host.
    pub share_domain: Option<String>,
}

/// What a caller wants done.
#[derive(Debug)]
pub enum Command {
    /// Keep this value.
    Share(Plaintext, Terms),
    /// Make a value, and keep it.
    Generate(Recipe, Terms),
    /// Open, once.
    Reveal(LinkKey, Option<Passphrase>),
    /// Show the metadata.
    Look(MetadataKey),
    /// Destroy unread.
    Burn(MetadataKey, Option<Passphrase>),
    /// List the account's own.
    Recent,
}

/// What came of a [`Command`].
#[derive(Debug)]
pub enum Outcome {
    /// The value is kept.
    Shared(Metadata),
    /// The value was made, and is kept. This is the only time it is told.
    Generated(Metadata, Plaintext),
    /// The value, to its one reader.
    Revealed(Opened),
    /// The metadata.
    Looked(Metadata),
    /// Destroyed unread.
    Burned(Metadata),
    /// The account's own, newest first.
    Recent(Vec<Metadata>),
    /// The passphrase is wrong or missing. Nothing was consumed.
    Refused {
        /// Guesses this client has left.
        remaining: u32,
    },
    /// Too many wrong passphrases. Nothing was consumed.
    LockedOut {
        /// When guesses are heard again.
        until: Timestamp,
    },
    /// Unknown, ended or expired.
    Gone,
    /// It could be opened, but another was faster.
    Lost,
}

/// What a reader gets.
#[derive(Debug)]
pub struct Opened {
    /// The value.
    pub value: Plaintext,
    /// The custom domain of its link, as a bare host, from inside the seal.
    pub share_domain: Option<String>,
}

/// Why a command was not carried out although nothing is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store can't be reached or can't write. Nothing happened.
    #[error("the store is not available")]
    Unavailable(#[source] crate::store::Cause),
    /// The claim was made but not confirmed. The secret may have been used up.
    #[error("the store did not confirm the claim")]
    Unconfirmed(#[source] crate::store::Cause),
    /// The record is damaged, or its master key is not in the key file. Nothing was consumed.
    #[error("the secret cannot be opened: {0}")]
    Undecipherable(&'static str),
    /// Too many passphrases are being checked already. Nothing was consumed.
    #[error("too many passphrases are being checked")]
    Busy,
    /// The budget of stored bytes is spent. Nothing was stored.
    #[error("no room is left for another secret")]
    Full,
    /// The system gave no random bytes. Nothing was stored.
    #[error(transparent)]
    Entropy(#[from] crate::entropy::EntropyError),
}
