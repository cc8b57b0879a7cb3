//! What pages put into their forms, so that only someone who was shown the page
//! can send it: page tokens, form nonces, and the characters to type. All of it is
//! authenticated under K_page; nothing is stored.
//!
//! ```text
//! token  version 1 ‖ tick 4 ‖ first 16 bytes of HMAC(K_page, purpose ‖ version ‖ tick ‖ record id)
//! nonce  version 1 ‖ tick 4 ‖ random 16 ‖ first 16 bytes of HMAC(K_page, "nonce" ‖ version ‖ tick ‖ random)
//! M      first 16 bytes of HMAC(K_page, "form" ‖ nonce ‖ SHA-256(fields)) ‖ tick
//! check  3 characters, each from 2 bytes of HMAC(K_page, "check" ‖ token)
//! ```
//!
//! Both go over the wire as hexadecimal digits. No two uses can be confused: the
//! labels that open each MAC's input begin with different letters.
//!
//! A tick wraps after 99.4 days, and what is 99 days old would then be young again.
//! That does no harm: no record lives so long.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::keyring::push_hex;
use super::{crypto, labels};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::id::{MetadataKey, RecordId};
use crate::secret::KeyBytes;
use crate::time::{Tick, Ttl};

/// How long a page's form can be sent.
pub const PAGE_LIFE: Ttl = Ttl::hours(12);
/// How far the clock of the node that made a page may be ahead of the one it is sent to.
const AHEAD: Ttl = Ttl::minutes(1);

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
const TOKEN_BYTES: usize = 1 + 4 + MAC_BYTES;
/// Version, tick and random bits, without the MAC.
const NONCE_HEAD: usize = 1 + 4 + 16;
const NONCE_BYTES: usize = NONCE_HEAD + MAC_BYTES;

/// How many characters a reader types where the operator asks for it.
pub const CHECK_CHARS: usize = 3;
/// Characters that are not mistaken for one another, in either case, on any screen.
const CHECK_ALPHABET: &[u8; 24] = b"ACDEFGHJKMNPQRTUWXY34679";

/// What a page's form does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Opens a secret.
    Reveal,
    /// Destroys one unread.
    Burn,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Reveal => labels::PAGE_REVEAL,
            Self::Burn => labels::PAGE_BURN,
        }
    }
}

/// K_page, and everything that is made under it.
pub struct PageKey(KeyBytes);

impl PageKey {
    pub(super) const fn new(key: KeyBytes) -> Self {
        Self(key)
    }

    /// The token of a page that is shown `now`, for what its form does to this record.
    #[must_use]
    pub fn token(&self, purpose: Purpose, id: &RecordId, now: Tick) -> PageToken {
        let mut token = [0; TOKEN_BYTES];
        token[0] = VERSION;
        token[1..5].copy_from_slice(&now.to_bytes());
        let mac = self.mac(&[purpose.label(), &token[..5], id.as_bytes()]);
        token[5..].copy_from_slice(&*mac);
        PageToken(token)
    }

    /// Reads the token of a form that is sent `now`. `None` unless this key made it
    /// for this purpose and this record, less than [`PAGE_LIFE`] ago.
    #[must_use]
    pub fn read_token(&self, text: &str, purpose: Purpose, id: &RecordId, now: Tick) -> Option<PageToken> {
        let sent = PageToken(unhex(text)?);
        let tick = tick_of(&sent.0)?;
        let same = self.token(purpose, id, tick).0.ct_eq(&sent.0);
        (bool::from(same) && is_live(tick, now)).then_some(sent)
    }

    /// What a reader types beside this token: capitals and digits.
    #[must_use]
    pub fn check(&self, token: &PageToken) -> String {
        let mac = self.mac(&[labels::PAGE_CHECK, &token.0]);
        let pairs = mac.chunks_exact(2).take(CHECK_CHARS);
        let places = pairs.map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
        places.map(|place| char::from(CHECK_ALPHABET[place % CHECK_ALPHABET.len()])).collect()
    }

    /// Whether `typed` is what stands beside this token, in any case, with any blanks.
    #[must_use]
    pub fn is_typed(&self, token: &PageToken, typed: &str) -> bool {
        let typed: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
        self.check(token).as_bytes().ct_eq(typed.to_ascii_uppercase().as_bytes()).into()
    }

    /// The nonce of a form that is shown `now`: it makes one secret, however often it is sent.
    ///
    /// # Errors
    /// [`EntropyError`].
    pub fn nonce(&self, entropy: &dyn Entropy, now: Tick) -> Result<FormNonce, EntropyError> {
        Ok(self.nonce_of(&draw(entropy)?, now))
    }

