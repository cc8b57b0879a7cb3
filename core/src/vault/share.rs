//! Keeping a value: minted keys, one sealed record, one atomic create.

use zeroize::Zeroizing;

use super::{Caller, Fault, Terms, Vault};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::generate::Recipe;
use crate::id::{MetadataKey, RecordId};
use crate::metadata::Metadata;
use crate::seal::boxes;
use crate::seal::content::{self, Binding, Content, Header};
use crate::seal::info::Info;
use crate::seal::kdf::Cost;
use crate::seal::keyring::Master;
use crate::seal::labels;
use crate::secret::{KeyBytes, Passphrase, Plaintext};
use crate::state::State;
use crate::store::{Created, Kind, MailState, Owner, Record, Sealed, StoreError};

impl Vault {
    /// Keeps a value, and answers its metadata: the keys are in there.
    ///
    /// # Errors
    /// [`Fault::Breach`] outside the caller's bounds; [`Fault::Full`],
    /// [`Fault::Busy`], [`Fault::Unavailable`]. Nothing is stored then.
    pub async fn share(&self, value: Plaintext, terms: Terms, caller: &Caller) -> Result<Metadata, Fault> {
        Ok(self.keep(value, Kind::Share, terms, caller).await?.0)
    }

    /// Makes a value, keeps it, and answers both: the value is told this once.
    ///
    /// # Errors
    /// As [`Vault::share`].
    pub async fn generate(
        &self,
        recipe: Recipe,
        terms: Terms,
        caller: &Caller,
    ) -> Result<(Metadata, Plaintext), Fault> {
        let value = recipe.make(self.entropy())?;
        self.keep(value, Kind::Generate, terms, caller).await
    }

    async fn keep(
        &self,
        value: Plaintext,
        kind: Kind,
        mut terms: Terms,
        caller: &Caller,
    ) -> Result<(Metadata, Plaintext), Fault> {
        // Both places that keep the domain have one byte for its length.
        terms.share_domain = terms.share_domain.filter(|host| host.len() <= usize::from(u8::MAX));
        self.plan(caller).check_size(value.len())?;
        self.policy.passphrases.check(terms.passphrase.as_ref())?;
        let salt = draw(self.entropy())?;
        let stretched = self.stretched(terms.passphrase.as_ref(), salt).await?;
        let cost = stretched.as_ref().map(|_| Cost::USUAL);
        let master = self.keyring.sealer();
        let header = Header { kid: master.kid(), cost, salt };
        let metadata = self.minted(kind, &terms, caller)?;
        let content = Content { value, share_domain: terms.share_domain };
        let record = self.record(&metadata, &content, header, stretched.as_ref(), &master, caller)?;
        match self.ports.store.create(record, metadata.created).await.map_err(not_handed_out)? {
            Created::Fresh => Ok((metadata, content.value)),
            Created::Full => Err(Fault::Full),
            // 128 random bits that were drawn before: the generator repeats itself.
            Created::Taken => Err(EntropyError.into()),
        }
    }

    async fn stretched(
        &self,
        passphrase: Option<&Passphrase>,
        salt: [u8; 16],
    ) -> Result<Option<KeyBytes>, Fault> {
        match passphrase {
            Some(passphrase) => {
                Ok(Some(self.ports.stretch.stretch(passphrase.clone(), salt, Cost::USUAL).await?))
            }
            None => Ok(None),
        }
    }

    /// Mints the keys and fixes the times. Reads the clock after the passphrase was
    /// stretched, so that waiting for it shortens no life.
    fn minted(&self, kind: Kind, terms: &Terms, caller: &Caller) -> Result<Metadata, EntropyError> {
        let moment = self.ports.clock.now();
        let random = Zeroizing::new(draw(self.entropy())?);
        let metadata_key = MetadataKey::assemble(&random, moment.tick());
        let created = moment.timestamp();
        Ok(Metadata {
            link_key: metadata_key.link_key(),
            metadata_key,
            account: caller.member.as_ref().map(|member| member.name.clone()),
            created,
            updated: created,
            expires: created.plus(self.plan(caller).lifetime(terms.ttl)),
            state: State::New,
            kind,
            passphrase_required: terms.passphrase.is_some(),
            recipients: terms.recipients.iter().map(crate::recipient::Recipient::masked).collect(),
            share_domain: terms.share_domain.clone(),
            mail: self.mail(terms),
        })
    }

    fn mail(&self, terms: &Terms) -> MailState {
        match (terms.recipients.is_empty(), self.policy.mailer) {
            (true, _) => MailState::None,
            (false, true) => MailState::Queued,
            (false, false) => MailState::NotConfigured,
        }
    }

    fn record(
        &self,
        metadata: &Metadata,
        content: &Content,
        header: Header,
        stretched: Option<&KeyBytes>,
        master: &Master,
        caller: &Caller,
    ) -> Result<Record, EntropyError> {
        let Metadata { created, expires, kind, passphrase_required, .. } = *metadata;
        let id = self.keyring.record_id(&metadata.link_key);
        let binding = Binding { id, created, expires, kind };
        let (lock, body) =
            content::seal(content, header, &metadata.link_key, stretched, master.content(), &binding);
        Ok(Record {
            id,
            kid: header.kid,
            sealed: Sealed { created, expires, kind, passphrase_required, lock, body },
            info: self.seal_info(metadata, master, &id)?,
            owner: self.owner(&metadata.metadata_key, &id, caller)?,
            mail: metadata.mail,
        })
    }

    fn seal_info(
        &self,
        metadata: &Metadata,
        master: &Master,
        id: &RecordId,
    ) -> Result<Vec<u8>, EntropyError> {
        let info = Info {
            account: metadata.account.clone(),
            recipients: metadata.recipients.clone(),
            share_domain: metadata.share_domain.clone(),
        };
        let secret = boxes::hashed(metadata.metadata_key.expose());
        boxes::seal(&info_terms(master, &secret, id), master.kid(), &info.to_bytes(), self.entropy())
    }

    fn owner(
        &self,
        key: &MetadataKey,
        id: &RecordId,
        caller: &Caller,
    ) -> Result<Option<Owner>, EntropyError> {
        let Some(member) = &caller.member else { return Ok(None) };
        let terms = self.own_terms(&member.list_key, id);
        let own = boxes::seal(&terms, boxes::ROOT, key.expose(), self.entropy())?;
        Ok(Some(Owner { account: member.id, own }))
    }

    pub(super) fn own_terms<'a>(&'a self, list_key: &'a KeyBytes, id: &'a RecordId) -> boxes::Terms<'a> {
        let purpose = self.keyring.account_key();
        boxes::Terms { purpose, secret: list_key.expose(), label: labels::OWN, context: id.as_bytes() }
    }

    fn entropy(&self) -> &dyn Entropy {
        &*self.ports.entropy
    }
}

pub(super) fn info_terms<'a>(master: &'a Master, secret: &'a [u8; 32], id: &'a RecordId) -> boxes::Terms<'a> {
    boxes::Terms { purpose: master.info(), secret, label: labels::INFO, context: id.as_bytes() }
}

/// A record that may stand, though nobody confirmed it, opens for nobody: its keys
/// are told to no one. So the creator is told that nothing was kept.
fn not_handed_out(error: StoreError) -> Fault {
    match error {
        StoreError::Unconfirmed(cause) => Fault::Unavailable(cause),
        other => other.into(),
    }
}
