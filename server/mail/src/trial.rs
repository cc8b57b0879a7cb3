//! One message to try it all out, step by step.

use waxseal_core::entropy::{Entropy, draw};
use waxseal_core::recipient::Recipient;

use crate::letter::Letterhead;
use crate::relay::Relay;
use crate::session::{Session, Step, Trouble};
use crate::timing::Timing;

/// Sends one message that holds no link, over a connection of its own, and tells
/// `witness` of each step that succeeded.
///
/// # Errors
/// The [`Trouble`] that ended it.
pub async fn try_out(
    relay: &Relay,
    letterhead: &Letterhead,
    recipient: &Recipient,
    entropy: &dyn Entropy,
    witness: &mut (dyn FnMut(Step) + Send),
) -> Result<(), Trouble> {
    let timing = Timing::default();
    let random: [u8; 16] = draw(entropy).map_err(|error| Trouble::here(error.to_string()))?;
    let id = format!("{:032x}", u128::from_be_bytes(random));
    let letter = letterhead.trial(recipient, &id).map_err(|error| Trouble::here(error.to_string()))?;
    let mut session = Session::open(relay, &timing, witness).await?;
    let delivered = session.deliver(&letter.envelope, &letter.content, &timing, witness).await;
    session.part().await;
    delivered
}

/// Connects, encrypts and signs in, as a delivery would; sends nothing.
///
/// # Errors
/// The [`Trouble`] that ended it.
pub async fn greet(relay: &Relay) -> Result<(), Trouble> {
    let session = Session::open(relay, &Timing::default(), &mut |_| {}).await?;
    session.part().await;
    Ok(())
}