    fn nonce_of(&self, random: &[u8; 16], now: Tick) -> FormNonce {
        let mut nonce = [0; NONCE_BYTES];
        nonce[0] = VERSION;
        nonce[1..5].copy_from_slice(&now.to_bytes());
        nonce[5..NONCE_HEAD].copy_from_slice(random);
        let mac = self.mac(&[labels::PAGE_NONCE, &nonce[..NONCE_HEAD]]);
        nonce[NONCE_HEAD..].copy_from_slice(&*mac);
        FormNonce(nonce)
    }

    /// Reads the nonce of a form that is sent `now`. `None` unless this key made it,
    /// less than [`PAGE_LIFE`] ago.
    #[must_use]
    pub fn read_nonce(&self, text: &str, now: Tick) -> Option<FormNonce> {
        let sent = FormNonce(unhex(text)?);
        let tick = tick_of(&sent.0)?;
        let mut random = [0; 16];
        random.copy_from_slice(&sent.0[5..NONCE_HEAD]);
        let same = self.nonce_of(&random, tick).0.ct_eq(&sent.0);
        (bool::from(same) && is_live(tick, now)).then_some(sent)
    }

    /// The key of the secret that a form makes. The same form with the same fields
    /// has the same key, so that its second sending finds the first one's record.
    /// A field is hashed behind its length, as 4 bytes.
    #[must_use]
    pub fn form_key(&self, nonce: &FormNonce, fields: &[&[u8]]) -> MetadataKey {
        let lengths = fields.iter().map(|field| u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        let lengths: Vec<[u8; 4]> = lengths.collect();
        let parts: Vec<&[u8]> =
            lengths.iter().zip(fields).flat_map(|(length, field)| [&length[..], *field]).collect();
        let hash = crypto::hash(&parts);
        let random = self.mac(&[labels::PAGE_FORM, &nonce.0[1..NONCE_HEAD], &*hash]);
        MetadataKey::assemble(&random, tick_at(&nonce.0))
    }

    fn mac(&self, parts: &[&[u8]]) -> Zeroizing<[u8; MAC_BYTES]> {
        let whole = Zeroizing::new(crypto::mac(&self.0, parts));
        let mut mac = Zeroizing::new([0; MAC_BYTES]);
        mac.copy_from_slice(&whole[..MAC_BYTES]);
        mac
    }
}

impl fmt::Debug for PageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageKey([redacted])")
    }
}

/// Says that its bearer was shown a page. Worth nothing without the key in the page's address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageToken([u8; TOKEN_BYTES]);

