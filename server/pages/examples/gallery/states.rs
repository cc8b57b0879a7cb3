//! Every state of every page, as plain data: what the gallery shows and the tests look at.

use waxseal_core::store::MailState;
use waxseal_core::time::{Timestamp, Ttl};
use waxseal_locale::Words;
use waxseal_pages::view::{
    Brand, BurnConfirm, Closed, Confirm, Create, Frame, Front, Generated, Gone, Limits, Lost, Page, Problem,
    Receipt, ReceiptState, Refusal, Region, Shown, Trouble, Typed, What,
};

const KEY: &str = "0f8k2m4p6r8t0v2x4z6b8d0f2h4j6l8";
pub(crate) const LINK: &str = "https://secrets.example.com/secret/0f8k2m4p6r8t0v2x4z6b8d0f2h4j6l8";
// As long as real ones.
const REQUEST: &str = "3f9a1c7e5b2d8046";
const NONCE: &str = "00a1b2c3d4e5f60718293a4b5c6d7e8f900a1b2c3d4e5f60718293a4b5c6d7e8f9001122";
const TOKEN: &str = "0100a1b2c3d4e5f60718293a4b5c6d7e8f900a1b2c";
const NOW: Timestamp = Timestamp::from_secs(1_795_400_000);
pub(crate) const VALUE: &str =
    "postgres://billing:V7q$k2!mX9(Rt4@db.example.com:5432/billing\n\nValid from Monday.";

/// A frame with all that a frame can have.
pub(crate) fn framed<'a>(words: &'static Words, accent: &'a str) -> Frame<'a> {
    const REGIONS: &[Region<'_>] = &[Region { label: "United States", url: "https://us.example.com/" }];
    Frame {
        words,
        chosen: false,
        brand: Brand { name: "Waxseal", accent, footer: Some("Example Ltd · security@example.com") },
        region: Some(Region { label: "European Union", url: "https://eu.example.com/" }),
        regions: REGIONS,
        offers_languages: true,
    }
}

/// Every state, with its name.
pub(crate) fn all(frame: &Frame<'_>) -> Vec<(&'static str, Page)> {
    [creating(frame), reading(frame), troubles(frame)].into_iter().flatten().collect()
}

/// The pages that one secret leads through.
pub(crate) const FLOW: [&str; 4] = ["create", "receipt-ready", "front", "shown"];

fn creating(frame: &Frame<'_>) -> Vec<(&'static str, Page)> {
    let lifetimes = [5, 30, 60, 720, 1_440, 4_320, 10_080].map(Ttl::minutes);
    let limits = Limits { secret_max: 10_000, passphrase_min: 0, passphrase_required: false };
    let create = |problems, typed, limits| {
        let chosen = Ttl::days(7);
        Create {
            frame: *frame,
            nonce: NONCE,
            lifetimes: &lifetimes,
            chosen,
            limits,
            typed,
            problems,
            request_id: REQUEST,
        }
        .render()
    };
    let typed = Typed { secret: "\n</textarea><b>\"bold\"</b>", passphrase: "abc" };
    let strict = Limits { passphrase_min: 8, passphrase_required: true, ..limits };
    let problems = [Problem::SecretTooLarge { max: 10_000 }, Problem::PassphraseTooShort { min: 8 }];
    let receipt = |state, just_made| receipt(frame, state, just_made, MailState::None, &[]).render();
    let waiting = ReceiptState::New { link: LINK, locked_until: None };
    let locked = ReceiptState::New { link: LINK, locked_until: Some(NOW.plus(Ttl::minutes(30))) };
    let recipients = ["al*****@e*****.com".to_owned()];
    let mailed = |mail| receipt_mailed(frame, waiting, mail, &recipients);
    vec![
        ("create", create(&[], Typed::default(), limits)),
        ("create-errors", create(&problems, typed, strict)),
        ("create-expired", create(&[Problem::FormExpired], typed, limits)),
        ("create-refused", create(&[Problem::NotStored], typed, limits)),
        ("closed", Closed { frame: *frame }.render()),
        ("generated", generated(frame)),
        ("receipt-ready", receipt(waiting, true)),
        ("receipt-waiting", receipt(waiting, false)),
        ("receipt-locked", receipt(locked, false)),
        ("receipt-opened", receipt(ReceiptState::Opened { at: NOW }, false)),
        ("receipt-burned", receipt(ReceiptState::Burned { at: NOW }, true)),
        ("receipt-expired", receipt(ReceiptState::Expired, false)),
        ("receipt-orphaned", receipt(ReceiptState::Orphaned, false)),
        ("receipt-mail-queued", mailed(MailState::Queued)),
        ("receipt-mail-sent", mailed(MailState::Sent)),
        ("receipt-mail-failed", mailed(MailState::Failed)),
        ("receipt-mail-off", mailed(MailState::NotConfigured)),
        ("burn", burn(frame, None)),
        ("burn-wrong", burn(frame, Some(Refusal::WrongPassphrase { left: 1 }))),
        ("burn-locked", burn(frame, Some(Refusal::LockedOut { until: NOW.plus(Ttl::minutes(30)) }))),
    ]
}

fn generated(frame: &Frame<'_>) -> Page {
    let (value, expires) = ("k7$Rw(2mQz!x", NOW.plus(Ttl::days(7)));
    let frame = Frame { offers_languages: false, ..*frame };
    Generated { frame, value, link: LINK, receipt: "/receipt/1", expires }.render()
}

fn receipt<'a>(
    frame: &Frame<'a>,
    state: ReceiptState<'a>,
    just_made: bool,
    mail: MailState,
    recipients: &'a [String],
) -> Receipt<'a> {
    let expires = NOW.plus(Ttl::days(7));
    let (frame, created, passphrase_required) = (*frame, NOW, true);
    Receipt { frame, key: KEY, state, just_made, created, expires, passphrase_required, recipients, mail }
}

