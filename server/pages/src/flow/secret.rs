//! Opening a secret: a page that tells what will happen, and its form. The value is
//! the answer to the POST, which no cache keeps and no going back brings again.

use waxseal_core::contract::route::KeyPath;
use waxseal_core::id::LinkKey;
use waxseal_core::seal::page::Purpose;
use waxseal_core::store::Action;
use waxseal_core::vault::{Fault, Reveal};

use super::{Turn, confirm, receipt};
use crate::Visit;
use crate::desk::Desk;
use crate::form::Confirmed;
use crate::view::{Confirm, Front, Lost, Refusal, Shown, What};

/// What may be said before anyone opens it.
pub(crate) async fn front(desk: &Desk<'_>, key: &KeyPath) -> Result<Turn, Fault> {
    match key.link_key() {
        Ok(link) => again(desk, &link, None).await,
        Err(_) => Ok(receipt::gone(desk)),
    }
}

/// Opens it, if the form is one that this server gave out.
pub(crate) async fn reveal(desk: &Desk<'_>, key: &KeyPath, visit: Visit<'_>) -> Result<Turn, Fault> {
    let Ok(link) = key.link_key() else { return Ok(receipt::gone(desk)) };
    if desk.foreign {
        return again(desk, &link, Some(Refusal::Foreign)).await;
    }
    if let Some(refusal) = desk.refusal(Action::Reveal).await? {
        return Ok(refusal);
    }
    let Ok(form) = Confirmed::read(visit) else { return Ok(desk.trouble(What::BadRequest, "refused")) };
    let id = desk.vault().keyring().record_id(&link);
    if let Err(refusal) = confirm::check(desk, Purpose::Reveal, &id, &form) {
        return again(desk, &link, Some(refusal)).await;
    }
    match desk.vault().reveal(&link, form.passphrase, desk.client).await? {
        Reveal::Shown(opened) => {
            let page = Shown { frame: desk.frame_to_stay(), value: opened.value.expose() };
            Ok(Turn::page(page.render(), "revealed"))
        }
        Reveal::Refused { remaining } => {
            again(desk, &link, Some(Refusal::WrongPassphrase { left: remaining })).await
        }
        Reveal::LockedOut { until } => again(desk, &link, Some(Refusal::LockedOut { until })).await,
        Reveal::Gone => Ok(receipt::gone(desk)),
        Reveal::Lost => Ok(Turn::page(Lost { frame: desk.frame_to_stay() }.render(), "lost the race")),
    }
}

/// The page before opening, as long as there is something to open.
async fn again(desk: &Desk<'_>, link: &LinkKey, refusal: Option<Refusal>) -> Result<Turn, Fault> {
    let Some(front) = desk.vault().front(link, desk.client).await? else { return Ok(receipt::gone(desk)) };
    let (id, key) = (desk.vault().keyring().record_id(link), link.text());
    let (token, check) = confirm::token(desk, Purpose::Reveal, &id);
    let refusal = confirm::until_when(refusal, front.locked_until);
    let locked = front.locked_until.map(|until| Refusal::LockedOut { until });
    let confirm = Confirm {
        key: key.expose(),
        token: &token,
        passphrase_required: front.passphrase_required,
        check: check.as_deref(),
        refusal: refusal.or(locked),
    };
    Ok(confirm::asked(desk, Front { frame: desk.frame, confirm }.render(), refusal))
}
