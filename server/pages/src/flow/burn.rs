//! Destroying a secret unread: a page that asks, and its form.

use waxseal_core::contract::route::KeyPath;
use waxseal_core::metadata::Metadata;
use waxseal_core::seal::page::Purpose;
use waxseal_core::state::State;
use waxseal_core::vault::{Burn, Fault};

use super::{Turn, confirm, receipt};
use crate::Visit;
use crate::desk::Desk;
use crate::form::Confirmed;
use crate::view::{BurnConfirm, Confirm, Refusal, What};

/// Asks whether it is meant. A secret that has ended shows its receipt.
pub(crate) async fn ask(desk: &Desk<'_>, key: &KeyPath) -> Result<Turn, Fault> {
    again(desk, key, None).await
}

/// Destroys it, if the form is one that this server gave out.
pub(crate) async fn burn(desk: &Desk<'_>, key: &KeyPath, visit: Visit<'_>) -> Result<Turn, Fault> {
    if desk.foreign {
        return again(desk, key, Some(Refusal::Foreign)).await;
    }
    let Ok(form) = Confirmed::read(visit) else { return Ok(desk.trouble(What::BadRequest, "refused")) };
    let Ok(metadata_key) = key.metadata_key() else { return Ok(receipt::gone(desk)) };
    let id = desk.vault().keyring().record_id(&metadata_key.link_key());
    if let Err(refusal) = confirm::check(desk, Purpose::Burn, &id, &form) {
        return again(desk, key, Some(refusal)).await;
    }
    match desk.vault().burn(&metadata_key, form.passphrase, desk.client).await? {
        Burn::Burned(_) => Ok(receipt::see(desk, &metadata_key, "burned")),
        // What became of it instead stands there, if anything is known of it.
        Burn::Gone => receipt::show(desk, key).await,
        Burn::Refused { remaining } => {
            again(desk, key, Some(Refusal::WrongPassphrase { left: remaining })).await
        }
        Burn::LockedOut { until } => again(desk, key, Some(Refusal::LockedOut { until })).await,
    }
}

async fn again(desk: &Desk<'_>, key: &KeyPath, refusal: Option<Refusal>) -> Result<Turn, Fault> {
    match receipt::look(desk, key).await? {
        Some(metadata) if metadata.state == State::New => {
            let front = desk.vault().front(&metadata.link_key, desk.client).await?;
            let refusal = confirm::until_when(refusal, front.and_then(|front| front.locked_until));
            Ok(page(desk, &metadata, refusal))
        }
        Some(metadata) => receipt::of(desk, &metadata).await,
        None => Ok(receipt::gone(desk)),
    }
}

fn page(desk: &Desk<'_>, metadata: &Metadata, refusal: Option<Refusal>) -> Turn {
    let key = metadata.metadata_key.text();
    let id = desk.vault().keyring().record_id(&metadata.link_key);
    let (token, check) = confirm::token(desk, Purpose::Burn, &id);
    let passphrase_required = metadata.passphrase_required;
    let confirm =
        Confirm { key: key.expose(), token: &token, passphrase_required, check: check.as_deref(), refusal };
    confirm::asked(desk, BurnConfirm { frame: desk.frame, confirm }.render(), refusal)
}
