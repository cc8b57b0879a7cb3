//! What the vectors were made from. An entry without a file gets one by
//! `WAXSEAL_BLESS=1`; a changed entry whose file is there changes nothing.
//!
//! Refusals state their verdict here; an `ok` carries what the crate answers,
//! for `check.py` to judge.

use ring::{aead, digest, hkdf};
use waxseal_core::seal::labels;

use super::kinds::*;

/// A root, and one master key.
const KEYS: &str = "waxseal-key-file 1\n\
    root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978\n\
    key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877 seals\n";
/// The same after `key add` and `key promote`.
const ROTATED: &str = "waxseal-key-file 1\n\
    root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978\n\
    key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877 opens\n\
    key 13579bdf02468ace13579bdf02468ace00112233445566778899aabbccddeeff seals\n";
/// The same after `key retire`.
const RETIRED: &str = "waxseal-key-file 1\n\
    root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978\n\
    key 13579bdf02468ace13579bdf02468ace00112233445566778899aabbccddeeff seals\n";
/// The same master key under another root.
const OTHER_ROOT: &str = "waxseal-key-file 1\n\
    root 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n\
    key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877 seals\n";

const METADATA: &str = "3k8dn2q0z7xw5m1v9c4b6t8r0y2h4jf";
const OTHER_METADATA: &str = "3k8dn2q0z7xw5m1v9c4b6t8r0y2h4jg";
const TOKEN: &str = "5f0e9d8c7b6a594837261504f3e2d1c0bfae9d8c7b6a5948372615f4e3d2c1b0";
const NAME: &str = "alice@example.com";

const SALT: [u8; 16] = *b"\x10\x32\x54\x76\x98\xba\xdc\xfe\x01\x23\x45\x67\x89\xab\xcd\xef";
const USUAL: Cost = Cost { m_kib: 19_456, t: 2, p: 1 };

type Recipe = (String, Vector);

/// Every recipe with the name of its file.
pub(crate) fn all() -> Vec<Recipe> {
    [keys(), key_texts(), key_files(), sealed(), opened(), flips(), bodies(), bindings(), forged(), boxes()]
        .into_iter()
        .flatten()
        .collect()
}

fn ok<G: Given>(name: &str, why: &str, given: G) -> Recipe
where
    Vector: From<Case<G>>,
{
    let verdict = given.answer();
    assert!(matches!(verdict, Verdict::Ok(_)), "{name} is not ok: {verdict:?}");
    (name.into(), Case { why: why.into(), given, verdict }.into())
}

fn refused<G: Given>(name: &str, why: &str, given: G, verdict: Verdict<G::Gives>) -> Recipe
where
    Vector: From<Case<G>>,
{
    (name.into(), Case { why: why.into(), given, verdict }.into())
}

fn link() -> String {
    let Verdict::Ok(text) = (DerivedLinkKey { metadata_key: METADATA.into() }).answer() else {
        unreachable!()
    };
    text
}

fn record_id() -> Hex {
    let Verdict::Ok(id) = (RecordIdOf { key_file: KEYS.into(), link_key: link() }).answer() else {
        unreachable!()
    };
    id
}

fn digest_of_token() -> Hex {
    let given = TokenDigestOf { key_file: KEYS.into(), token: TOKEN.into() };
    let Verdict::Ok(digest) = given.answer() else { unreachable!() };
    digest
}

fn account() -> Hex {
    let given = AccountIdOf { key_file: KEYS.into(), name: NAME.into() };
    let Verdict::Ok(id) = given.answer() else { unreachable!() };
    id
}

