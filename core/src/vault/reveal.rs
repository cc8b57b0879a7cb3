//! Opening: the guess is counted, the content opened, then the record claimed.
//! Only the one that claimed it is told the value.

use waxseal_fault_points::{Point, reach};

use super::{Fault, Vault};
use crate::attempt::Guess;
use crate::id::{ClientId, LinkKey, RecordId};
use crate::seal::content::{self, Content, Header, OpenError};
use crate::seal::kdf::Place;
use crate::secret::{KeyBytes, Passphrase, Plaintext};
use crate::state::Ending;
use crate::store::{Attempt, Sealed};
use crate::time::Timestamp;

/// What comes of trying to open a secret.
#[derive(Debug)]
pub enum Reveal {
    /// The value, to its one reader. Nothing of it is left.
    Shown(Opened),
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

/// What comes of a passphrase, or of none.
pub(super) enum Unlocked {
    Content(Content),
    Refused { remaining: u32 },
    LockedOut { until: Timestamp },
    Gone,
}

impl Vault {
    /// Opens a secret, once.
    ///
    /// # Errors
    /// [`Fault::Busy`], [`Fault::Unavailable`], [`Fault::Undecipherable`]: nothing
    /// was consumed. [`Fault::Unconfirmed`]: the secret may have been used up.
    pub async fn reveal(
        &self,
        link: &LinkKey,
        passphrase: Option<Passphrase>,
        client: ClientId,
    ) -> Result<Reveal, Fault> {
        let id = self.keyring.record_id(link);
        let guess = if passphrase.is_some() { Guess::Open(client) } else { Guess::None(client) };
        let passphrase = self.to_be_checked(passphrase)?;
        let content = match self.attempt(&id, guess).await? {
            Ok((sealed, remaining)) => self.unlock(sealed, remaining, link, passphrase, &id).await?,
            Err(refused) => refused,
        };
        match content {
            Unlocked::Content(content) => self.claim(content, &id).await,
            Unlocked::Refused { remaining } => Ok(Reveal::Refused { remaining }),
            Unlocked::LockedOut { until } => Ok(Reveal::LockedOut { until }),
            Unlocked::Gone => Ok(Reveal::Gone),
        }
    }

    /// A passphrase, and a place in which it is checked: taken before the guess is counted.
    pub(super) fn to_be_checked(
        &self,
        passphrase: Option<Passphrase>,
    ) -> Result<Option<(Place, Passphrase)>, Fault> {
        passphrase.map(|passphrase| Ok((self.ports.stretch.place()?, passphrase))).transpose()
    }

    /// Has the guess counted, and is handed the sealed content if it is heard.
    pub(super) async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
    ) -> Result<Result<(Sealed, u32), Unlocked>, Fault> {
        reach(Point::AttemptBegun);
        let attempt = self.ports.store.attempt(id, guess, &self.policy.attempts, self.now()).await?;
        reach(Point::AttemptCounted);
        Ok(match attempt {
            Attempt::Granted { sealed, remaining } => Ok((sealed, remaining)),
            Attempt::LockedOut { until } => Err(Unlocked::LockedOut { until }),
            Attempt::Gone => Err(Unlocked::Gone),
        })
    }

    /// Opens a sealed content. Consumes nothing.
    pub(super) async fn unlock(
        &self,
        sealed: Sealed,
        remaining: u32,
        link: &LinkKey,
        passphrase: Option<(Place, Passphrase)>,
        id: &RecordId,
    ) -> Result<Unlocked, Fault> {
        let header = Header::of(&sealed.lock).map_err(undecipherable)?;
        let master = self.keyring.master(header.kid);
        let master = master.ok_or(Fault::Undecipherable("its master key is not in the key file"))?;
        if sealed.passphrase_required && passphrase.is_none() {
            return Ok(Unlocked::Refused { remaining });
        }
        let expires = sealed.expires;
        let stretched = self.stretched_for(header, passphrase).await?;
        match content::open(sealed, link, stretched.as_ref(), master.content(), id) {
            Ok(_) if self.now() >= expires => Ok(Unlocked::Gone),
            Ok(content) => Ok(Unlocked::Content(content)),
            Err(OpenError::WrongPassphrase) => Ok(Unlocked::Refused { remaining }),
            Err(damage @ OpenError::Damaged(_)) => Err(undecipherable(damage)),
        }
    }

    /// A passphrase for a secret that has none is ignored.
    async fn stretched_for(
        &self,
        header: Header,
        passphrase: Option<(Place, Passphrase)>,
    ) -> Result<Option<KeyBytes>, Fault> {
        match (header.cost, passphrase) {
            (Some(cost), Some((place, passphrase))) => {
                Ok(Some(self.ports.stretch.stretch(place, passphrase, header.salt, cost).await?))
            }
            _ => Ok(None),
        }
    }

    async fn claim(&self, content: Content, id: &RecordId) -> Result<Reveal, Fault> {
        reach(Point::RevealOpened);
        let settled = self.ports.store.settle(id, Ending::Received, self.now()).await?;
        reach(Point::RevealSettled);
        match settled {
            Some(_) => Ok(Reveal::Shown(Opened { value: content.value, share_domain: content.share_domain })),
            None => Ok(Reveal::Lost),
        }
    }
}

fn undecipherable(error: OpenError) -> Fault {
    Fault::Undecipherable(match error {
        OpenError::Damaged(why) => why,
        OpenError::WrongPassphrase => "its passphrase is wrong",
    })
}
