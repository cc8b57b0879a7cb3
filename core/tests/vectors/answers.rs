//! This crate's own answers, by its public functions only.

use std::sync::Mutex;

use waxseal_core::entropy::{Entropy, EntropyError};
use waxseal_core::id::{AccountId, Kid, LinkKey, MetadataKey, RecordId};
use waxseal_core::seal::boxes::{self, Terms};
use waxseal_core::seal::content::{self, Binding, Content, Header, OpenError, padded};
use waxseal_core::seal::info::Info;
use waxseal_core::seal::kdf::{self, argon2id};
use waxseal_core::seal::keyring::{KeyFileError, Keyring};
use waxseal_core::seal::labels;
use waxseal_core::secret::{KeyBytes, Passphrase, Plaintext};
use waxseal_core::store::{Check, Lock, Sealed};
use waxseal_core::time::{Moment, Timestamp};

use super::kinds::*;

impl Given for KeyText {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        let (link, metadata) = (LinkKey::parse(&self.text), MetadataKey::parse(&self.text));
        assert_eq!(link.is_some(), metadata.is_some(), "both keys are written alike");
        let Some(link) = link else { return Verdict::NotAKey };
        assert_eq!(link.text().expose(), self.text);
        Verdict::Ok(link.expose().into())
    }
}

impl Given for MintedKey {
    type Gives = Pair;
    fn answer(&self) -> Verdict<Pair> {
        let key = MetadataKey::assemble(&self.random.fixed(), Moment::from_millis(self.millis).tick());
        let (metadata_key, link_key) = (key.text(), key.link_key().text());
        Verdict::Ok(Pair { metadata_key: metadata_key.expose().into(), link_key: link_key.expose().into() })
    }
}

impl Given for DerivedLinkKey {
    type Gives = String;
    fn answer(&self) -> Verdict<String> {
        Verdict::Ok(metadata_key(&self.metadata_key).link_key().text().expose().to_owned())
    }
}

impl Given for RecordIdOf {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(keyring(&self.key_file).record_id(&link_key(&self.link_key)).as_bytes().into())
    }
}

impl Given for KidOf {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(keyring(&self.key_file).sealing().as_bytes().into())
    }
}

impl Given for AccountIdOf {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(keyring(&self.key_file).account_id(&self.name).as_bytes().into())
    }
}

impl Given for TokenDigestOf {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(keyring(&self.key_file).token_digest(self.token.as_bytes()).as_bytes().into())
    }
}

impl Given for ClientIdOf {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(keyring(&self.key_file).client_id(&self.address.0).as_bytes().into())
    }
}

impl Given for LogIdOf {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(keyring(&self.key_file).log_id(&RecordId(self.id.fixed())).into())
    }
}

impl Given for KeyFileText {
    type Gives = Held;
    fn answer(&self) -> Verdict<Held> {
        let ring = match Keyring::parse(&self.text) {
            Ok(ring) => ring,
            Err(error) => return Verdict::Refused(reason(error)),
        };
        let held = |kid: &&Hex| ring.master(Kid(kid.fixed())).is_some();
        Verdict::Ok(Held {
            seals: ring.sealing().as_bytes().into(),
            holds: self.kids.iter().filter(held).cloned().collect(),
            record_id_of_zeros: ring.record_id(&LinkKey::from([0; 20])).as_bytes().into(),
        })
    }
}

fn reason(error: KeyFileError) -> String {
    match error {
        KeyFileError::Format => "format".into(),
        KeyFileError::Line(line) => format!("line {line}"),
        KeyFileError::Roots => "roots".into(),
        KeyFileError::Sealing => "sealing keys".into(),
        KeyFileError::Repeated(line) => format!("repeated in line {line}"),
    }
}

impl Given for Stretched {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        Verdict::Ok(stretched(&self.passphrase, &self.salt.fixed(), self.cost.checked()).expose().into())
    }
}

impl Given for PaddedLengths {
    type Gives = Vec<usize>;
    fn answer(&self) -> Verdict<Vec<usize>> {
        Verdict::Ok(self.lengths.iter().map(|length| padded(*length)).collect())
    }
}

impl Given for ContentSeal {
    type Gives = Closing;
    fn answer(&self) -> Verdict<Closing> {
        let closing = self.seal();
        let opened = self.reader(&closing).answer();
        let expected = Opened { share_domain: self.share_domain.clone(), value: self.value.clone() };
        assert_eq!(opened, Verdict::Ok(expected), "what was sealed opens");
        Verdict::Ok(closing)
    }
}