fn keys() -> Vec<Recipe> {
    let key_file = || String::from(KEYS);
    let minted = |millis| MintedKey { random: (0xa0..0xb0).collect::<Vec<u8>>().into(), millis };
    let client = |address: &[u8]| ClientIdOf { key_file: key_file(), address: address.into() };
    let named = |name: &str| AccountIdOf { key_file: key_file(), name: name.into() };
    vec![
        ok("key-minted", "128 random bits, then the tick", minted(1_767_225_600_001)),
        ok("key-minted-tick-wraps", "2^33 ms and 2 ms: the tick is 1 again", minted((1 << 33) + 2)),
        ok("link-key", "one way from the metadata key", DerivedLinkKey { metadata_key: METADATA.into() }),
        ok("link-key-of-zeros", "the least metadata key", DerivedLinkKey { metadata_key: "0".repeat(31) }),
        ok("record-id", "by the index key", RecordIdOf { key_file: key_file(), link_key: link() }),
        ok(
            "record-id-other-root",
            "another root leads elsewhere, but the tick stays",
            RecordIdOf { key_file: OTHER_ROOT.into(), link_key: link() },
        ),
        ok("kid", "of the key that seals", KidOf { key_file: key_file() }),
        ok("kid-rotated", "of the key that seals now", KidOf { key_file: ROTATED.into() }),
        ok("account-id", "under the name key", named(NAME)),
        ok("account-id-letter-case", "the same account as in lower case", named("Alice@Example.COM")),
        ok(
            "token-digest",
            "of the token's 64 characters",
            TokenDigestOf { key_file: key_file(), token: TOKEN.into() },
        ),
        ok("client-id-v4", "of the 4 bytes of 192.0.2.7", client(&[192, 0, 2, 7])),
        ok("client-id-v6", "of the 8 bytes of 2001:db8:1:2::/64", client(&[0x20, 1, 0xd, 0xb8, 0, 1, 0, 2])),
        ok(
            "log-id",
            "6 bytes of a keyed hash of the record id",
            LogIdOf { key_file: key_file(), id: record_id() },
        ),
        ok(
            "argon2id",
            "four lanes and three passes",
            Stretched {
                passphrase: "correct horse battery staple".into(),
                salt: SALT.into(),
                cost: Cost { m_kib: 32_768, t: 3, p: 4 },
            },
        ),
        ok(
            "padded",
            "the table of lengths around every step",
            PaddedLengths {
                lengths: vec![
                    0, 1, 63, 64, 65, 127, 128, 129, 960, 961, 1_023, 1_024, 1_025, 1_088, 1_089, 2_047,
                    2_048, 2_049, 4_095, 4_096, 4_097, 9_999, 10_000, 10_005, 16_383, 16_384, 16_385, 65_535,
                    65_536, 65_537, 100_000, 999_999, 1_000_000, 1_048_576, 1_048_577,
                ],
            },
        ),
    ]
}

fn key_texts() -> Vec<Recipe> {
    let text = |text: &str| KeyText { text: text.into() };
    let no = |name, why, shape: &str| refused(name, why, text(shape), Verdict::NotAKey);
    vec![
        ok("key-text-least", "zero", text(&"0".repeat(31))),
        ok(
            "key-text-one",
            "the most significant character comes first",
            text("0000000000000000000000000000001"),
        ),
        ok("key-text-usual", "any key", text(METADATA)),
        ok("key-text-greatest", "2^160 - 1", text("twj4yidkw7a8pn4g709kzmfoaol3x8f")),
        no("key-text-2-to-the-160", "one more than the greatest", "twj4yidkw7a8pn4g709kzmfoaol3x8g"),
        no("key-text-far-above", "31 times z", &"z".repeat(31)),
        no("key-text-empty", "nothing", ""),
        no("key-text-short", "30 characters", &"1".repeat(30)),
        no("key-text-long", "32 characters, though the number is small", &"0".repeat(32)),
        no("key-text-upper-case", "letter case counts", &METADATA.to_uppercase()),
        no("key-text-sign", "no sign", "+k8dn2q0z7xw5m1v9c4b6t8r0y2h4jf"),
        no("key-text-space", "nothing is trimmed", "3k8dn2q0z7xw5m1v9c4b6t8r0y2h4j "),
        no("key-text-not-ascii", "31 bytes, but not of the alphabet", "é8dn2q0z7xw5m1v9c4b6t8r0y2h4jf"),
        no("key-text-wide-digits", "31 characters, but digits of another script", &"\u{ff11}".repeat(31)),
    ]
}

