//! The kinds of vector: what each is given, and the crate's own answer to it.

use std::fmt;
use std::sync::Mutex;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waxseal_core::entropy::{Entropy, EntropyError};
use waxseal_core::id::{AccountId, Kid, LinkKey, MetadataKey, RecordId};
use waxseal_core::seal::boxes::{self, Terms};
use waxseal_core::seal::content::{self, Binding, Content, Header, OpenError, padded};
use waxseal_core::seal::info::Info;
use waxseal_core::seal::kdf::{self, argon2id};
use waxseal_core::seal::keyring::{KeyFileError, Keyring};
use waxseal_core::seal::labels;
use waxseal_core::secret::{KeyBytes, Passphrase, Plaintext};
use waxseal_core::store::{Check, Kind, Lock, Sealed};
use waxseal_core::time::{Moment, Timestamp};

/// What comes of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Verdict<T> {
    #[serde(rename = "ok")]
    Ok(T),
    /// Lock, body or layout is not what was written.
    #[serde(rename = "damaged")]
    Damaged,
    /// The passphrase is another, or none where one is needed. Damage that can't
    /// be told from it gives this verdict, too.
    #[serde(rename = "wrong passphrase")]
    WrongPassphrase,
    /// The master key it names is not in the key file.
    #[serde(rename = "no key")]
    NoKey,
    /// A box does not open.
    #[serde(rename = "closed")]
    Closed,
    /// The text is not that of a metadata key or a link key.
    #[serde(rename = "not a key")]
    NotAKey,
    /// The key file is refused, for this reason.
    #[serde(rename = "refused")]
    Refused(String),
}

/// What a vector hands over, as one kind takes it.
pub(crate) trait Given: Serialize + DeserializeOwned {
    /// What an `ok` carries.
    type Gives: Serialize + DeserializeOwned + PartialEq + fmt::Debug;

    /// This crate's verdict.
    fn answer(&self) -> Verdict<Self::Gives>;
}

/// One vector.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub(crate) struct Case<G: Given> {
    pub(crate) why: String,
    pub(crate) given: G,
    pub(crate) verdict: Verdict<G::Gives>,
}

impl<G: Given> Case<G> {
    fn check(&self) -> Result<(), String> {
        let answer = self.given.answer();
        if answer == self.verdict {
            return Ok(());
        }
        Err(format!("kept as {:?}, but now {answer:?}", self.verdict))
    }
}

macro_rules! kinds {
    ($($kind:ident),*) => {
        /// A vector of any kind.
        #[derive(Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub(crate) enum Vector {
            $($kind(Case<$kind>)),*
        }

        impl Vector {
            /// Compares the kept verdict with this crate's.
            pub(crate) fn check(&self) -> Result<(), String> {
                match self {
                    $(Self::$kind(case) => case.check()),*
                }
            }
        }

        $(impl From<Case<$kind>> for Vector {
            fn from(case: Case<$kind>) -> Self {
                Self::$kind(case)
            }
        })*
    };
}

macro_rules! given {
    ($($(#[$doc:meta])* $kind:ident { $($field:ident: $type:ty),* })*) => {
        kinds!($($kind),*);
        $(
            $(#[$doc])*
            #[derive(Clone, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $kind { $(pub(crate) $field: $type),* }
        )*
    };
}

given! {
    /// A key's text, read and written again.
    KeyText { text: String }
    /// A metadata key from its random part and the moment.
    MintedKey { random: Hex, millis: u64 }
    /// The link key that belongs to a metadata key.
    DerivedLinkKey { metadata_key: String }
    /// The record a link key leads to.
    RecordIdOf { key_file: String, link_key: String }
    /// The id of the master key that seals.
    KidOf { key_file: String }
    /// An account's id, by its name.
    AccountIdOf { key_file: String, name: String }
    /// What a token is stored by.
    TokenDigestOf { key_file: String, token: String }
    /// What counters know an address by.
    ClientIdOf { key_file: String, address: Hex }
    /// What logs show of a record.
    LogIdOf { key_file: String, id: Hex }
    /// A key file's text, and which of `kids` it holds.
    KeyFileText { text: String, kids: Vec<Hex> }
    /// Argon2id.
    Stretched { passphrase: String, salt: Hex, cost: Cost }
    /// Lengths with their padding.
    PaddedLengths { lengths: Vec<usize> }
    /// A content, sealed under a fixed salt, and opened again.
    ContentSeal {
        key_file: String, link_key: String, passphrase: Option<String>, cost: Option<Cost>, salt: Hex,
        id: Hex, created: u64, expires: u64, made: Made, share_domain: Option<String>, value: String
    }
    /// A record, opened.
    ContentOpen { key_file: String, link_key: String, passphrase: Option<String>, record: Stored }
    /// What an info box holds, as bytes.
    InfoLayout { bytes: Hex }
    /// A box, sealed under a fixed salt, and opened again.
    BoxSeal { key_file: String, place: Place, salt: Hex, content: Hex }
    /// A box, opened.
    BoxOpen { key_file: String, place: Place, sealed: Hex }
}

/// Bytes, as lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl Hex {
    fn fixed<const N: usize>(&self) -> [u8; N] {
        self.0.as_slice().try_into().unwrap_or_else(|_| panic!("{} bytes, not {N}", self.0.len()))
    }
}

impl<T: AsRef<[u8]>> From<T> for Hex {
    fn from(bytes: T) -> Self {
        Self(bytes.as_ref().to_vec())
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&digits)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| b"0123456789abcdef".contains(&byte)) {
            return Err(de::Error::custom(format!("not lower-case hexadecimal: {text}")));
        }
        let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
        pairs.collect::<Result<_, _>>().map(Self).map_err(de::Error::custom)
    }
}

