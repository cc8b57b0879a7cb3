//! What pages put into their forms: tokens, nonces, and the keys they lead to.

use super::kinds::*;
use super::recipes::*;

/// When the pages of these vectors were shown.
const SHOWN: u64 = 1_767_225_600_001;
/// The wrap of the tick, a second after.
const WRAP: u64 = 401 * (1 << 33) - 1_000;
const HOUR: u64 = 3_600_000;

/// Every recipe for a page.
pub(crate) fn all() -> Vec<Recipe> {
    [tokens(), forms()].into_iter().flatten().collect()
}

fn made(does: Does, millis: u64) -> PageTokenMade {
    PageTokenMade { key_file: KEYS.into(), does, id: record_id(), millis }
}

/// The token of a page that was shown at `shown`, sent back at `millis`.
fn sent(does: Does, shown: u64, millis: u64) -> PageTokenSent {
    let Verdict::Ok(page) = made(does, shown).answer() else { unreachable!() };
    PageTokenSent { key_file: KEYS.into(), does, id: record_id(), millis, token: page.token }
}

fn tokens() -> Vec<Recipe> {
    use Does::{Burn, Reveal};
    let no = |name, why, given: PageTokenSent| refused(name, why, given, Verdict::Closed);
    let live = || sent(Reveal, SHOWN, SHOWN);
    let with = |token: String| PageTokenSent { token, ..live() };
    let of_version_2 = live().token.replacen("01", "02", 1);
    vec![
        ok("page-token", "of a page that opens", made(Reveal, SHOWN)),
        ok("page-token-burn", "of a page that destroys", made(Burn, SHOWN)),
        ok("page-token-sent", "at once", live()),
        ok("page-token-last", "2 ms before 12 hours are over", sent(Burn, SHOWN, SHOWN + 12 * HOUR - 2)),
        ok("page-token-wraps", "the tick wraps while the page is read", sent(Reveal, WRAP, WRAP + HOUR)),
        ok("page-token-ahead", "made a minute from now", sent(Reveal, SHOWN, SHOWN - 60_000)),
        no("page-token-late", "after 12 hours", sent(Reveal, SHOWN, SHOWN + 12 * HOUR)),
        no("page-token-early", "made two minutes from now", sent(Reveal, SHOWN, SHOWN - 120_000)),
        no("page-token-purpose", "for opening, used to destroy", PageTokenSent { does: Burn, ..live() }),
        no("page-token-record", "another record's", PageTokenSent { id: [8; 32].into(), ..live() }),
        no("page-token-root", "another root's", PageTokenSent { key_file: OTHER_ROOT.into(), ..live() }),
        no("page-token-version", "of a version nobody made", with(of_version_2)),
        no("page-token-empty", "nothing", with(String::new())),
        no("page-token-cut", "a byte short", with(live().token[..40].into())),
        no("page-token-capitals", "written otherwise", with(live().token.to_uppercase())),
    ]
}

fn nonce(millis: u64) -> FormNonceMade {
    let random: Vec<u8> = (0xa0..0xb0).collect();
    FormNonceMade { key_file: KEYS.into(), random: random.into(), millis }
}

/// A form that was shown at [`SHOWN`], sent at `millis`.
fn form(millis: u64, fields: &[&str]) -> FormSent {
    let Verdict::Ok(nonce) = nonce(SHOWN).answer() else { unreachable!() };
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    FormSent { key_file: KEYS.into(), millis, nonce, fields }
}

fn forms() -> Vec<Recipe> {
    let no = |name, why, given: FormSent| refused(name, why, given, Verdict::Closed);
    let live = || form(SHOWN, &["hunter2", "", "604800"]);
    let changed = |at: usize| {
        let mut changed = live();
        let digit = if &changed.nonce[at..=at] == "0" { "1" } else { "0" };
        changed.nonce.replace_range(at..=at, digit);
        changed
    };
    vec![
        ok("form-nonce", "version, tick, random bits, MAC", nonce(SHOWN)),
        ok("form-sent", "the key of what it makes", live()),
        ok(
            "form-sent-later",
            "the same key, whenever it is sent",
            form(SHOWN + HOUR, &["hunter2", "", "604800"]),
        ),
        ok(
            "form-moved",
            "a byte moved to the next field leads elsewhere",
            form(SHOWN, &["hunter", "2", "604800"]),
        ),
        ok("form-no-fields", "nothing but the nonce", form(SHOWN, &[])),
        no("form-late", "after 12 hours", form(SHOWN + 12 * HOUR, &["hunter2"])),
        no("form-tick", "of another time", changed(3)),
        no("form-random", "of other random bits", changed(40)),
        no("form-mac", "another MAC", changed(73)),
        no("form-root", "another root's", FormSent { key_file: OTHER_ROOT.into(), ..live() }),
    ]
}
