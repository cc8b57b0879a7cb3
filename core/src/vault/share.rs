//! Keeping a value: minted keys, one sealed record, one atomic create.

use waxseal_fault_points::{Point, reach};
use zeroize::Zeroizing;

use super::{Caller, Fault, Terms, Vault};
use crate::contract::locale::LOCALES;
use crate::entropy::{Entropy, EntropyError};
use crate::generate::Recipe;
use crate::id::{MetadataKey, RecordId};
use crate::mail::Message;
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

/// The random bytes that every new secret needs, by one call to the system in place of three.
struct Fresh {
    /// Of its content, and of its passphrase.
    salt: [u8; 16],
    /// For its key, where none is given.
    key: Zeroizing<[u8; 16]>,
    /// Of its info box.
    info: [u8; 16],
}

impl Fresh {
    fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut fresh = Self { salt: [0; 16], key: Zeroizing::default(), info: [0; 16] };
        let mut drawn = Zeroizing::new([0; 48]);
        entropy.fill(&mut *drawn)?;
        fresh.salt.copy_from_slice(&drawn[..16]);
        fresh.key.copy_from_slice(&drawn[16..32]);
        fresh.info.copy_from_slice(&drawn[32..]);
        Ok(fresh)
    }
}

impl Vault {
    /// Keeps a value, and answers its metadata: the keys are in there.
    ///
    /// # Errors
    /// [`Fault::Breach`] outside the caller's bounds; [`Fault::Full`],
    /// [`Fault::Busy`], [`Fault::Unavailable`]. Nothing is stored then.
    pub async fn share(&self, value: Plaintext, terms: Terms, caller: &Caller) -> Result<Metadata, Fault> {
        let made = self.keep(None, value, Kind::Share, terms, caller).await?;
        // 128 random bits that were drawn before: the generator repeats itself.
        made.map(|(metadata, _)| metadata).ok_or(Fault::Entropy(EntropyError))
    }

    /// Keeps a value under a key that its creator's form gave
    /// ([`PageKey::form_key`](crate::seal::page::PageKey::form_key)). `None` if the form
    /// was sent before: what it made then stands, untouched.
    ///
    /// # Errors
    /// As [`Vault::share`].
    pub async fn share_once(
        &self,
        key: MetadataKey,
        value: Plaintext,
        terms: Terms,
        caller: &Caller,
    ) -> Result<Option<Metadata>, Fault> {
        let made = self.keep(Some(key), value, Kind::Share, terms, caller).await?;
        Ok(made.map(|(metadata, _)| metadata))
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
        let made = self.keep(None, value, Kind::Generate, terms, caller).await?;
        made.ok_or(Fault::Entropy(EntropyError))
    }

    /// Makes a value and keeps it under a key that its creator's form gave. `None` if
    /// the form was sent before: then the value made first is not told again.
    ///
    /// # Errors
    /// As [`Vault::share`].
    pub async fn generate_once(
        &self,
        key: MetadataKey,
        recipe: Recipe,
        terms: Terms,
        caller: &Caller,
    ) -> Result<Option<(Metadata, Plaintext)>, Fault> {
        let value = recipe.make(self.entropy())?;
        self.keep(Some(key), value, Kind::Generate, terms, caller).await
    }

    /// Keeps a value under `key`, or a key minted here. `None` if the key is taken.
    async fn keep(
        &self,
        key: Option<MetadataKey>,
        value: Plaintext,
        kind: Kind,
        mut terms: Terms,
        caller: &Caller,
    ) -> Result<Option<(Metadata, Plaintext)>, Fault> {
        // Both places that keep the domain have one byte for its length.
        terms.share_domain = terms.share_domain.filter(|host| host.len() <= usize::from(u8::MAX));
        self.plan(caller).check_size(value.len())?;
        self.policy.passphrases.check(terms.passphrase.as_ref())?;
        reach(Point::ShareBegun);
        let fresh = Fresh::draw(self.entropy())?;
        let stretched = self.stretched(terms.passphrase.as_ref(), fresh.salt).await?;
        let master = self.keyring.sealer();
        let mut metadata = self.minted(key, &fresh, kind, &terms, caller);
        let content = Content { value, share_domain: terms.share_domain.take() };
        let record = self.record(&metadata, &content, &fresh, stretched.as_ref(), &master, caller)?;
        reach(Point::ShareSealed);
        match self.ports.store.create(record, metadata.created).await.map_err(not_handed_out)? {
            Created::Fresh => {
                reach(Point::ShareCreated);
                self.tell(&mut metadata, &terms, caller).await;
                Ok(Some((metadata, content.value)))
            }
            Created::Full => Err(Fault::Full),
            Created::Taken => Ok(None),
        }
    }

