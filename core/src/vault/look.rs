//! Metadata: of one secret by its creator's key, of many by an account's list key.
//! Looking changes nothing.

use super::{Fault, Member, Vault};
use crate::id::{ClientId, LinkKey, MetadataKey};
use crate::metadata::Metadata;
use crate::seal::boxes;
use crate::seal::info::Info;
use crate::store::{Front, Receipt};

/// How many entries an account's list has at most. The contract knows no paging;
/// upstream lists the last 30 days.
pub(super) const RECENT_LIMIT: usize = 1_000;

impl Vault {
    /// The metadata that a key shows; `None` if there is none any more.
    ///
    /// # Errors
    /// [`Fault::Unavailable`], [`Fault::Undecipherable`].
    pub async fn look(&self, key: &MetadataKey) -> Result<Option<Metadata>, Fault> {
        let id = self.keyring.record_id(&key.link_key());
        match self.ports.store.receipt(&id, self.now()).await? {
            Some(receipt) => Ok(Some(self.metadata(key.clone(), receipt)?)),
            None => Ok(None),
        }
    }

    /// What may be said of a secret before anyone opens it; `None` if there is nothing
    /// to open.
    ///
    /// # Errors
    /// As [`Vault::look`].
    pub async fn front(&self, link: &LinkKey, client: ClientId) -> Result<Option<Front>, Fault> {
        let id = self.keyring.record_id(link);
        Ok(self.ports.store.front(&id, client, &self.policy.attempts, self.now()).await?)
    }

    /// The account's own secrets of the last 30 days, newest first, at most
    /// 1,000. What this account's list key does not open is left out: it
    /// was made before the account's tokens were lost and made anew.
    ///
    /// # Errors
    /// [`Fault::Unavailable`].
    pub async fn recent(&self, member: &Member) -> Result<Vec<Metadata>, Fault> {
        let receipts = self.ports.store.recent(&member.id, RECENT_LIMIT, self.now()).await?;
        Ok(receipts.into_iter().filter_map(|receipt| self.own(member, receipt)).collect())
    }

    fn own(&self, member: &Member, receipt: Receipt) -> Option<Metadata> {
        let terms = self.own_terms(&member.list_key, &receipt.id);
        let opened = boxes::open(&terms, receipt.own.as_ref()?).ok()?;
        let key = MetadataKey::from(<[u8; 20]>::try_from(opened.as_slice()).ok()?);
        let leads_here = self.keyring.record_id(&key.link_key()) == receipt.id;
        if leads_here { self.metadata(key, receipt).ok() } else { None }
    }

    pub(super) fn metadata(&self, key: MetadataKey, receipt: Receipt) -> Result<Metadata, Fault> {
        let info = self.open_info(&key, &receipt)?;
        Ok(Metadata {
            link_key: key.link_key(),
            metadata_key: key,
            account: info.account,
            created: receipt.created,
            updated: receipt.updated,
            expires: receipt.expires,
            state: receipt.state,
            kind: receipt.kind,
            passphrase_required: receipt.passphrase_required,
            recipients: info.recipients,
            share_domain: info.share_domain,
            mail: receipt.mail,
        })
    }

    fn open_info(&self, key: &MetadataKey, receipt: &Receipt) -> Result<Info, Fault> {
        let damaged = || Fault::Undecipherable("its info box does not open");
        let kid = boxes::kid(&receipt.info).ok_or_else(damaged)?;
        let secret = boxes::hashed(key.expose());
        let master = self.keyring.master(kid);
        let master = master.ok_or(Fault::Undecipherable("its master key is not in the key file"))?;
        let opened = boxes::open(&super::share::info_terms(&master, &secret, &receipt.id), &receipt.info);
        Info::from_bytes(&opened.map_err(|_| damaged())?).ok_or_else(damaged)
    }
}
