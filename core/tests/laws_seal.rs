//! Laws of the seal, for any content, key and change.

use proptest::collection::vec;
use proptest::prelude::*;
use waxseal_core::id::{KEY_CHARS, Kid, LinkKey, MetadataKey, RecordId};
use waxseal_core::seal::boxes::{self, Terms};
use waxseal_core::seal::content::{self, Binding, Content, Header, OpenError, padded};
use waxseal_core::seal::info::Info;
use waxseal_core::seal::kdf::{Cost, argon2id};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::seal::labels;
use waxseal_core::secret::{KeyBytes, Passphrase, Plaintext};
use waxseal_core::store::{Kind, LOCK_BYTES, Lock, Sealed};
use waxseal_core::system::SystemEntropy;
use waxseal_core::time::Timestamp;

/// The text of 2^160 - 1. Texts of one length sort as their numbers do.
const GREATEST: &str = "twj4yidkw7a8pn4g709kzmfoaol3x8f";

/// All that a content is sealed on. The stretched key stands for a passphrase,
/// so that only [`passphrases`] has to run Argon2.
#[derive(Clone, Debug)]
struct Case {
    value: String,
    domain: Option<String>,
    link: [u8; 20],
    master: [u8; 32],
    stretched: Option<[u8; 32]>,
    salt: [u8; 16],
    binding: Binding,
}

fn cases() -> impl Strategy<Value = Case> {
    let domain = proptest::option::of("[a-z0-9.-]{1,255}");
    let keys =
        (any::<[u8; 20]>(), any::<[u8; 32]>(), proptest::option::of(any::<[u8; 32]>()), any::<[u8; 16]>());
    let bound = (any::<[u8; 32]>(), any::<u64>(), any::<u64>(), any::<bool>());
    ("(?s).{0,400}", domain, keys, bound).prop_map(|(value, domain, keys, (id, created, expires, given))| {
        Case {
            value,
            domain,
            link: keys.0,
            master: keys.1,
            stretched: keys.2,
            salt: keys.3,
            binding: Binding {
                id: RecordId(id),
                created: Timestamp::from_secs(created),
                expires: Timestamp::from_secs(expires),
                kind: if given { Kind::Share } else { Kind::Generate },
            },
        }
    })
}

impl Case {
    fn seal(&self) -> Sealed {
        let cost = self.stretched.map(|_| Cost::USUAL);
        let header = Header { kid: Kid([1, 2, 3, 4]), cost, salt: self.salt };
        let content =
            Content { value: Plaintext::from(self.value.as_str()), share_domain: self.domain.clone() };
        let (link, master) = (LinkKey::from(self.link), KeyBytes::from(self.master));
        let (lock, body) =
            content::seal(&content, header, &link, self.key().as_ref(), &master, &self.binding);
        Sealed {
            created: self.binding.created,
            expires: self.binding.expires,
            kind: self.binding.kind,
            passphrase_required: cost.is_some(),
            lock,
            body,
        }
    }

    fn open(&self, sealed: &Sealed) -> Result<(String, Option<String>), OpenError> {
        let (link, master) = (LinkKey::from(self.link), KeyBytes::from(self.master));
        let opened = content::open(sealed.clone(), &link, self.key().as_ref(), &master, &self.binding.id)?;
        Ok((opened.value.expose().to_owned(), opened.share_domain))
    }

    fn key(&self) -> Option<KeyBytes> {
        self.stretched.map(KeyBytes::from)
    }

    /// What every failure must be: without a passphrase, never a wrong one.
    fn is_refusal(&self, opened: &Result<(String, Option<String>), OpenError>) -> bool {
        match opened {
            Ok(_) => false,
            Err(OpenError::WrongPassphrase) => self.stretched.is_some(),
            Err(OpenError::Damaged(_)) => true,
        }
    }
}

/// Flips one bit of lock and body, counted through both.
fn flip(sealed: &Sealed, bit: usize) -> Sealed {
    let mut flipped = sealed.clone();
    let (byte, mask) = (bit / 8, 1 << (bit % 8));
    match byte.checked_sub(LOCK_BYTES) {
        Some(byte) => flipped.body[byte] ^= mask,
        None => flipped.lock.0[byte] ^= mask,
    }
    flipped
}

fn bits(sealed: &Sealed) -> usize {
    8 * (LOCK_BYTES + sealed.body.len())
}

/// Another value than `from`: a difference is added to it.
fn differs<const N: usize>(from: [u8; N], by: [u8; N]) -> [u8; N] {
    std::array::from_fn(|at| from[at] ^ by[at])
}

fn key_file(root: [u8; 32], ring: &[[u8; 32]], seals: usize) -> String {
    let hex = |key: &[u8]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut text = format!("waxseal-key-file 1\nroot {}\n", hex(&root));
    for (at, key) in ring.iter().enumerate() {
        text += &format!("key {} {}\n", hex(key), if at == seals { "seals" } else { "opens" });
    }
    text
}