impl ContentSeal {
    pub(crate) fn seal(&self) -> Closing {
        let ring = keyring(&self.key_file);
        let master = ring.sealer();
        let kid = master.kid();
        let header = Header { kid, cost: self.cost.map(Cost::checked), salt: self.salt.fixed() };
        let key = self.passphrase.as_deref().zip(header.cost);
        let key = key.map(|(passphrase, cost)| stretched(passphrase, &header.salt, cost));
        let content =
            Content { value: Plaintext::from(self.value.as_str()), share_domain: self.share_domain.clone() };
        let binding = Binding {
            id: RecordId(self.id.fixed()),
            created: Timestamp::from_secs(self.created),
            expires: Timestamp::from_secs(self.expires),
            kind: self.made.kind(),
        };
        let link = link_key(&self.link_key);
        let (lock, body) = content::seal(&content, header, &link, key.as_ref(), master.content(), &binding);
        Closing { lock: lock.0.into(), body: body.into() }
    }

    /// Who opens it on the terms it was sealed on.
    pub(crate) fn reader(&self, closing: &Closing) -> ContentOpen {
        ContentOpen {
            key_file: self.key_file.clone(),
            link_key: self.link_key.clone(),
            passphrase: self.passphrase.clone(),
            record: Stored {
                id: self.id.clone(),
                created: self.created,
                expires: self.expires,
                made: self.made,
                passphrase_required: self.passphrase.is_some(),
                lock: closing.lock.clone(),
                body: closing.body.clone(),
            },
        }
    }
}

impl Given for ContentOpen {
    type Gives = Opened;
    fn answer(&self) -> Verdict<Opened> {
        let (ring, record) = (keyring(&self.key_file), &self.record);
        let sealed = Sealed {
            created: Timestamp::from_secs(record.created),
            expires: Timestamp::from_secs(record.expires),
            kind: record.made.kind(),
            passphrase_required: record.passphrase_required,
            lock: Lock(record.lock.fixed()),
            body: record.body.0.clone(),
        };
        let Ok(header) = Header::of(&sealed.lock) else { return Verdict::Damaged };
        let Some(master) = ring.master(header.kid) else { return Verdict::NoKey };
        let key = self.passphrase.as_deref().zip(header.cost);
        let key = key.map(|(passphrase, cost)| stretched(passphrase, &header.salt, cost));
        let id = RecordId(record.id.fixed());
        match content::open(sealed, &link_key(&self.link_key), key.as_ref(), master.content(), &id) {
            Ok(Content { value, share_domain }) => {
                Verdict::Ok(Opened { share_domain, value: value.expose().to_owned() })
            }
            Err(OpenError::WrongPassphrase) => Verdict::WrongPassphrase,
            Err(OpenError::Damaged(_)) => Verdict::Damaged,
        }
    }
}

impl Given for InfoLayout {
    type Gives = Told;
    fn answer(&self) -> Verdict<Told> {
        let Some(info) = Info::from_bytes(&self.bytes.0) else { return Verdict::Damaged };
        assert_eq!(info.to_bytes(), self.bytes.0);
        let Info { account, recipients, share_domain } = info;
        Verdict::Ok(Told { account, recipients, share_domain })
    }
}

impl Given for BoxSeal {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        let (ring, salt) = (keyring(&self.key_file), Fixed::from(&self.salt));
        let sealed = match &self.place {
            Place::Name { account } => {
                let name = std::str::from_utf8(&self.content.0).unwrap();
                ring.seal_name(&AccountId(account.fixed()), name, &salt).unwrap()
            }
            Place::Check {} => ring.check(&salt).unwrap().0,
            place => {
                let kid = place.kid(&ring);
                place
                    .on_terms(&ring, kid, |terms| boxes::seal(terms, kid, &self.content.0, &salt))
                    .unwrap()
                    .unwrap()
            }
        };
        let sealed = Hex(sealed);
        let open = BoxOpen { key_file: self.key_file.clone(), place: self.place.clone(), sealed };
        assert_eq!(open.answer(), Verdict::Ok(self.content.clone()), "what was sealed opens");
        Verdict::Ok(open.sealed)
    }
}

