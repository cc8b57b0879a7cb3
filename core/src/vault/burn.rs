//! Destroying a secret unread, by its creator's key.

use waxseal_fault_points::{Point, reach};

use super::reveal::Unlocked;
use super::{Fault, Vault};
use crate::attempt::Guess;
use crate::id::{ClientId, MetadataKey};
use crate::metadata::Metadata;
use crate::secret::Passphrase;
use crate::state::Ending;
use crate::time::Timestamp;

/// What comes of trying to burn a secret.
#[derive(Debug)]
pub enum Burn {
    /// Destroyed unread. Nothing of it is left.
    Burned(Metadata),
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
}

impl Vault {
    /// Destroys a secret unread. One with a passphrase burns with the passphrase
    /// only; one without burns even if it is damaged.
    ///
    /// # Errors
    /// As [`Vault::reveal`]; [`Fault::Unconfirmed`] also if it was destroyed and its
    /// metadata can't be shown.
    pub async fn burn(
        &self,
        key: &MetadataKey,
        passphrase: Option<Passphrase>,
        client: ClientId,
    ) -> Result<Burn, Fault> {
        let link = key.link_key();
        let id = self.keyring.record_id(&link);
        let guess = if passphrase.is_some() { Guess::Burn(client) } else { Guess::None(client) };
        let passphrase = self.to_be_checked(passphrase)?;
        let unlocked = match self.attempt(&id, guess).await? {
            Ok((sealed, _)) if !sealed.passphrase_required => None,
            Ok((sealed, remaining)) => Some(self.unlock(sealed, remaining, &link, passphrase, &id).await?),
            Err(refused) => Some(refused),
        };
        match unlocked {
            None | Some(Unlocked::Content(_)) => {}
            Some(Unlocked::Refused { remaining }) => return Ok(Burn::Refused { remaining }),
            Some(Unlocked::LockedOut { until }) => return Ok(Burn::LockedOut { until }),
            Some(Unlocked::Gone) => return Ok(Burn::Gone),
        }
        reach(Point::BurnAllowed);
        let settled = self.ports.store.settle(&id, Ending::Burned, self.now()).await?;
        reach(Point::BurnSettled);
        match settled {
            // It is destroyed: that its metadata can't be shown must not sound as if it were not.
            Some(receipt) => match self.metadata(key.clone(), receipt) {
                Ok(metadata) => Ok(Burn::Burned(metadata)),
                Err(fault) => Err(Fault::Unconfirmed(Box::new(fault))),
            },
            None => Ok(Burn::Gone),
        }
    }
}
