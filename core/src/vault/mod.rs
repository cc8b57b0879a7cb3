//! The secret's life: share, generate, reveal, burn, look, recent. One flow a file.
//!
//! The order that everything hangs on: count the guess, open, claim, tell.
//! Before the claim no failure eats a secret; after it nothing is told twice.

mod burn;
mod look;
mod reveal;
mod share;

use std::fmt;
use std::sync::Arc;

pub use burn::Burn;
pub use reveal::{Opened, Reveal};

use crate::entropy::{Entropy, EntropyError};
use crate::generate::Recipe;
use crate::id::{AccountId, ClientId, LinkKey, MetadataKey};
use crate::mail::Mailer;
use crate::metadata::Metadata;
use crate::policy::{Breach, Plan, Policy};
use crate::recipient::Recipient;
use crate::seal::kdf::{Stretch, StretchError};
use crate::seal::keyring::Keyring;
use crate::secret::{KeyBytes, Passphrase, Plaintext};
use crate::store::{Cause, Scope, Store, StoreError};
use crate::time::{Clock, Timestamp, Ttl};

/// Where the outside enters. Built once, at the edge.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Where secrets stand.
    pub store: Arc<dyn Store>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Unpredictable bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Where Argon2id runs.
    pub stretch: Arc<dyn Stretch>,
}

/// Keeps secrets, and gives each to one reader.
pub struct Vault {
    ports: Ports,
    keyring: Arc<Keyring>,
    policy: Policy,
    mailer: Option<Arc<dyn Mailer>>,
}

impl Vault {
    /// A vault over these ports, under these keys, within these bounds.
    #[must_use]
    pub fn new(ports: Ports, keyring: Arc<Keyring>, policy: Policy) -> Self {
        Self { ports, keyring, policy, mailer: None }
    }

    /// The same, with someone to tell recipients. Without, receipts say that
    /// nobody was told.
    #[must_use]
    pub fn with_mailer(self, mailer: Arc<dyn Mailer>) -> Self {
        Self { mailer: Some(mailer), ..self }
    }

    /// Whether recipients can be told.
    #[must_use]
    pub fn mails(&self) -> bool {
        self.mailer.is_some()
    }

    /// The bounds it keeps.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The keys it works under.
    #[must_use]
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// Where it keeps what.
    #[must_use]
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Carries out any command: what a server calls.
    ///
    /// # Errors
    /// [`Fault`], of the flow that the command names.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps a second place for each argument")]
    pub fn run<'a>(
        &'a self,
        command: Command,
        caller: &'a Caller,
    ) -> impl Future<Output = Result<Outcome, Fault>> + use<'a> {
        // Each flow in a box: who waits for one keeps no room for the largest of them.
        async move {
            Ok(match command {
                Command::Share(value, terms) => {
                    Outcome::Shared(Box::pin(self.share(value, terms, caller)).await?)
                }
                Command::Generate(recipe, terms) => {
                    let (metadata, value) = Box::pin(self.generate(recipe, terms, caller)).await?;
                    Outcome::Generated(metadata, value)
                }
                Command::Reveal(link, passphrase) => {
                    Box::pin(self.reveal(&link, passphrase, caller.client)).await?.into()
                }
                Command::Burn(key, passphrase) => {
                    Box::pin(self.burn(&key, passphrase, caller.client)).await?.into()
                }
                Command::Look(key) => self.look(&key).await?.map_or(Outcome::Gone, Outcome::Looked),
                Command::Recent => match &caller.member {
                    Some(member) => Outcome::Recent(self.recent(member).await?),
                    None => Outcome::Recent(Vec::new()),
                },
            })
        }
    }

    fn plan(&self, caller: &Caller) -> &Plan {
        let plans = &self.policy.plans;
        caller.member.as_ref().map_or(&plans.anonymous, |member| plans.of_account(&member.plan))
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now().timestamp()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("store", &self.ports.store).finish_non_exhaustive()
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose guesses these are.
    pub client: ClientId,
    /// The account, if the caller signed in. In a box: most callers have none.
    pub member: Option<Box<Member>>,
}

impl Caller {
    /// A caller without an account.
    #[must_use]
    pub const fn guest(client: ClientId) -> Self {
        Self { client, member: None }
    }

    /// A caller who signed in.
    #[must_use]
    pub fn signed_in(client: ClientId, member: Member) -> Self {
        Self { client, member: Some(Box::new(member)) }
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
    /// The language of its messages, as a BCP 47 tag.
    pub language: Option<String>,
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
    /// The language of the message: one of [`crate::contract::locale::LOCALES`], or
    /// `None` for English.
    pub language: Option<&'static str>,
    /// Whether the account has used up its allowance of messages: none is sent then,
    /// and the receipt says so.
    pub over_mail_quota: bool,
    /// The custom domain for the link, as a bare host. One over 255 bytes is no host, and is none.
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

impl From<Reveal> for Outcome {
    fn from(reveal: Reveal) -> Self {
        match reveal {
            Reveal::Shown(opened) => Self::Revealed(opened),
            Reveal::Refused { remaining } => Self::Refused { remaining },
            Reveal::LockedOut { until } => Self::LockedOut { until },
            Reveal::Gone => Self::Gone,
            Reveal::Lost => Self::Lost,
        }
    }
}

impl From<Burn> for Outcome {
    fn from(burn: Burn) -> Self {
        match burn {
            Burn::Burned(metadata) => Self::Burned(metadata),
            Burn::Refused { remaining } => Self::Refused { remaining },
            Burn::LockedOut { until } => Self::LockedOut { until },
            Burn::Gone => Self::Gone,
        }
    }
}

/// Why a command was not carried out although nothing is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store can't be reached or can't write. Nothing happened.
    #[error("the store is not available")]
    Unavailable(#[source] Cause),
    /// The claim was made but not confirmed. The secret may have been used up.
    #[error("the store did not confirm the claim")]
    Unconfirmed(#[source] Cause),
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
    Entropy(#[from] EntropyError),
    /// More was asked for than the caller's plan or the policy allows. Nothing was stored.
    #[error(transparent)]
    Breach(#[from] Breach),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Unconfirmed(cause) => Self::Unconfirmed(cause),
            StoreError::Damaged(_) => Self::Undecipherable("its record is damaged"),
        }
    }
}

impl From<StretchError> for Fault {
    fn from(_: StretchError) -> Self {
        Self::Busy
    }
}
