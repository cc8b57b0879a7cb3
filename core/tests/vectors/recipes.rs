//! What the vectors were made from. An entry without a file gets one by
//! `WAXSEAL_BLESS=1`; a changed entry whose file is there changes nothing.
//!
//! Refusals state their verdict here; an `ok` carries what the crate answers,
//! for `check.py` to judge.

use super::kinds::*;
use super::{recipes_boxes, recipes_content, recipes_pages};

/// A root, and one master key.
pub(crate) const KEYS: &str = "waxseal-key-file 1\n\
    root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978\n\
    key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877 seals\n";
/// The same after `key add` and `key promote`.
pub(crate) const ROTATED: &str = "waxseal-key-file 1\n\
    root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978\n\
    key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877 opens\n\
    key 13579bdf02468ace13579bdf02468ace00112233445566778899aabbccddeeff seals\n";
/// The same after `key retire`.
pub(crate) const RETIRED: &str = "waxseal-key-file 1\n\
    root 8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978\n\
    key 13579bdf02468ace13579bdf02468ace00112233445566778899aabbccddeeff seals\n";
/// The same master key under another root.
pub(crate) const OTHER_ROOT: &str = "waxseal-key-file 1\n\
    root 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\n\
    key c4e1a2b3958677f0e1d2c3b4a5968778695a4b3c2d1e0fffeeddccbbaa998877 seals\n";

pub(crate) const METADATA: &str = "3k8dn2q0z7xw5m1v9c4b6t8r0y2h4jf";
pub(crate) const OTHER_METADATA: &str = "3k8dn2q0z7xw5m1v9c4b6t8r0y2h4jg";
pub(crate) const TOKEN: &str = "5f0e9d8c7b6a594837261504f3e2d1c0bfae9d8c7b6a5948372615f4e3d2c1b0";
pub(crate) const NAME: &str = "alice@example.com";

pub(crate) const SALT: [u8; 16] = *b"\x10\x32\x54\x76\x98\xba\xdc\xfe\x01\x23\x45\x67\x89\xab\xcd\xef";
pub(crate) const USUAL: Cost = Cost { m_kib: 19_456, t: 2, p: 1 };

pub(crate) type Recipe = (String, Vector);

/// Every recipe with the name of its file.
pub(crate) fn all() -> Vec<Recipe> {
    [keys(), key_texts(), key_files(), recipes_content::all(), recipes_boxes::all(), recipes_pages::all()]
        .into_iter()
        .flatten()
        .collect()
}

pub(crate) fn ok<G: Given>(name: &str, why: &str, given: G) -> Recipe
where
    Vector: From<Case<G>>,
{
    let verdict = given.answer();
    assert!(matches!(verdict, Verdict::Ok(_)), "{name} is not ok: {verdict:?}");
    (name.into(), Case { why: why.into(), given, verdict }.into())
}

pub(crate) fn refused<G: Given>(name: &str, why: &str, given: G, verdict: Verdict<G::Gives>) -> Recipe
where
    Vector: From<Case<G>>,
{
    (name.into(), Case { why: why.into(), given, verdict }.into())
}

pub(crate) fn link() -> String {
    let Verdict::Ok(text) = (DerivedLinkKey { metadata_key: METADATA.into() }).answer() else {
        unreachable!()
    };
    text
}

pub(crate) fn record_id() -> Hex {
    let Verdict::Ok(id) = (RecordIdOf { key_file: KEYS.into(), link_key: link() }).answer() else {
        unreachable!()
    };
    id
}

pub(crate) fn digest_of_token() -> Hex {
    let given = TokenDigestOf { key_file: KEYS.into(), token: TOKEN.into() };
    let Verdict::Ok(digest) = given.answer() else { unreachable!() };
    digest
}

pub(crate) fn account() -> Hex {
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
