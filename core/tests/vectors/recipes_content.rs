//! Contents: sealed, opened, changed and moved.

use ring::{aead, digest, hkdf};
use waxseal_core::id::LinkKey;
use waxseal_core::seal::labels;

use super::answers::keyring;
use super::kinds::*;
use super::recipes::*;

/// Every recipe for a content.
pub(crate) fn all() -> Vec<Recipe> {
    [sealed(), opened(), flips(), bodies(), bindings(), forged()].into_iter().flatten().collect()
}

/// A content without a passphrase.
fn plain() -> ContentSeal {
    ContentSeal {
        key_file: KEYS.into(),
        link_key: link(),
        passphrase: None,
        cost: None,
        salt: SALT.into(),
        id: record_id(),
        created: 1_767_225_600,
        expires: 1_767_830_400,
        made: Made::Share,
        share_domain: None,
        value: "the launch code is 0000".into(),
    }
}

/// A content with a passphrase.
fn locked() -> ContentSeal {
    ContentSeal { passphrase: Some("swordfish".into()), cost: Some(USUAL), ..plain() }
}

fn sealed() -> Vec<Recipe> {
    let value = |value: String| ContentSeal { value, ..plain() };
    let domain = |name: &str| ContentSeal { share_domain: Some(name.into()), ..plain() };
    let dear = ContentSeal { cost: Some(Cost { m_kib: 20_000, t: 3, p: 2 }), ..locked() };
    let accented = ContentSeal { passphrase: Some("p\u{e4}ssw\u{f6}rd \u{2713} ".into()), ..locked() };
    vec![
        ok("content-plain", "no passphrase", plain()),
        ok("content-passphrase", "the usual cost", locked()),
        ok("content-passphrase-cost", "another cost", dear),
        ok("content-passphrase-utf8", "UTF-8 with a space at the end, as given", accented),
        ok("content-domain", "with the domain of its link", domain("secrets.example.com")),
        ok("content-domain-longest", "a domain of 255 bytes", domain(&"abcde.".repeat(43)[..255])),
        ok("content-generated", "made here", ContentSeal { made: Made::Generate, ..plain() }),
        ok("content-empty", "no byte of value", value(String::new())),
        ok("content-one-byte", "one byte", value("0".into())),
        ok("content-zeros", "a value that ends like its padding", value("a\0\0\0".into())),
        ok("content-lines", "line ends and spaces stay", value(" \r\n\tend\n".into())),
        ok("content-utf8", "more than ASCII", value("пароль 密码 🔑 e\u{301} \u{feff}".into())),
        ok("content-packed-64", "packed to 64 bytes: no padding", value("x".repeat(59))),
        ok("content-packed-65", "one more: 63 bytes of padding", value("x".repeat(60))),
        ok("content-packed-1024", "the last length of the step 64", value("x".repeat(1_019))),
        ok("content-packed-1025", "the first length of a relative step", value("x".repeat(1_020))),
        ok("content-10000", "10,000 bytes, packed to a multiple of 512", value("x".repeat(10_000))),
        ok(
            "content-times",
            "the least and the greatest time",
            ContentSeal { created: 0, expires: u64::MAX, ..plain() },
        ),
        ok("content-rotated", "under the newer key", ContentSeal { key_file: ROTATED.into(), ..plain() }),
    ]
}

/// A content as it is read, after a change.
fn read(seal: &ContentSeal, change: impl FnOnce(&mut ContentOpen)) -> ContentOpen {
    let mut read = seal.reader(&seal.seal());
    change(&mut read);
    read
}

fn opened() -> Vec<Recipe> {
    let other_link = || {
        let Verdict::Ok(text) = (DerivedLinkKey { metadata_key: OTHER_METADATA.into() }).answer() else {
            unreachable!()
        };
        text
    };
    let guess = |text: &str| read(&locked(), |read| read.passphrase = Some(text.into()));
    let accented = ContentSeal { passphrase: Some("p\u{e4}ss".into()), ..locked() };
    let apart = read(&accented, |read| read.passphrase = Some("pa\u{308}ss".into()));
    vec![
        ok(
            "open-after-rotation",
            "an older key opens",
            read(&plain(), |read| read.key_file = ROTATED.into()),
        ),
        ok(
            "open-other-root",
            "the content hangs on the ring only",
            read(&plain(), |read| read.key_file = OTHER_ROOT.into()),
        ),
        ok(
            "open-needless-passphrase",
            "ignored, for it has none",
            read(&plain(), |read| read.passphrase = Some("x".into())),
        ),
        refused(
            "open-retired",
            "its master key is gone",
            read(&plain(), |read| read.key_file = RETIRED.into()),
            Verdict::NoKey,
        ),
        refused(
            "open-other-link",
            "another link",
            read(&plain(), |read| read.link_key = other_link()),
            Verdict::Damaged,
        ),
        refused(
            "open-metadata-key",
            "the metadata key is not the link key",
            read(&plain(), |read| read.link_key = METADATA.into()),
            Verdict::Damaged,
        ),
        refused(
            "open-passphrase-other-link",
            "can't be told from a wrong passphrase",
            read(&locked(), |read| read.link_key = other_link()),
            Verdict::WrongPassphrase,
        ),
        refused("open-wrong-passphrase", "another", guess("sword"), Verdict::WrongPassphrase),
        refused("open-passphrase-case", "letter case counts", guess("Swordfish"), Verdict::WrongPassphrase),
        refused("open-passphrase-space", "nothing is trimmed", guess("swordfish "), Verdict::WrongPassphrase),
        refused(
            "open-passphrase-apart",
            "nothing is normalised: a and a combining mark",
            apart,
            Verdict::WrongPassphrase,
        ),
        refused(
            "open-no-passphrase",
            "one is needed",
            read(&locked(), |read| read.passphrase = None),
            Verdict::WrongPassphrase,
        ),
        refused(
            "open-record-says-passphrase",
            "the lock knows of none",
            read(&plain(), |read| read.record.passphrase_required = true),
            Verdict::Damaged,
        ),
        refused(
            "open-record-says-none",
            "the lock needs one",
            read(&locked(), |read| read.record.passphrase_required = false),
            Verdict::Damaged,
        ),
    ]
}