fn receipt_mailed(frame: &Frame<'_>, state: ReceiptState<'_>, mail: MailState, to: &[String]) -> Page {
    receipt(frame, state, false, mail, to).render()
}

fn confirm(passphrase_required: bool, check: Option<&str>, refusal: Option<Refusal>) -> Confirm<'_> {
    Confirm { key: KEY, token: TOKEN, passphrase_required, check, refusal }
}

fn burn(frame: &Frame<'_>, refusal: Option<Refusal>) -> Page {
    BurnConfirm { frame: *frame, confirm: confirm(true, None, refusal) }.render()
}

fn reading(frame: &Frame<'_>) -> Vec<(&'static str, Page)> {
    let front = |passphrase_required, check, refusal| {
        Front { frame: *frame, confirm: confirm(passphrase_required, check, refusal) }.render()
    };
    let alone = Frame { offers_languages: false, ..*frame };
    let long = "-----BEGIN EXAMPLE-----\n".to_owned()
        + &"bG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQgY29uc2VjdGV0dXIgYWRpcGlz\n".repeat(40);
    vec![
        ("front", front(false, None, None)),
        ("front-passphrase", front(true, None, None)),
        ("front-wrong", front(true, None, Some(Refusal::WrongPassphrase { left: 4 }))),
        ("front-locked", front(true, None, Some(Refusal::LockedOut { until: NOW.plus(Ttl::minutes(30)) }))),
        ("front-check", front(false, Some("K7Q"), None)),
        ("front-check-wrong", front(true, Some("R3M"), Some(Refusal::WrongCheck))),
        ("front-expired", front(false, None, Some(Refusal::TokenExpired))),
        ("front-foreign", front(false, None, Some(Refusal::Foreign))),
        ("shown", Shown { frame: alone, value: VALUE }.render()),
        ("shown-long", Shown { frame: alone, value: &long }.render()),
        ("lost", Lost { frame: *frame }.render()),
        ("gone", Gone { frame: *frame }.render()),
    ]
}

fn troubles(frame: &Frame<'_>) -> Vec<(&'static str, Page)> {
    let trouble = |what| Trouble { frame: *frame, what, request_id: REQUEST }.render();
    vec![
        ("trouble-400", trouble(What::BadRequest)),
        ("trouble-404", trouble(What::NotFound)),
        ("trouble-413", trouble(What::TooLarge)),
        ("trouble-429", trouble(What::TooMany { retry_after: Ttl::minutes(12) })),
        ("trouble-503-not-stored", trouble(What::NotStored)),
        ("trouble-503-unreached", trouble(What::Unreached)),
        ("trouble-503-unsure", trouble(What::Unsure)),
        ("trouble-503-undecipherable", trouble(What::Undecipherable)),
    ]
}
