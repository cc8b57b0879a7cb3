//! What a creator may see of a secret: never its content.

use crate::id::{LinkKey, MetadataKey};
use crate::state::State;
use crate::store::{Kind, MailState, forgotten};
use crate::time::{Timestamp, Ttl};

/// Everything the metadata key shows, opened and ready to be told.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// The creator's key.
    pub metadata_key: MetadataKey,
    /// The reader's key.
    pub link_key: LinkKey,
    /// The account's name; `None` for guests.
    pub account: Option<String>,
    /// Time of making.
    pub created: Timestamp,
    /// Time of the ending; of making before that.
    pub updated: Timestamp,
    /// From here on the secret is past.
    pub expires: Timestamp,
    /// What became of it.
    pub state: State,
    /// Given or made here.
    pub kind: Kind,
    /// Whether it takes, or took, a passphrase to open.
    pub passphrase_required: bool,
    /// The recipients, masked.
    pub recipients: Vec<String>,
    /// The custom domain its links stand on, as a bare host.
    pub share_domain: Option<String>,
    /// What became of the message to the recipient.
    pub mail: MailState,
}

impl Metadata {
    /// The life the secret was given. Constant.
    #[must_use]
    pub fn ttl(&self) -> Ttl {
        self.expires.since(self.created)
    }

    /// What is left of the secret's life at `now`.
    #[must_use]
    pub fn secret_ttl(&self, now: Timestamp) -> Ttl {
        self.expires.since(now)
    }

    /// What is left of the metadata's life at `now`.
    #[must_use]
    pub fn metadata_ttl(&self, now: Timestamp) -> Ttl {
        forgotten(self.created, self.expires).since(now)
    }
}