/// What a guess costs.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    pub(crate) m_kib: u32,
    pub(crate) t: u8,
    pub(crate) p: u8,
}

impl Cost {
    fn checked(self) -> kdf::Cost {
        kdf::Cost::new(self.m_kib, self.t, self.p).expect("costs in `cost` are within bounds")
    }
}

/// Where the value comes from.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Made {
    Share,
    Generate,
}

impl Made {
    fn kind(self) -> Kind {
        match self {
            Self::Share => Kind::Share,
            Self::Generate => Kind::Generate,
        }
    }
}

/// A record as a store hands it out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    pub(crate) id: Hex,
    pub(crate) created: u64,
    pub(crate) expires: u64,
    pub(crate) made: Made,
    pub(crate) passphrase_required: bool,
    pub(crate) lock: Hex,
    pub(crate) body: Hex,
}

/// Which box, and what it hangs on.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "box", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Place {
    Info { metadata_key: String, id: Hex },
    Own { list_key: Hex, id: Hex },
    Wrap { token: String, digest: Hex },
    Name { account: Hex },
    Check {},
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Pair {
    metadata_key: String,
    link_key: String,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    seals: Hex,
    holds: Vec<Hex>,
    /// Where the link key of twenty zero bytes leads: tells one root from another.
    record_id_of_zeros: Hex,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub(crate) lock: Hex,
    pub(crate) body: Hex,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    share_domain: Option<String>,
    value: String,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    account: Option<String>,
    recipients: Vec<String>,
    share_domain: Option<String>,
}

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
        let held = |kid: &&Hex| ring.content_key(Kid(kid.fixed())).is_some();
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
        let kid = ring.sealing();
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
        let master = ring.content_key(kid).unwrap();
        let link = link_key(&self.link_key);
        let (lock, body) = content::seal(&content, header, &link, key.as_ref(), master, &binding);
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
        let Some(master) = ring.content_key(header.kid) else { return Verdict::NoKey };
        let key = self.passphrase.as_deref().zip(header.cost);
        let key = key.map(|(passphrase, cost)| stretched(passphrase, &header.salt, cost));
        let id = RecordId(record.id.fixed());
        match content::open(&sealed, &link_key(&self.link_key), key.as_ref(), master, &id) {
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

/// What every check box holds. Kept here as well, for a store's box of today must
/// open for a later version.
pub(crate) const CHECK_TEXT: &[u8] = b"waxseal store check 1";

impl Place {
    fn kid(&self, ring: &Keyring) -> Kid {
        if matches!(self, Self::Info { .. }) { ring.sealing() } else { boxes::ROOT }
    }

    /// `None` if the master key of this kid is not in the ring.
    fn on_terms<T>(&self, ring: &Keyring, kid: Kid, act: impl FnOnce(&Terms<'_>) -> T) -> Option<T> {
        let (purpose, secret, label, context) = match self {
            Self::Info { metadata_key: key, id } => {
                (ring.info_key(kid)?, *boxes::hashed(metadata_key(key).expose()), labels::INFO, id)
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
struct Fixed(Mutex<Option<Vec<u8>>>);

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
