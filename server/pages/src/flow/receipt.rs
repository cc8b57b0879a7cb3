//! What a creator sees. Looking changes nothing.

use waxseal_core::contract::route::KeyPath;
use waxseal_core::id::{KeyText, MetadataKey};
use waxseal_core::metadata::Metadata;
use waxseal_core::state::State;
use waxseal_core::time::Ttl;
use waxseal_core::vault::Fault;
use zeroize::Zeroizing;

use super::Turn;
use crate::desk::Desk;
use crate::view::{Gone, Receipt, ReceiptState};

/// How long a receipt speaks to someone who has just made it.
const JUST_MADE: Ttl = Ttl::minutes(1);

/// The receipt, or the page for everything that is not there.
pub(crate) async fn show(desk: &Desk<'_>, key: &KeyPath) -> Result<Turn, Fault> {
    match look(desk, key).await? {
        Some(metadata) => of(desk, &metadata).await,
        None => Ok(gone(desk)),
    }
}

/// The metadata that a path's key leads to.
pub(super) async fn look(desk: &Desk<'_>, key: &KeyPath) -> Result<Option<Metadata>, Fault> {
    let Ok(key) = key.metadata_key() else { return Ok(None) };
    desk.vault().look(&key).await
}

/// The page of a secret that is known.
pub(super) async fn of(desk: &Desk<'_>, metadata: &Metadata) -> Result<Turn, Fault> {
    let (key, link) = (metadata.metadata_key.text(), link(desk, metadata));
    let state = match metadata.state {
        State::New => {
            let front = desk.vault().front(&metadata.link_key, desk.client).await?;
            ReceiptState::New { link: &link, locked_until: front.and_then(|front| front.locked_until) }
        }
        State::Received => ReceiptState::Opened { at: metadata.updated },
        State::Burned => ReceiptState::Burned { at: metadata.updated },
        State::Expired => ReceiptState::Expired,
        State::Orphaned => ReceiptState::Orphaned,
    };
    let page = Receipt {
        frame: desk.frame,
        key: key.expose(),
        state,
        just_made: desk.now().since(metadata.created) < JUST_MADE,
        created: metadata.created,
        expires: metadata.expires,
        passphrase_required: metadata.passphrase_required,
        recipients: &metadata.recipients,
        mail: metadata.mail,
    };
    Ok(Turn::page(page.render(), "looked"))
}

/// One page for what is unknown, opened, burned or expired.
pub(super) fn gone(desk: &Desk<'_>) -> Turn {
    Turn::page(Gone { frame: desk.frame }.render(), "gone")
}

/// Back to the receipt.
pub(super) fn see(desk: &Desk<'_>, key: &MetadataKey, word: &'static str) -> Turn {
    Turn::see(desk.in_language(&path(&key.text())), word)
}

/// A receipt's path.
pub(super) fn path(key: &KeyText) -> Zeroizing<String> {
    Zeroizing::new(format!("/receipt/{}", key.expose()))
}

/// The link to share, on the secret's own domain if it has one.
pub(super) fn link(desk: &Desk<'_>, metadata: &Metadata) -> Zeroizing<String> {
    let origin = desk.site().origin(metadata.share_domain.as_deref());
    Zeroizing::new(format!("{origin}/secret/{}", metadata.link_key.text().expose()))
}
