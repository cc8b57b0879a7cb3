//! The kinds of vector: what each is given, and what its `ok` carries.

use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waxseal_core::seal::kdf;
use waxseal_core::seal::page::Purpose;
use waxseal_core::store::Kind;

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
    /// A box does not open; or a form is too old, forged or another page's.
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
    /// What a page's form carries, and what its reader types.
    PageTokenMade { key_file: String, does: Does, id: Hex, millis: u64 }
    /// The same, sent back.
    PageTokenSent { key_file: String, does: Does, id: Hex, millis: u64, token: String }
    /// The nonce of a form, by a generator that gives these bytes.
    FormNonceMade { key_file: String, random: Hex, millis: u64 }
    /// The same, sent back with its form's fields: the key of what the form makes.
    FormSent { key_file: String, millis: u64, nonce: String, fields: Vec<String> }
}

/// Bytes, as lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl Hex {
    pub(crate) fn fixed<const N: usize>(&self) -> [u8; N] {
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
    pub(crate) fn checked(self) -> kdf::Cost {
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
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Share => Kind::Share,
            Self::Generate => Kind::Generate,
        }
    }
}

/// What a page's form does.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Does {
    Reveal,
    Burn,
}

impl Does {
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Self::Reveal => Purpose::Reveal,
            Self::Burn => Purpose::Burn,
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
pub(crate) struct Paged {
    pub(crate) token: String,
    pub(crate) check: String,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Pair {
    pub(crate) metadata_key: String,
    pub(crate) link_key: String,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) seals: Hex,
    pub(crate) holds: Vec<Hex>,
    /// Where the link key of twenty zero bytes leads: tells one root from another.
    pub(crate) record_id_of_zeros: Hex,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub(crate) lock: Hex,
    pub(crate) body: Hex,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) share_domain: Option<String>,
    pub(crate) value: String,
}

#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) account: Option<String>,
    pub(crate) recipients: Vec<String>,
    pub(crate) share_domain: Option<String>,
}