/// Changes of one lock byte or more: where, to what.
fn flips() -> Vec<Recipe> {
    use Verdict::{Damaged, NoKey, WrongPassphrase};
    let plain_flips: [(_, _, usize, &[u8], _); 9] = [
        ("plain-version", "version 2", 0, &[2], Damaged),
        ("plain-version-0", "version 0", 0, &[0], Damaged),
        ("plain-kid", "no such master key", 1, &[0; 4], NoKey),
        ("plain-flags", "a passphrase, but no kdf", 5, &[1], Damaged),
        ("plain-kdf", "a kdf, but no passphrase", 6, &[1], Damaged),
        ("plain-cost", "a cost, but no passphrase", 7, &[0, 0, 0x4c, 0, 2, 1], Damaged),
        ("plain-salt", "another salt", 13, &[0x11], Damaged),
        ("plain-commitment", "another commitment", 29, &[0; 32], Damaged),
        ("plain-zeroed", "a lock that was erased", 0, &[0; 61], Damaged),
    ];
    let locked_flips: [(_, _, usize, &[u8], _); 18] = [
        ("locked-version", "version 2", 0, &[2], Damaged),
        ("locked-kid", "no such master key", 1, &[0; 4], NoKey),
        ("locked-flags", "no passphrase, but a kdf", 5, &[0], Damaged),
        ("locked-flags-unknown", "a bit that has no meaning", 5, &[3], Damaged),
        ("locked-kdf", "an unknown kdf", 6, &[2], Damaged),
        ("locked-kdf-none", "a passphrase, but no kdf", 6, &[0], Damaged),
        ("locked-m", "within bounds, but another", 7, &[0, 0, 0x4c, 1], WrongPassphrase),
        ("locked-t", "within bounds, but another", 11, &[3], WrongPassphrase),
        ("locked-p", "within bounds, but another", 12, &[2], WrongPassphrase),
        ("locked-m-below", "19,455 KiB", 7, &[0, 0, 0x4b, 0xff], Damaged),
        ("locked-m-above", "262,145 KiB", 7, &[0, 4, 0, 1], Damaged),
        ("locked-t-below", "one pass", 11, &[1], Damaged),
        ("locked-t-above", "seven passes", 11, &[7], Damaged),
        ("locked-p-below", "no lane", 12, &[0], Damaged),
        ("locked-p-above", "five lanes", 12, &[5], Damaged),
        ("locked-salt", "another salt", 13, &[0x11], WrongPassphrase),
        ("locked-commitment", "can't be told from a wrong passphrase", 60, &[0], WrongPassphrase),
        ("locked-downgraded", "no passphrase, in the lock and the record", 5, &[0; 8], Damaged),
    ];
    let flip = |seal: &ContentSeal, (name, why, at, bytes, verdict): (&str, &str, usize, &[u8], _)| {
        let given = read(seal, |read| {
            read.record.lock.0[at..at + bytes.len()].copy_from_slice(bytes);
            if name == "locked-downgraded" {
                read.record.passphrase_required = false;
            }
        });
        refused(&format!("lock-{name}"), why, given, verdict)
    };
    let plain = plain_flips.map(|case| flip(&plain(), case));
    let locked = locked_flips.map(|case| flip(&locked(), case));
    plain.into_iter().chain(locked).chain(other_kids()).collect()
}

/// The kid of another key of the same ring.
fn other_kids() -> [Recipe; 2] {
    let Verdict::Ok(kid) = (KidOf { key_file: ROTATED.into() }).answer() else { unreachable!() };
    let swap = |read: &mut ContentOpen| {
        read.key_file = ROTATED.into();
        read.record.lock.0[1..5].copy_from_slice(&kid.0);
    };
    let why = "the kid of another key of the ring";
    [
        refused("lock-plain-kid-other", why, read(&plain(), swap), Verdict::Damaged),
        refused("lock-locked-kid-other", why, read(&locked(), swap), Verdict::WrongPassphrase),
    ]
}