proptest! {
    #[test]
    fn what_is_sealed_opens(case in cases()) {
        prop_assert_eq!(case.open(&case.seal()), Ok((case.value.clone(), case.domain.clone())));
    }

    #[test]
    fn a_flipped_bit_never_opens(case in cases(), bit in any::<prop::sample::Index>()) {
        let sealed = case.seal();
        let opened = case.open(&flip(&sealed, bit.index(bits(&sealed))));
        prop_assert!(case.is_refusal(&opened), "{opened:?}");
    }

    #[test]
    fn a_cut_or_a_longer_body_never_opens(case in cases(), at in any::<prop::sample::Index>(), more in vec(any::<u8>(), 1..100)) {
        let sealed = case.seal();
        let cut = Sealed { body: sealed.body[..at.index(sealed.body.len())].to_vec(), ..sealed.clone() };
        let longer = Sealed { body: [sealed.body.clone(), more].concat(), ..sealed };
        prop_assert!(matches!(case.open(&cut), Err(OpenError::Damaged(_))));
        prop_assert!(matches!(case.open(&longer), Err(OpenError::Damaged(_))));
    }

    #[test]
    fn another_key_never_opens(case in cases(), by in any::<[u8; 32]>()) {
        prop_assume!(by[..20] != [0; 20]);
        let sealed = case.seal();
        let mut difference = [0; 20];
        difference.copy_from_slice(&by[..20]);
        let others = [
            Case { link: differs(case.link, difference), ..case.clone() },
            Case { master: differs(case.master, by), ..case.clone() },
            Case { stretched: Some(differs(case.stretched.unwrap_or_default(), by)), ..case.clone() },
        ];
        for other in others {
            prop_assert!(case.is_refusal(&other.open(&sealed)));
        }
    }

    /// The keys are right, so it is damage, passphrase or not.
    #[test]
    fn another_place_or_time_never_opens(case in cases(), by in any::<[u8; 32]>(), step in 1u64..) {
        prop_assume!(by != [0; 32]);
        let sealed = case.seal();
        let later = |time: Timestamp| Timestamp::from_secs(time.secs().wrapping_add(step));
        let kind = if sealed.kind == Kind::Share { Kind::Generate } else { Kind::Share };
        let id = RecordId(differs(case.binding.id.0, by));
        let moved = Case { binding: Binding { id, ..case.binding }, ..case.clone() };
        let others = [
            moved.open(&sealed),
            case.open(&Sealed { created: later(sealed.created), ..sealed.clone() }),
            case.open(&Sealed { expires: later(sealed.expires), ..sealed.clone() }),
            case.open(&Sealed { kind, ..sealed.clone() }),
            case.open(&Sealed { passphrase_required: !sealed.passphrase_required, ..sealed }),
        ];
        for opened in others {
            prop_assert!(matches!(opened, Err(OpenError::Damaged(_))), "{opened:?}");
        }
    }

    #[test]
    fn two_seals_of_one_content_share_nothing(case in cases(), by in any::<[u8; 16]>()) {
        prop_assume!(by != [0; 16]);
        let (one, two) = (case.seal(), Case { salt: differs(case.salt, by), ..case.clone() }.seal());
        prop_assert_ne!(&one.lock.0[29..], &two.lock.0[29..]);
        prop_assert!(one.body.chunks(16).zip(two.body.chunks(16)).all(|(one, two)| one != two));
        let mixed = [Sealed { lock: two.lock, ..one.clone() }, Sealed { lock: one.lock, ..two }];
        for sealed in mixed {
            prop_assert!(matches!(case.open(&sealed), Err(OpenError::Damaged(_))));
        }
    }

    #[test]
    fn no_lock_and_body_from_nowhere_open(case in cases(), lock in vec(any::<u8>(), LOCK_BYTES), body in vec(any::<u8>(), 0..200)) {
        let lock = Lock(lock.try_into().unwrap());
        let sealed = Sealed { lock, body, ..case.seal() };
        prop_assert!(case.is_refusal(&case.open(&sealed)));
    }

    #[test]
    fn padding_is_monotone_bounded_and_coarse(length in prop_oneof![0usize..2_048, 0..1usize << 40]) {
        let full = padded(length);
        let step = if length <= 1_024 { 64 } else { length.div_ceil(32) };
        prop_assert!(1 << full.trailing_zeros().min(62) >= step, "{length} shows in {full}");
        prop_assert!(full >= length);
        prop_assert!(full <= length + 64.max(length / 8));
        prop_assert!(padded(length + 1) >= full);
        prop_assert_eq!(padded(full), full);
    }

    #[test]
    fn an_info_reads_back(
        account in proptest::option::of(".{1,60}"),
        recipients in vec(".{0,60}", 0..5),
        share_domain in proptest::option::of("[a-z.]{1,255}"),
    ) {
        let info = Info { account, recipients, share_domain };
        prop_assert_eq!(Info::from_bytes(&info.to_bytes()), Some(info));
    }

    #[test]
    fn no_other_bytes_are_an_info(bytes in vec(0u8..6, 0..12)) {
        if let Some(info) = Info::from_bytes(&bytes) {
            prop_assert_eq!(info.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_key_file_reads_back(root in any::<[u8; 32]>(), ring in vec(any::<[u8; 32]>(), 1..4), at in any::<prop::sample::Index>(), link in any::<[u8; 20]>()) {
        let distinct = ring.iter().enumerate().all(|(n, key)| !ring[..n].contains(key));
        prop_assume!(distinct);
        let one = Keyring::parse(&key_file(root, &ring, at.index(ring.len()))).unwrap();
        let text = one.to_text();
        let two = Keyring::parse(&text).unwrap();
        let link = LinkKey::from(link);
        prop_assert_eq!(&*two.to_text(), &*text);
        prop_assert_eq!(one.sealing(), two.sealing());
        prop_assert_eq!(one.record_id(&link), two.record_id(&link));
        for key in &ring {
            let digits = key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            prop_assert!(text.contains(&digits));
        }
    }

    #[test]
    fn a_key_reads_back(bytes in any::<[u8; 20]>()) {
        let (link, metadata) = (LinkKey::from(bytes), MetadataKey::from(bytes));
        prop_assert_eq!(*LinkKey::parse(link.text().expose()).unwrap().expose(), bytes);
        prop_assert_eq!(*MetadataKey::parse(metadata.text().expose()).unwrap().expose(), bytes);
        prop_assert!(link.text().expose() <= GREATEST);
    }

    #[test]
    fn what_is_read_as_a_key_is_what_is_written(
        text in prop_oneof!["[0-9a-z]{31}", "[0-9a-zA-Z]{31}", "tw[0-9a-k]{29}", "[0-9a-z]{29,33}", ".{0,40}"],
    ) {
        let shaped = text.len() == KEY_CHARS && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase());
        let parsed = LinkKey::parse(&text);
        prop_assert_eq!(parsed.is_some(), shaped && text.as_str() <= GREATEST);
        if let Some(key) = parsed {
            prop_assert_eq!(key.text().expose().to_owned(), text);
        }
    }

    #[test]
    fn a_box_opens_on_its_terms_only(
        purpose in any::<[u8; 32]>(),
        secret in any::<[u8; 32]>(),
        context in vec(any::<u8>(), 0..40),
        content in vec(any::<u8>(), 0..100),
        at in any::<prop::sample::Index>(),
    ) {
        let purpose = KeyBytes::from(purpose);
        let terms = Terms { purpose: &purpose, secret: &secret, label: labels::OWN, context: &context };
        let sealed = boxes::seal(&terms, Kid([1, 2, 3, 4]), &content, &SystemEntropy::default()).unwrap();
        prop_assert_eq!(&*boxes::open(&terms, &sealed).unwrap(), &content);
        let bit = at.index(8 * sealed.len());
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(boxes::open(&terms, &flipped).is_err());
        prop_assert!(boxes::open(&terms, &sealed[..bit / 8]).is_err());
        let swapped = KeyBytes::from(secret);
        prop_assume!(purpose.expose() != &secret);
        let longer = [context.as_slice(), &[0]].concat();
        let others = [
            Terms { purpose: &swapped, ..terms },
            Terms { secret: purpose.expose(), ..terms },
            Terms { label: labels::WRAP, ..terms },
            Terms { context: &longer, ..terms },
        ];
        for other in others {
            prop_assert!(boxes::open(&other, &sealed).is_err());
        }
    }
}

proptest! {
    // Argon2 runs three times a case.
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn passphrases(case in cases(), passphrase in ".{1,40}", other in ".{1,40}") {
        prop_assume!(passphrase != other);
        let stretch = |text: &str| {
            *argon2id(&Passphrase::from(text), &case.salt, Cost::USUAL).unwrap().expose()
        };
        let case = Case { stretched: Some(stretch(&passphrase)), ..case.clone() };
        let sealed = case.seal();
        let again = Case { stretched: Some(stretch(&passphrase)), ..case.clone() };
        prop_assert_eq!(again.open(&sealed), Ok((case.value.clone(), case.domain.clone())));
        for guess in [Some(stretch(&other)), None] {
            let guess = Case { stretched: guess, ..case.clone() };
            prop_assert_eq!(guess.open(&sealed), Err(OpenError::WrongPassphrase));
        }
    }
}

#[test]
fn no_bit_of_a_lock_or_body_may_flip() {
    let binding = Binding {
        id: RecordId([6; 32]),
        created: Timestamp::from_secs(1),
        expires: Timestamp::from_secs(2),
        kind: Kind::Share,
    };
    for stretched in [None, Some([5; 32])] {
        let case = Case {
            value: "hunter2".into(),
            domain: None,
            link: [1; 20],
            master: [2; 32],
            stretched,
            salt: [3; 16],
            binding,
        };
        let sealed = case.seal();
        for bit in 0..bits(&sealed) {
            let opened = case.open(&flip(&sealed, bit));
            assert!(case.is_refusal(&opened), "bit {bit}: {opened:?}");
        }
    }
}