impl fmt::Display for PageToken {
    /// As a form carries it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Says which sending of a form is the second one. With K_page, but not without it,
/// it leads to the key of what the form made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FormNonce([u8; NONCE_BYTES]);

impl fmt::Display for FormNonce {
    /// As a form carries it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The tick behind the version, if it is a version we know.
fn tick_of(bytes: &[u8]) -> Option<Tick> {
    (bytes.first() == Some(&VERSION)).then(|| tick_at(bytes))
}

fn tick_at(bytes: &[u8]) -> Tick {
    Tick::from_bytes([bytes[1], bytes[2], bytes[3], bytes[4]])
}

/// Whether what was made at `tick` can still be sent. Ticks wrap, so their
/// difference does.
fn is_live(tick: Tick, now: Tick) -> bool {
    let ticks = |span: Ttl| span.secs() * 1_000 / 2;
    let age = u64::from(tick.until(now).wrapping_add(u32::try_from(ticks(AHEAD)).unwrap_or(0)));
    age < ticks(AHEAD) + ticks(PAGE_LIFE)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

/// Reads lower-case digits, as [`hex`] writes them.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = nibble(pair[0])? * 16 + nibble(pair[1])?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Moment;

    const ID: RecordId = RecordId([7; 32]);
    const DAY: u64 = 86_400_000;

    fn key() -> PageKey {
        PageKey::new(KeyBytes::from([3; 32]))
    }

    fn at(millis: u64) -> Tick {
        Moment::from_millis(millis).tick()
    }

    fn taken(made: u64, sent: u64) -> bool {
        let token = key().token(Purpose::Reveal, &ID, at(made)).to_string();
        let nonce = key().nonce_of(&[1; 16], at(made)).to_string();
        let token = key().read_token(&token, Purpose::Reveal, &ID, at(sent)).is_some();
        assert_eq!(key().read_nonce(&nonce, at(sent)).is_some(), token, "both live as long");
        token
    }

    #[test]
    fn a_page_can_be_sent_for_twelve_hours_across_the_wrap_too() {
        for start in [0, 1_767_225_600_000, (2 << 32) - 1_000] {
            let start = start + DAY;
            let life = PAGE_LIFE.secs() * 1_000;
            assert!(taken(start, start) && taken(start, start + life - 2));
            assert!(!taken(start, start + life) && !taken(start, start + DAY));
            assert!(taken(start, start - 60_000), "a clock a minute behind");
            assert!(!taken(start, start - 60_002) && !taken(start, start - DAY));
        }
    }

    #[test]
    fn a_token_is_for_one_purpose_one_record_and_one_key() {
        let now = at(DAY);
        let text = key().token(Purpose::Reveal, &ID, now).to_string();
        let read = |key: &PageKey, purpose, id| key.read_token(&text, purpose, id, now);
        assert!(read(&key(), Purpose::Reveal, &ID).is_some());
        assert_eq!(read(&key(), Purpose::Burn, &ID), None);
        assert_eq!(read(&key(), Purpose::Reveal, &RecordId([8; 32])), None);
        assert_eq!(read(&PageKey::new(KeyBytes::from([4; 32])), Purpose::Reveal, &ID), None);
    }

    #[test]
    fn what_is_typed_counts_in_any_case() {
        let token = key().token(Purpose::Reveal, &ID, at(DAY));
        let check = key().check(&token);
        assert_eq!(check.len(), CHECK_CHARS);
        for typed in [check.clone(), check.to_lowercase(), format!(" {} {}", &check[..1], &check[1..])] {
            assert!(key().is_typed(&token, &typed), "{typed}");
        }
        for typed in ["", "   ", &check[1..], &format!("{check}A"), "ZZZ", "äöü"] {
            assert!(!key().is_typed(&token, typed), "{typed}");
        }
    }

    #[test]
    fn what_is_typed_differs_from_page_to_page_and_uses_the_whole_alphabet() {
        let checks = (0..1_000).map(|n| key().check(&key().token(Purpose::Reveal, &ID, at(DAY + 2 * n))));
        let checks: std::collections::BTreeSet<String> = checks.collect();
        assert!(checks.len() > 900, "{} of 13,824 in 1,000 draws", checks.len());
        let used: std::collections::BTreeSet<u8> = checks.iter().flat_map(|check| check.bytes()).collect();
        assert!(used.iter().eq(CHECK_ALPHABET.iter().collect::<std::collections::BTreeSet<_>>()));
    }

    #[test]
    fn no_character_to_type_looks_like_another() {
        for alike in ["0OQ", "1IL", "2Z", "5S", "8B", "UV"] {
            let kept = alike.bytes().filter(|character| CHECK_ALPHABET.contains(character));
            assert!(kept.count() <= 1, "{alike}");
        }
        assert!(CHECK_ALPHABET.iter().all(|character| !character.is_ascii_lowercase()));
    }

    proptest! {
        /// One digit changed anywhere, and nothing is taken.
        #[test]
        fn a_changed_digit_is_refused(at in 0..2 * NONCE_BYTES, digit in "[0-9a-g]", random: [u8; 16]) {
            let now = Moment::from_millis(DAY).tick();
            let change = |text: &str| {
                let mut changed = text.to_owned();
                let at = at % text.len();
                changed.replace_range(at..=at, &digit);
                changed
            };
            let nonce = key().nonce_of(&random, now).to_string();
            let changed = change(&nonce);
            prop_assert_eq!(key().read_nonce(&changed, now).is_some(), changed == nonce);
            let token = key().token(Purpose::Burn, &RecordId([random[0]; 32]), now).to_string();
            let changed = change(&token);
            let read = key().read_token(&changed, Purpose::Burn, &RecordId([random[0]; 32]), now);
            prop_assert_eq!(read.is_some(), changed == token);
        }

        /// Whatever else is sent is refused, and nothing panics.
        #[test]
        fn any_text_can_be_sent(text in "\\PC*|[0-9a-f]{42}|[0-9a-f]{74}") {
            let now = Moment::from_millis(DAY).tick();
            prop_assert!(key().read_nonce(&text, now).is_none());
            prop_assert!(key().read_token(&text, Purpose::Reveal, &ID, now).is_none());
        }

        /// The same form leads to the same key; another nonce, or a byte moved from one
        /// field to the next, to another.
        #[test]
        fn a_forms_key_hangs_on_every_field(
            fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 1..5),
            other in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..8), 1..5),
        ) {
            let of = |random: u8, fields: &[Vec<u8>]| {
                let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
                let nonce = key().nonce_of(&[random; 16], at(DAY));
                *key().form_key(&nonce, &fields).expose()
            };
            prop_assert_eq!(of(1, &fields), of(1, &fields));
            prop_assert_eq!(of(1, &fields) == of(1, &other), fields == other);
            prop_assert_ne!(of(1, &fields), of(2, &fields));
            prop_assert_eq!(&of(1, &fields)[16..], &at(DAY).to_bytes()[..]);
        }
    }
}