fn bodies() -> Vec<Recipe> {
    let body = |name, why, change: &dyn Fn(&mut Vec<u8>)| {
        refused(name, why, read(&plain(), |read| change(&mut read.record.body.0)), Verdict::Damaged)
    };
    let other = ContentSeal { salt: [7; 16].into(), value: "another's".into(), ..plain() };
    vec![
        body("body-first-bit", "one bit", &|body| body[0] ^= 1),
        body("body-padding-bit", "one bit of the padding", &|body| body[63] ^= 0x80),
        body("body-tag-bit", "one bit of the tag", &|body| body[79] ^= 1),
        body("body-cut", "the last byte is lost", &|body| body.truncate(79)),
        body("body-tag-only", "nothing but a tag", &|body| {
            body.drain(..64);
        }),
        body("body-empty", "nothing", &Vec::clear),
        body("body-extended", "a trailing byte", &|body| body.push(0)),
        body("body-extended-block", "a trailing block of 64", &|body| body.extend([0; 64])),
        body("body-of-another", "another record's body", &|body| *body = other.seal().body.0),
        refused(
            "body-locked-bit",
            "with the right passphrase it is damage, not a wrong guess",
            read(&locked(), |read| read.record.body.0[0] ^= 1),
            Verdict::Damaged,
        ),
    ]
}

fn bindings() -> Vec<Recipe> {
    let bound = |name, why, seal: &ContentSeal, change: &dyn Fn(&mut Stored)| {
        refused(name, why, read(seal, |read| change(&mut read.record)), Verdict::Damaged)
    };
    vec![
        bound("bound-id", "moved to another record", &plain(), &|record| record.id.0[31] ^= 1),
        bound("bound-created", "made earlier", &plain(), &|record| record.created -= 1),
        bound("bound-expires", "a longer life", &plain(), &|record| record.expires += 1),
        bound("bound-kind", "made here, not given", &plain(), &|record| record.made = Made::Generate),
        bound("bound-swapped", "both times, swapped", &plain(), &|record| {
            std::mem::swap(&mut record.created, &mut record.expires);
        }),
        bound("bound-locked-id", "moved, with a passphrase", &locked(), &|record| record.id.0[4] ^= 1),
        bound("bound-locked-expires", "a longer life, with a passphrase", &locked(), &|record| {
            record.expires += 1
        }),
    ]
}

/// Contents with a true seal and a shape that is never written.
fn forged() -> Vec<Recipe> {
    let forged = |name, why, parts: &[&[u8]], length: usize| {
        let mut packed = parts.concat();
        packed.resize(length, 0);
        refused(name, why, plain().reader(&forge(packed)), Verdict::Damaged)
    };
    let mut trailing = [0; 64];
    trailing[63] = 1;
    trailing[..7].copy_from_slice(b"\0\0\0\x02\0ok");
    vec![
        forged("packed-trailing", "trailing bytes that are not zero", &[&trailing], 64),
        forged("packed-unpadded", "no padding", &[b"\0\0\0\x02\0ok"], 7),
        forged("packed-padded-twice", "a step of padding too much", &[b"\0\0\0\x02\0ok"], 128),
        forged("packed-length", "a length beyond the end", &[b"\0\0\0\xff\0ok"], 64),
        forged("packed-domain-length", "a domain beyond the end", &[b"\0\0\0\x02\xffok"], 64),
        forged("packed-not-utf8", "a value that is no text", &[b"\0\0\0\x02\0\xff\xfe"], 64),
        forged("packed-domain-not-utf8", "a domain that is no text", &[b"\0\0\0\x01\x02\xff\xfex"], 64),
        forged("packed-nothing", "no byte at all", &[], 0),
    ]
}

/// Seals packed bytes as [`plain`] would seal its content.
fn forge(mut packed: Vec<u8>) -> Closing {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let seal = plain();
    let ring = keyring(KEYS);
    let lock = seal.seal().lock;
    let header = &lock.0[..29];
    let link = LinkKey::parse(&link()).unwrap();
    let input = [digest::digest(&digest::SHA256, link.expose()).as_ref(), &[0; 32]].concat();
    let master = ring.sealer();
    let master = master.content().expose();
    let mut okm = [0; 76];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, master).extract(&input);
    prk.expand(&[labels::CONTENT, header], Length(76)).unwrap().fill(&mut okm).unwrap();
    let (created, expires) = (seal.created.to_be_bytes(), seal.expires.to_be_bytes());
    let aad = [header, &seal.id.0, &created, &expires, &[0], labels::CONTENT_AAD].concat();
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &okm[..32]).unwrap());
    let nonce = aead::Nonce::try_assume_unique_for_key(&okm[32..44]).unwrap();
    key.seal_in_place_append_tag(nonce, aead::Aad::from(aad), &mut packed).unwrap();
    Closing { lock, body: packed.into() }
}
