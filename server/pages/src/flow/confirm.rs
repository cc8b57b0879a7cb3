//! What opening and destroying have in common: a page whose form carries a token.

use waxseal_core::id::RecordId;
use waxseal_core::seal::page::Purpose;
use waxseal_core::time::Timestamp;

use super::Turn;
use crate::desk::Desk;
use crate::form::Confirmed;
use crate::view::{Page, Refusal};

/// Whether a form is one that this server gave out for this record, filled in by a
/// person where that is asked for. Nothing was done if not.
pub(super) fn check(
    desk: &Desk<'_>,
    purpose: Purpose,
    id: &RecordId,
    form: &Confirmed,
) -> Result<(), Refusal> {
    let token = desk.key().read_token(&form.token, purpose, id, desk.tick());
    let token = token.ok_or(Refusal::TokenExpired)?;
    if desk.pages.typed_check && !desk.key().is_typed(&token, &form.check) {
        return Err(Refusal::WrongCheck);
    }
    Ok(())
}

/// A fresh token, and what is to be typed beside it, if that is asked for.
pub(super) fn token(desk: &Desk<'_>, purpose: Purpose, id: &RecordId) -> (String, Option<String>) {
    let token = desk.key().token(purpose, id, desk.tick());
    (token.to_string(), desk.pages.typed_check.then(|| desk.key().check(&token)))
}

/// The guess that used up the last one is told when to come again.
pub(super) fn until_when(refusal: Option<Refusal>, locked_until: Option<Timestamp>) -> Option<Refusal> {
    match (refusal, locked_until) {
        (Some(Refusal::WrongPassphrase { left: 0 }), Some(until)) => Some(Refusal::LockedOut { until }),
        _ => refusal,
    }
}

/// The page that asks, with why the last try did nothing. Whoever only looks is
/// answered 200, locked out or not.
pub(super) fn asked(desk: &Desk<'_>, page: Page, refusal: Option<Refusal>) -> Turn {
    match refusal {
        None => Turn::page(page, "asked").status_of(200),
        Some(Refusal::Foreign) => Turn::page(page, "refused").status_of(403),
        Some(Refusal::WrongPassphrase { .. }) => Turn::page(page, "wrong passphrase"),
        Some(Refusal::LockedOut { until }) => {
            Turn::page(page, "locked out").retry_after(until.since(desk.now()))
        }
        Some(Refusal::TokenExpired | Refusal::WrongCheck) => Turn::page(page, "refused"),
    }
}