fn key_files() -> Vec<Recipe> {
    let root = "root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978";
    let key = "key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877";
    let kid = |key_file: &str| {
        let Verdict::Ok(kid) = (KidOf { key_file: key_file.into() }).answer() else { unreachable!() };
        kid
    };
    let kids = || vec![kid(KEYS), kid(ROTATED), Hex::from([0; 4])];
    let file = |text: String| KeyFileText { text, kids: kids() };
    let no = |name, why, text: String, reason: &str| {
        refused(name, why, file(text), Verdict::Refused(reason.into()))
    };
    vec![
        ok("key-file", "one root, one key", file(KEYS.into())),
        ok("key-file-rotated", "an older key still opens", file(ROTATED.into())),
        ok(
            "key-file-loose",
            "comments, blank lines, CR LF, spaces and upper-case digits",
            file(format!(
                "# mine\r\n\r\n  waxseal-key-file 1\r\n{}\r\n# a note\r\n\t{key}  seals",
                root.to_uppercase().replace("ROOT", "root")
            )),
        ),
        no("key-file-empty", "nothing", String::new(), "format"),
        no("key-file-no-format", "the first entry must name it", format!("{root}\n{key} seals\n"), "format"),
        no(
            "key-file-version-2",
            "an unknown version",
            format!("waxseal-key-file 2\n{root}\n{key} seals\n"),
            "format",
        ),
        no("key-file-no-root", "a root must be there", format!("waxseal-key-file 1\n{key} seals\n"), "roots"),
        no(
            "key-file-two-roots",
            "one only",
            format!("waxseal-key-file 1\n{root}\n{root}\n{key} seals\n"),
            "roots",
        ),
        no(
            "key-file-none-seals",
            "one key must seal",
            format!("waxseal-key-file 1\n{root}\n{key} opens\n"),
            "sealing keys",
        ),
        no("key-file-two-seal", "one only", ROTATED.replace("opens", "seals"), "sealing keys"),
        no("key-file-repeated", "the same key twice", format!("{KEYS}{key} opens\n"), "repeated in line 4"),
        no("key-file-short-key", "63 digits", KEYS.replace("8877 ", "887 "), "line 3"),
        no("key-file-not-hexadecimal", "a letter g", KEYS.replace("c4e1", "c4g1"), "line 3"),
        no("key-file-other-word", "neither seals nor opens", KEYS.replace("seals", "sealing"), "line 3"),
        no("key-file-trailing-word", "a fourth word", KEYS.replace("seals", "seals now"), "line 3"),
    ]
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
    let link = waxseal_core::id::LinkKey::parse(&link()).unwrap();
    let input = [digest::digest(&digest::SHA256, link.expose()).as_ref(), &[0; 32]].concat();
    let master = ring.content_key(ring.sealing()).unwrap().expose();
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

fn boxed(place: Place, content: &[u8]) -> BoxSeal {
    BoxSeal { key_file: KEYS.into(), place, salt: SALT.into(), content: content.into() }
}

fn info_box() -> BoxSeal {
    boxed(Place::Info { metadata_key: METADATA.into(), id: record_id() }, INFO)
}

fn own_box() -> BoxSeal {
    boxed(Place::Own { list_key: [0x5a; 32].into(), id: record_id() }, &[0x4d; 20])
}

fn wrap_box() -> BoxSeal {
    boxed(Place::Wrap { token: TOKEN.into(), digest: digest_of_token() }, &[0x5a; 32])
}

const INFO: &[u8] = b"\x11alice@example.com\x01\x12bo*****@e*****.com\x13secrets.example.com";

fn boxes() -> Vec<Recipe> {
    let name_box = || boxed(Place::Name { account: account() }, NAME.as_bytes());
    let layout = |bytes: &[u8]| InfoLayout { bytes: bytes.into() };
    let bad = |name, why, bytes: &[u8]| refused(name, why, layout(bytes), Verdict::Damaged);
    let sealed = [
        ok("box-info", "what metadata shows", info_box()),
        ok("box-info-guest", "a guest's: three zero bytes", BoxSeal { content: [0; 3].into(), ..info_box() }),
        ok("box-info-rotated", "under the newer key", BoxSeal { key_file: ROTATED.into(), ..info_box() }),
        ok("box-own", "a metadata key, for the account's list", own_box()),
        ok("box-wrap", "the list key, for one token", wrap_box()),
        ok("box-name", "an account's name", name_box()),
        ok("box-check", "the store's check value", boxed(Place::Check {}, CHECK_TEXT)),
        ok("info-layout", "all three", layout(INFO)),
        ok("info-layout-guest", "none", layout(&[0; 3])),
        ok("info-layout-two", "two recipients, one of them empty", layout(b"\0\x02\x01a\0\0")),
        bad("info-layout-cut", "the domain is lost", b"\0\0"),
        bad("info-layout-extended", "a trailing byte", b"\0\0\0\0"),
        bad("info-layout-count", "a recipient too few", b"\0\x02\x01a\0"),
        bad("info-layout-not-utf8", "no text", b"\x01\xff\0\0"),
    ];
    sealed.into_iter().chain(closed_boxes()).chain(moved_boxes()).collect()
}

fn broken(seal: &BoxSeal, change: impl FnOnce(&mut BoxOpen)) -> BoxOpen {
    let Verdict::Ok(sealed) = seal.answer() else { unreachable!() };
    let mut open = BoxOpen { key_file: seal.key_file.clone(), place: seal.place.clone(), sealed };
    change(&mut open);
    open
}

/// Boxes whose bytes were changed.
fn closed_boxes() -> Vec<Recipe> {
    let closed = |name, why, seal: &BoxSeal, change: &dyn Fn(&mut Vec<u8>)| {
        refused(name, why, broken(seal, |open| change(&mut open.sealed.0)), Verdict::Closed)
    };
    let check = boxed(Place::Check {}, CHECK_TEXT);
    let name = boxed(Place::Name { account: account() }, NAME.as_bytes());
    vec![
        closed("box-version", "version 2", &info_box(), &|sealed| sealed[0] = 2),
        closed("box-own-version", "version 0", &own_box(), &|sealed| sealed[0] = 0),
        closed("box-own-kid", "a kid where the root is the key", &own_box(), &|sealed| sealed[1] = 1),
        closed("box-salt", "another salt", &own_box(), &|sealed| sealed[5] ^= 1),
        closed("box-content", "one bit of the content", &wrap_box(), &|sealed| sealed[21] ^= 1),
        closed("box-name-content", "one bit of the name", &name, &|sealed| sealed[21] ^= 0x20),
        closed("box-tag", "one bit of the tag", &check, &|sealed| *sealed.last_mut().unwrap() ^= 1),
        closed("box-cut", "the last byte is lost", &wrap_box(), &|sealed| {
            sealed.pop();
        }),
        closed("box-cut-in-tag", "shorter than a tag", &info_box(), &|sealed| sealed.truncate(36)),
        closed("box-cut-in-head", "shorter than its head", &own_box(), &|sealed| sealed.truncate(20)),
        closed("box-empty", "nothing", &check, &Vec::clear),
        closed("box-extended", "a trailing byte", &info_box(), &|sealed| sealed.push(0)),
        refused(
            "box-kid",
            "no such master key",
            broken(&info_box(), |open| open.sealed.0[1..5].fill(0)),
            Verdict::NoKey,
        ),
    ]
}

/// Boxes opened with another key or in another place.
fn moved_boxes() -> Vec<Recipe> {
    let closed = |name, why, seal: &BoxSeal, change: &dyn Fn(&mut BoxOpen)| {
        refused(name, why, broken(seal, change), Verdict::Closed)
    };
    let other_root = |open: &mut BoxOpen| open.key_file = OTHER_ROOT.into();
    let hashed = digest::digest(&digest::SHA256, TOKEN.as_bytes());
    let twin = boxed(Place::Own { list_key: hashed.into(), id: digest_of_token() }, &[0x4d; 20]);
    let wrap = |open: &mut BoxOpen| open.place = wrap_box().place;
    let other_id = || Hex::from([9; 32]);
    let name = boxed(Place::Name { account: account() }, NAME.as_bytes());
    vec![
        closed("box-label", "an own box as a wrap box: only the label differs", &twin, &wrap),
        closed("box-info-secret", "another metadata key", &info_box(), &|open| {
            open.place = Place::Info { metadata_key: OTHER_METADATA.into(), id: record_id() };
        }),
        closed("box-info-context", "another record", &info_box(), &|open| {
            open.place = Place::Info { metadata_key: METADATA.into(), id: other_id() };
        }),
        closed("box-own-secret", "another account's list key", &own_box(), &|open| {
            open.place = Place::Own { list_key: [0x5b; 32].into(), id: record_id() };
        }),
        closed("box-own-context", "another record", &own_box(), &|open| {
            open.place = Place::Own { list_key: [0x5a; 32].into(), id: other_id() };
        }),
        closed("box-wrap-secret", "another token", &wrap_box(), &|open| {
            open.place = Place::Wrap { token: TOKEN.replace('5', "6"), digest: digest_of_token() };
        }),
        closed("box-wrap-context", "another digest", &wrap_box(), &|open| {
            open.place = Place::Wrap { token: TOKEN.into(), digest: other_id() };
        }),
        closed("box-name-context", "another account", &name, &|open| {
            open.place = Place::Name { account: [9; 16].into() };
        }),
        closed("box-own-root", "another root", &own_box(), &other_root),
        closed("box-name-root", "another root", &name, &other_root),
        closed(
            "box-check-root",
            "another root: another key file's store",
            &boxed(Place::Check {}, CHECK_TEXT),
            &other_root,
        ),
    ]
}