impl Given for BoxOpen {
    type Gives = Hex;
    fn answer(&self) -> Verdict<Hex> {
        let ring = keyring(&self.key_file);
        let sealed = &self.sealed.0;
        let opened = match &self.place {
            Place::Name { account } => {
                ring.open_name(&AccountId(account.fixed()), sealed).map(|name| name.into_bytes().into())
            }
            Place::Check {} if ring.opens(&Check(sealed.clone())) => Ok(CHECK_TEXT.into()),
            Place::Check {} => Err(boxes::Closed),
            place => {
                let Some(kid) = boxes::kid(sealed) else { return Verdict::Closed };
                let Some(opened) = place.on_terms(&ring, kid, |terms| boxes::open(terms, sealed)) else {
                    return Verdict::NoKey;
                };
                opened.map(|content| Hex(content.to_vec()))
            }
        };
        opened.map_or(Verdict::Closed, Verdict::Ok)
    }
}

impl Given for PageTokenMade {
    type Gives = Paged;
    fn answer(&self) -> Verdict<Paged> {
        let (ring, now) = (keyring(&self.key_file), Moment::from_millis(self.millis).tick());
        let token = ring.page().token(self.does.purpose(), &RecordId(self.id.fixed()), now);
        Verdict::Ok(Paged { token: token.to_string(), check: ring.page().check(&token) })
    }
}

impl Given for PageTokenSent {
    type Gives = String;
    fn answer(&self) -> Verdict<String> {
        let (ring, now) = (keyring(&self.key_file), Moment::from_millis(self.millis).tick());
        let id = RecordId(self.id.fixed());
        match ring.page().read_token(&self.token, self.does.purpose(), &id, now) {
            Some(token) => Verdict::Ok(ring.page().check(&token)),
            None => Verdict::Closed,
        }
    }
}

impl Given for FormNonceMade {
    type Gives = String;
    fn answer(&self) -> Verdict<String> {
        let now = Moment::from_millis(self.millis).tick();
        let nonce = keyring(&self.key_file).page().nonce(&Fixed::from(&self.random), now);
        Verdict::Ok(nonce.unwrap().to_string())
    }
}

impl Given for FormSent {
    type Gives = String;
    fn answer(&self) -> Verdict<String> {
        let (ring, now) = (keyring(&self.key_file), Moment::from_millis(self.millis).tick());
        let Some(nonce) = ring.page().read_nonce(&self.nonce, now) else { return Verdict::Closed };
        let fields: Vec<&[u8]> = self.fields.iter().map(String::as_bytes).collect();
        Verdict::Ok(ring.page().form_key(&nonce, &fields).text().expose().to_owned())
    }
}

/// What every check box holds. Kept here as well, for a store's box of today must
/// open for a later version.
pub(crate) const CHECK_TEXT: &[u8] = b"waxseal store check 1";

impl Place {
    fn kid(&self, ring: &Keyring) -> Kid {
        if matches!(self, Self::Info { .. }) { ring.sealing() } else { boxes::ROOT }
    }

    /// `None` if the master key of this kid is not in the ring.
    fn on_terms<T>(&self, ring: &Keyring, kid: Kid, act: impl FnOnce(&Terms<'_>) -> T) -> Option<T> {
        let master = ring.master(kid);
        let (purpose, secret, label, context) = match self {
            Self::Info { metadata_key: key, id } => {
                (master.as_ref()?.info(), *boxes::hashed(metadata_key(key).expose()), labels::INFO, id)
            }
            Self::Own { list_key, id } => (ring.account_key(), list_key.fixed(), labels::OWN, id),
            Self::Wrap { token, digest } => {
                (ring.account_key(), *boxes::hashed(token.as_bytes()), labels::WRAP, digest)
            }
            Self::Name { .. } | Self::Check {} => unreachable!("the keyring has its own functions for them"),
        };
        Some(act(&Terms { purpose, secret: &secret, label, context: &context.0 }))
    }
}

/// Gives the salt of a vector, once.
#[derive(Debug)]
pub(crate) struct Fixed(Mutex<Option<Vec<u8>>>);

impl From<&Hex> for Fixed {
    fn from(salt: &Hex) -> Self {
        Self(Mutex::new(Some(salt.0.clone())))
    }
}

impl Entropy for Fixed {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let salt = self.0.lock().unwrap().take().ok_or(EntropyError)?;
        out.copy_from_slice(&salt);
        Ok(())
    }
}

pub(crate) fn keyring(text: &str) -> Keyring {
    Keyring::parse(text).expect("a vector's key file is whole")
}

fn link_key(text: &str) -> LinkKey {
    LinkKey::parse(text).expect("a vector's link key is one")
}

fn metadata_key(text: &str) -> MetadataKey {
    MetadataKey::parse(text).expect("a vector's metadata key is one")
}

fn stretched(passphrase: &str, salt: &[u8; 16], cost: kdf::Cost) -> KeyBytes {
    argon2id(&Passphrase::from(passphrase), salt, cost).unwrap()
}
