//! Small boxes of all five sorts: sealed, changed and moved.

use ring::{digest, hkdf};
use waxseal_core::seal::boxes::{self, Terms};
use waxseal_core::seal::labels;
use waxseal_core::secret::KeyBytes;

use super::answers::{CHECK_TEXT, Fixed};
use super::kinds::*;
use super::recipes::*;

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

/// Every recipe for a box.
pub(crate) fn all() -> Vec<Recipe> {
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
    sealed.into_iter().chain(closed_boxes()).chain(moved_boxes()).chain([forged_check()]).collect()
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

/// A check box with a true seal and another text in it.
fn forged_check() -> Recipe {
    let root: Vec<u8> = (1..=32).collect();
    let prk = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, &root);
    let mut key = [0; 32];
    prk.expand(&[labels::CHECK], hkdf::HKDF_SHA256).unwrap().fill(&mut key).unwrap();
    let purpose = KeyBytes::from(key);
    let terms = Terms { purpose: &purpose, secret: &[0; 32], label: labels::CHECK, context: b"check" };
    let sealed =
        boxes::seal(&terms, boxes::ROOT, b"waxseal store check 2", &Fixed::from(&SALT.into())).unwrap();
    let open = BoxOpen { key_file: OTHER_ROOT.into(), place: Place::Check {}, sealed: Hex(sealed) };
    refused("box-check-text", "the right key, but another constant", open, Verdict::Closed)
}
