//! `waxseal burn`, `receipt`, `recent` and `status`.

use std::ffi::OsStr;
use std::io::{self, IsTerminal};

use anyhow::anyhow;
use serde::Serialize;
use waxseal_client::{Client, Error, Key, Kind, Link, Receipt, Refusal};
use waxseal_core::secret::Passphrase;

use super::card::visible;
use super::told::Told;
use super::{failed, input, target, when};
use crate::args::{Ask, Burn, Look};
use crate::exit::Failure;
use crate::{ask, out};

/// Destroys a secret unread.
pub(super) async fn burn(burn: &Burn) -> Result<(), Failure> {
    let link = receipts_link(&burn.link)?;
    let client = target(&burn.reach)?.of_link(&link)?;
    if !burn.yes {
        let warning = format!("{} destroys it; nobody will read it then.", client.origin());
        ask::confirm(false, &warning, "destroy it")?;
    }
    let given = input::passphrase(&burn.passphrased, false)?;
    let receipt = destroy(&client, &link.key, given).await?;
    if burn.json {
        return out::json(&Told::of(client.origin(), &receipt, when::now()).burned());
    }
    out::line("burned: nobody can open it any more")
}

/// Asks for the passphrase, once it is known that there is one.
async fn destroy(client: &Client, key: &Key, given: Option<Passphrase>) -> Result<Receipt, Failure> {
    let may_ask = given.is_none() && io::stdin().is_terminal();
    match client.burn(key, given.as_ref()).await {
        Err(Error::Refused(Refusal::Passphrase)) if may_ask => {
            let asked = input::ask_passphrase("It has a passphrase, which burning needs, too: ", false)?;
            client.burn(key, Some(&asked)).await
        }
        burned => burned,
    }
    .map_err(|error| failed(client, error))
}

/// The link that a secret's creator has.
fn receipts_link(given: &OsStr) -> Result<Link, Failure> {
    let link = input::link(given)?;
    if link.kind == Some(Kind::Secret) {
        return Err(Failure::usage(anyhow!(
            "this is the link that opens the secret; give the receipt's, which ends in /receipt/KEY or /private/KEY"
        )));
    }
    Ok(link)
}

/// What became of a secret.
pub(super) async fn receipt(look: &Look) -> Result<(), Failure> {
    let link = receipts_link(&look.link)?;
    let client = target(&look.reach)?.of_link(&link)?;
    let receipt = client.receipt(&link.key).await.map_err(|error| failed(&client, error))?;
    let now = when::now();
    let told = Told::of(client.origin(), &receipt, now);
    if look.json {
        return out::json(&told);
    }
    lines(&told, &receipt, now).into_iter().try_for_each(out::line)
}

fn lines(told: &Told<'_>, receipt: &Receipt, now: u64) -> Vec<String> {
    let meaning = match told.state {
        "new" | "viewed" => "not opened yet",
        "received" => "opened",
        "burned" => "destroyed unread",
        "expired" => "ended unread",
        "orphaned" => "lost before it was opened",
        _ => "",
    };
    let time = |secs: Option<u64>| secs.map(|secs| when::local(secs, now));
    let rows = [
        ("State", Some(format!("{} ({meaning})", *visible(told.state).0))),
        ("Made", time(receipt.created)),
        ("Opened", time(receipt.received)),
        ("Expires", time(told.expires)),
        ("Passphrase", told.passphrase_required.filter(|needed| *needed).map(|_| "needed".to_owned())),
        ("Message to", Some(told.recipient.join(", ")).filter(|to| !to.is_empty())),
        ("Link", told.link.clone()),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(format!("{name:<12}{}", value?))).collect()
}

/// What the account made.
pub(super) async fn recent(ask: &Ask) -> Result<(), Failure> {
    let client = target(&ask.reach)?.home()?;
    if client.user().is_none() {
        return Err(failed(&client, Error::Refused(Refusal::NotAuthorized)));
    }
    let listed = client.recent().await.map_err(|error| failed(&client, error))?;
    let now = when::now();
    let told: Vec<_> = listed.iter().map(|receipt| Told::of(client.origin(), receipt, now)).collect();
    if ask.json {
        return out::json(&told);
    }
    told.iter().try_for_each(|told| {
        let made = told.created.map_or_else(|| "-".to_owned(), |secs| when::local(secs, now));
        let link = told.receipt_link.as_deref().unwrap_or("-");
        out::line(format_args!("{}\t{made}\t{link}", *visible(told.state).0))
    })
}

#[derive(Serialize)]
struct Standing<'a> {
    server: String,
    status: &'a str,
    account: Option<&'a str>,
}

/// How the server does.
pub(super) async fn status(ask: &Ask) -> Result<(), Failure> {
    let client = target(&ask.reach)?.home()?;
    let standing = client.status().await.map_err(|error| failed(&client, error))?;
    let (server, status) = (client.origin().to_string(), standing.status.as_str());
    if ask.json {
        out::json(&Standing { server, status, account: client.user() })?;
    } else {
        let as_whom = client.user().map_or_else(|| "as a guest".to_owned(), |user| format!("as {user}"));
        out::line(format_args!("{server} is {}, asked {as_whom}", *visible(status).0))?;
    }
    if status == "nominal" { Ok(()) } else { Err(Failure::unreachable(anyhow!("the server is not well"))) }
}
