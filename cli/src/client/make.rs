//! `waxseal share` and `waxseal generate`.

use std::io::{self, IsTerminal};

use anyhow::anyhow;
use serde::Serialize;
use waxseal_client::{Client, Shared, Terms};
use waxseal_core::secret::Plaintext;

use super::card::{self, Style, card};
use super::told::Told;
use super::{failed, input, target, when};
use crate::args::{Generate, Making, Share};
use crate::exit::Failure;
use crate::out;

/// Shares what is handed over. Everything that needs no server is refused before.
pub(super) async fn share(share: &Share) -> Result<(), Failure> {
    let client = target(&share.reach)?.home()?;
    let secret = input::secret(share)?;
    let terms = terms(&share.making)?;
    let shared = client.share(&secret, &terms).await.map_err(|error| failed(&client, error))?;
    show(&client, &share.making, &shared, None)
}

/// Has one made up.
pub(super) async fn generate(generate: &Generate) -> Result<(), Failure> {
    let client = target(&generate.reach)?.home()?;
    let terms = terms(&generate.making)?;
    let made = client.generate(generate.length, &terms).await.map_err(|error| failed(&client, error))?;
    let length = made.value.expose().chars().count();
    if generate.length.is_some_and(|wanted| usize::from(wanted) != length) {
        out::remark(format_args!("this server chooses the length itself: {length} characters"));
    }
    show(&client, &generate.making, &made.shared, Some(&made.value))
}

fn terms(making: &Making) -> Result<Terms, Failure> {
    Ok(Terms {
        passphrase: input::passphrase(&making.passphrased, true)?,
        ttl: making.ttl.map(|span| span.0.secs()),
        recipient: making.recipient.clone(),
        share_domain: making.share_domain.clone(),
    })
}

#[derive(Serialize)]
struct Made<'a> {
    #[serde(flatten)]
    told: Told<'a>,
    /// What became of the message to a recipient.
    mail: Option<&'a str>,
    /// Of a secret that the server made up.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

fn show(client: &Client, making: &Making, shared: &Shared, value: Option<&Plaintext>) -> Result<(), Failure> {
    let now = when::now();
    let told = Told::of(client.origin(), &shared.receipt, now);
    let (mail, value) = (shared.mail.as_deref(), value.map(Plaintext::expose));
    remark_on_terms(making, &shared.receipt.recipient, mail, told.expires.map(|end| end.saturating_sub(now)));
    if making.json {
        return out::json(&Made { told, mail, value });
    }
    let Some(link) = &told.link else {
        return Err(Failure::unreachable(anyhow!("{} gave no key of a link", client.origin())));
    };
    if !io::stdout().is_terminal() {
        return out::line(link);
    }
    if let Some(value) = value {
        out::line(format_args!("Secret      {}\n", *card::visible(value).0))?;
    }
    out::line(card(&told, mail, Style::of_terminal(!making.no_qr), now))
}

/// Servers shorten lives and drop recipients without a word.
fn remark_on_terms(making: &Making, told: &[String], mail: Option<&str>, left: Option<u64>) {
    if let (Some(wanted), Some(left)) = (making.ttl.map(|span| span.0.secs()), left) {
        // The answer took its time.
        const WHILE: u64 = 60;
        if left + WHILE < wanted {
            out::remark(format_args!("the server keeps it for {left} seconds only, not for {wanted}"));
        }
    }
    if making.recipient.is_some() && told.is_empty() {
        out::remark("the server took no recipient: hand the link over yourself");
    } else if let Some(mail @ ("failed" | "not-configured" | "over-quota")) = mail {
        out::remark(format_args!("no message goes to the recipient ({mail}): hand the link over yourself"));
    }
}
