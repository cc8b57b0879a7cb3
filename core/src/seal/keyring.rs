//! The key file: one stable root, and a ring of master keys.
//!
//! ```text
//! # comments and blank lines
//! waxseal-key-file 1
//! root <64 hexadecimal characters>
//! key <64 hexadecimal characters> seals
//! key <64 hexadecimal characters> opens
//! ```
//!
//! Exactly one root and exactly one key that seals. From the root come, by
//! HKDF-Expand with a label each, the keys that must never change; from a ring
//! key come K_content and K_info.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::boxes::{self, Closed, Terms};
use super::crypto::MacKey;
use super::page::PageKey;
use super::{crypto, labels};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::id::{AccountId, ClientId, Kid, LinkKey, RecordId, TokenDigest};
use crate::secret::KeyBytes;
use crate::store::Check;

/// Why a key file can't be read. Shows a line's number, never its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The first entry must be `waxseal-key-file 1`.
    #[error("this is not a key file of a format we know: its first line must be `waxseal-key-file 1`")]
    Format,
    /// A line that is neither root nor key.
    #[error(
        "line {0} is neither `root HEX` nor `key HEX seals` nor `key HEX opens`, with 64 hexadecimal characters"
    )]
    Line(usize),
    /// None, or two.
    #[error("there must be exactly one line `root HEX`")]
    Roots,
    /// None, or two.
    #[error("there must be exactly one line `key HEX seals`")]
    Sealing,
    /// The same key stands twice, or another of the same id (one chance in 2^32).
    #[error("line {0} repeats a key's id")]
    Repeated(usize),
}

/// What a master key is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// New secrets are sealed under it.
    Seals,
    /// It opens what was sealed under it.
    Opens,
}

/// One master key of the ring.
pub struct Master {
    kid: Kid,
    bytes: KeyBytes,
    usage: Use,
    content: KeyBytes,
    info: KeyBytes,
}

impl Master {
    pub(super) fn new(bytes: KeyBytes, usage: Use) -> Self {
        let mac = crypto::mac(&bytes, &[labels::KID]);
        Self {
            kid: Kid([mac[0], mac[1], mac[2], mac[3]]),
            usage,
            content: crypto::derive(&bytes, labels::CONTENT),
            info: crypto::derive(&bytes, labels::INFO),
            bytes,
        }
    }

    /// The same key, for this use.
    pub(super) fn used(&self, usage: Use) -> Arc<Self> {
        Arc::new(Self::new(self.bytes.clone(), usage))
    }

    /// Its id.
    #[must_use]
    pub const fn kid(&self) -> Kid {
        self.kid
    }

    /// What it is for.
    #[must_use]
    pub const fn usage(&self) -> Use {
        self.usage
    }

    /// K_content.
    #[must_use]
    pub const fn content(&self) -> &KeyBytes {
        &self.content
    }

    /// K_info.
    #[must_use]
    pub const fn info(&self) -> &KeyBytes {
        &self.info
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Master").field("kid", &self.kid).field("usage", &self.usage).finish_non_exhaustive()
    }
}

/// The keys of a deployment. What comes from the root is fixed; the ring can be
/// turned while others use it. A flow takes the master key it needs once, so
/// that a turn in its midst changes nothing for it.
pub struct Keyring {
    pub(super) root: KeyBytes,
    index: MacKey,
    token: MacKey,
    account: KeyBytes,
    name: KeyBytes,
    check: KeyBytes,
    page: PageKey,
    client: MacKey,
    log: MacKey,
    /// In the key file's order. Exactly one seals. Locked for as long as it takes
    /// to count a reference up.
    pub(super) ring: RwLock<Ring>,
}

pub(super) type Ring = Vec<Arc<Master>>;

const CHECK_TEXT: &[u8] = b"waxseal store check 1";
const CHECK_CONTEXT: &[u8] = b"check";