    async fn stretched(
        &self,
        passphrase: Option<&Passphrase>,
        salt: [u8; 16],
    ) -> Result<Option<KeyBytes>, Fault> {
        match passphrase {
            Some(passphrase) => {
                let stretch = &self.ports.stretch;
                Ok(Some(stretch.stretch(stretch.place()?, passphrase.clone(), salt, Cost::USUAL).await?))
            }
            None => Ok(None),
        }
    }

    /// Mints the keys, unless one was given, and fixes the times. Reads the clock after
    /// the passphrase was stretched, so that waiting for it shortens no life.
    fn minted(
        &self,
        key: Option<MetadataKey>,
        fresh: &Fresh,
        kind: Kind,
        terms: &Terms,
        caller: &Caller,
    ) -> Metadata {
        let moment = self.ports.clock.now();
        let metadata_key = key.unwrap_or_else(|| MetadataKey::assemble(&fresh.key, moment.tick()));
        let created = moment.timestamp();
        Metadata {
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
        }
    }

    fn mail(&self, terms: &Terms) -> MailState {
        match &self.mailer {
            _ if terms.recipients.is_empty() => MailState::None,
            None => MailState::NotConfigured,
            Some(_) if terms.over_mail_quota => MailState::OverQuota,
            Some(_) => MailState::Queued,
        }
    }

    /// Hands the message over, now that its secret is kept. The address goes with
    /// it: nothing else remembers it.
    async fn tell(&self, metadata: &mut Metadata, terms: &Terms, caller: &Caller) {
        let (Some(mailer), MailState::Queued) = (&self.mailer, metadata.mail) else { return };
        let id = self.keyring.record_id(&metadata.link_key);
        let queued =
            message(id, metadata, terms, caller).is_some_and(|message| mailer.queue(message).is_ok());
        if !queued {
            metadata.mail = MailState::Failed;
            // If even this can't be noted, the record reads as queued for an hour and as
            // failed from then on ([`MailState::seen`]). The secret is kept either way.
            self.ports.store.note_mail(&id, MailState::Failed, metadata.created).await.ok();
        }
    }

    fn record(
        &self,
        metadata: &Metadata,
        content: &Content,
        fresh: &Fresh,
        stretched: Option<&KeyBytes>,
        master: &Master,
        caller: &Caller,
    ) -> Result<Record, EntropyError> {
        let Metadata { created, expires, kind, passphrase_required, .. } = *metadata;
        let id = self.keyring.record_id(&metadata.link_key);
        let binding = Binding { id, created, expires, kind };
        let cost = stretched.map(|_| Cost::USUAL);
        let header = Header { kid: master.kid(), cost, salt: fresh.salt };
        let (lock, body) =
            content::seal(content, header, &metadata.link_key, stretched, master.content(), &binding);
        Ok(Record {
            id,
            kid: header.kid,
            sealed: Sealed { created, expires, kind, passphrase_required, lock, body },
            info: seal_info(metadata, fresh, master, &id),
            owner: self.owner(&metadata.metadata_key, &id, caller)?,
            mail: metadata.mail,
        })
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

fn seal_info(metadata: &Metadata, fresh: &Fresh, master: &Master, id: &RecordId) -> Vec<u8> {
    let info = Info {
        account: metadata.account.clone(),
        recipients: metadata.recipients.clone(),
        share_domain: metadata.share_domain.clone(),
    };
    let secret = boxes::hashed(metadata.metadata_key.expose());
    boxes::seal_under(fresh.info, &info_terms(master, &secret, id), master.kid(), &info.to_bytes())
}

/// `None` without a recipient, or without an account to tell in the name of.
fn message(id: RecordId, metadata: &Metadata, terms: &Terms, caller: &Caller) -> Option<Message> {
    Some(Message {
        id,
        recipient: terms.recipients.first()?.clone(),
        sender: caller.member.as_ref()?.name.clone(),
        link_key: metadata.link_key.clone(),
        share_domain: metadata.share_domain.clone(),
        passphrase_required: metadata.passphrase_required,
        expires: metadata.expires,
        language: terms.language.unwrap_or(LOCALES[0]),
    })
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
