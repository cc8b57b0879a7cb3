//! The seam to whoever tells recipients: what a message is about, and who takes it.
//!
//! The address of a recipient is stored nowhere. It lives in the [`Message`] alone,
//! from the commit of its secret until the mailer is done with it.

use std::fmt;

use crate::id::{LinkKey, RecordId};
use crate::recipient::Recipient;
use crate::time::Timestamp;

/// What a recipient is to be told: that a link waits. Never what waits behind it.
#[derive(Clone, Debug)]
pub struct Message {
    /// The record whose receipt tells what became of the message.
    pub id: RecordId,
    /// Who is told.
    pub recipient: Recipient,
    /// The name of the account that tells: an e-mail address.
    pub sender: String,
    /// What the link is made of.
    pub link_key: LinkKey,
    /// The custom domain that the link stands on, as a bare host.
    pub share_domain: Option<String>,
    /// Whether it takes a passphrase to open.
    pub passphrase_required: bool,
    /// From here on the link opens nothing.
    pub expires: Timestamp,
    /// Its language: one of [`crate::contract::locale::LOCALES`].
    pub language: &'static str,
}

/// The mailer has no room for another message, or is stopping.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no room is left for another message")]
pub struct NoRoom;

/// Takes messages and sends them in its own time.
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Takes a message whose secret is kept. Answers at once, and waits for no
    /// network. Whoever took one notes on the record what became of it
    /// ([`crate::store::Store::note_mail`]), and sends it once at most.
    ///
    /// # Errors
    /// [`NoRoom`]: it was not taken.
    fn queue(&self, message: Message) -> Result<(), NoRoom>;
}