impl Keyring {
    /// Makes a new root and one master key.
    ///
    /// # Errors
    /// [`EntropyError`].
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let root = KeyBytes::from(draw(entropy)?);
        let master = KeyBytes::from(draw(entropy)?);
        Ok(Self::assemble(root, vec![Arc::new(Master::new(master, Use::Seals))]))
    }

    /// Reads a key file's text.
    ///
    /// # Errors
    /// [`KeyFileError`], saying which line and what is expected.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut lines = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim()));
        let mut entries = lines.by_ref().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        if entries.next().map(|(_, line)| line) != Some("waxseal-key-file 1") {
            return Err(KeyFileError::Format);
        }
        let mut roots = Vec::new();
        let mut ring = Ring::new();
        for (n, line) in entries {
            match entry(line).ok_or(KeyFileError::Line(n))? {
                (root, None) => roots.push(root),
                (key, Some(usage)) => {
                    let master = Master::new(key, usage);
                    if ring.iter().any(|other| other.kid == master.kid) {
                        return Err(KeyFileError::Repeated(n));
                    }
                    ring.push(Arc::new(master));
                }
            }
        }
        if ring.iter().filter(|master| master.usage == Use::Seals).count() != 1 {
            return Err(KeyFileError::Sealing);
        }
        match roots.pop() {
            Some(root) if roots.is_empty() => Ok(Self::assemble(root, ring)),
            _ => Err(KeyFileError::Roots),
        }
    }

    /// The key file's text.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let ring = self.ring();
        let mut text = Zeroizing::new(String::with_capacity(512 + 96 * ring.len()));
        text.push_str(
            "# The keys of this Waxseal. Keep this file secret, and keep a copy of it:\n\
             # without it nothing that is stored can be opened.\n\
             waxseal-key-file 1\nroot ",
        );
        push_hex(&mut text, self.root.expose());
        for master in &ring {
            text.push_str("\nkey ");
            push_hex(&mut text, master.bytes.expose());
            text.push_str(if master.usage == Use::Seals { " seals" } else { " opens" });
        }
        text.push('\n');
        text
    }

    fn assemble(root: KeyBytes, ring: Ring) -> Self {
        Self {
            index: MacKey::new(&crypto::derive(&root, labels::INDEX)),
            token: MacKey::new(&crypto::derive(&root, labels::TOKEN)),
            account: crypto::derive(&root, labels::ACCOUNT),
            name: crypto::derive(&root, labels::NAME),
            check: crypto::derive(&root, labels::CHECK),
            page: PageKey::new(crypto::derive(&root, labels::PAGE)),
            client: MacKey::new(&crypto::derive(&root, labels::CLIENT)),
            log: MacKey::new(&crypto::derive(&root, labels::LOG)),
            root,
            ring: RwLock::new(ring),
        }
    }

    /// The master keys, in the key file's order.
    #[must_use]
    pub fn ring(&self) -> Vec<Arc<Master>> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The record that a link key leads to.
    #[must_use]
    pub fn record_id(&self, link: &LinkKey) -> RecordId {
        link.record_id(&self.index)
    }

    /// The id of a client, from the bytes of its address (or of its /64).
    #[must_use]
    pub fn client_id(&self, address: &[u8]) -> ClientId {
        ClientId(first(&self.client.mac(&[address])))
    }

    /// The id of the account of this name. Letter case does not matter.
    #[must_use]
    pub fn account_id(&self, name: &str) -> AccountId {
        AccountId(first(&crypto::mac(&self.name, &[labels::ACCOUNT_INDEX, name.to_lowercase().as_bytes()])))
    }

    /// The digest that a token is stored by.
    #[must_use]
    pub fn token_digest(&self, token: &[u8]) -> TokenDigest {
        TokenDigest(self.token.mac(&[token]))
    }

    /// What a log may show of a record: 6 bytes of a keyed hash of its id.
    #[must_use]
    pub fn log_id(&self, id: &RecordId) -> [u8; 6] {
        first(&self.log.mac(&[id.as_bytes()]))
    }

    /// Seals the constant by which a store is known to belong to this key file.
    ///
    /// # Errors
    /// [`EntropyError`].
    pub fn check(&self, entropy: &dyn Entropy) -> Result<Check, EntropyError> {
        boxes::seal(&self.check_terms(), boxes::ROOT, CHECK_TEXT, entropy).map(Check)
    }

    /// Whether a store's check was sealed with this key file.
    #[must_use]
    pub fn opens(&self, check: &Check) -> bool {
        boxes::open(&self.check_terms(), &check.0).is_ok_and(|text| *text == CHECK_TEXT)
    }

    fn check_terms(&self) -> Terms<'_> {
        Terms { purpose: &self.check, secret: &boxes::NOTHING, label: labels::CHECK, context: CHECK_CONTEXT }
    }

    /// The id of the master key that seals.
    #[must_use]
    pub fn sealing(&self) -> Kid {
        self.sealer().kid
    }

    /// The master key that seals.
    #[must_use]
    pub fn sealer(&self) -> Arc<Master> {
        self.find(|master| master.usage == Use::Seals)
            .expect("every turn of the ring leaves one key that seals")
    }

    /// The master key of this id; `None` if it is not in the ring.
    #[must_use]
    pub fn master(&self, kid: Kid) -> Option<Arc<Master>> {
        self.find(|master| master.kid == kid)
    }

    fn find(&self, is_it: impl Fn(&Master) -> bool) -> Option<Arc<Master>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.iter().find(|master| is_it(master)).cloned()
    }

    /// K_page: what pages put into their forms.
    #[must_use]
    pub const fn page(&self) -> &PageKey {
        &self.page
    }

    /// K_account: own and wrap boxes.
    #[must_use]
    pub fn account_key(&self) -> &KeyBytes {
        &self.account
    }

    /// Seals an account's name, for a list of accounts.
    ///
    /// # Errors
    /// [`EntropyError`].
    pub fn seal_name(
        &self,
        id: &AccountId,
        name: &str,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, EntropyError> {
        boxes::seal(&self.name_terms(id), boxes::ROOT, name.as_bytes(), entropy)
    }

    /// Opens an account's name.
    ///
    /// # Errors
    /// [`Closed`] if it was sealed for another account or by another key file.
    pub fn open_name(&self, id: &AccountId, sealed: &[u8]) -> Result<String, Closed> {
        let name = boxes::open(&self.name_terms(id), sealed)?;
        std::str::from_utf8(&name).map(str::to_owned).map_err(|_| Closed)
    }

    fn name_terms<'a>(&'a self, id: &'a AccountId) -> Terms<'a> {
        Terms { purpose: &self.name, secret: &boxes::NOTHING, label: labels::NAME, context: id.as_bytes() }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.ring().len()).finish_non_exhaustive()
    }
}

fn first<const N: usize>(mac: &[u8; 32]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&mac[..N]);
    out
}

fn entry(line: &str) -> Option<(KeyBytes, Option<Use>)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["root", hex] => Some((unhex(hex)?, None)),
        ["key", hex, "seals"] => Some((unhex(hex)?, Some(Use::Seals))),
        ["key", hex, "opens"] => Some((unhex(hex)?, Some(Use::Opens))),
        _ => None,
    }
}

fn unhex(hex: &str) -> Option<KeyBytes> {
    let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
    let mut bytes = Zeroizing::new([0u8; 32]);
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (char::from(pair[0]).to_digit(16)?, char::from(pair[1]).to_digit(16)?);
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(KeyBytes::from(*bytes))
}

/// Appends lower-case hexadecimal digits.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}
