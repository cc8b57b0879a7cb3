//! The client: what a person or a script asks of a server, and how the answer is shown.

mod card;
mod input;
mod make;
mod open;
mod profile;
mod target;
mod tell;
mod terminal;
mod told;
mod typed;
mod when;

use anyhow::anyhow;
use waxseal_client::{Client, Error, Refusal};

use crate::args::{ClientCommand, Reach};
use crate::exit::Failure;
use profile::Profiles;
use target::{Environment, Target};

/// Does what `command` says.
pub(crate) fn run(command: &ClientCommand) -> Result<(), Failure> {
    command.stray().map_or(Ok(()), input::refuse_stray)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::other)?.block_on(async {
        match command {
            ClientCommand::Share(share) => make::share(share).await,
            ClientCommand::Generate(generate) => make::generate(generate).await,
            ClientCommand::Reveal(reveal) => open::reveal(reveal).await,
            ClientCommand::Burn(burn) => tell::burn(burn).await,
            ClientCommand::Receipt(look) => tell::receipt(look).await,
            ClientCommand::Recent(ask) => tell::recent(ask).await,
            ClientCommand::Status(ask) => tell::status(ask).await,
        }
    })
}

/// Whom flags, environment and configuration name.
fn target(reach: &Reach) -> Result<Target, Failure> {
    let environment = Environment::read()?;
    let profiles = Profiles::load(environment.configuration.clone())?;
    Target::of(reach, &environment, &profiles)
}

/// What a person can do about it.
fn failed(client: &Client, error: Error) -> Failure {
    match error {
        Error::Refused(refusal) => refused(client, refusal),
        Error::Unreachable { .. } => Failure::unreachable(anyhow!(
            "{error}; nothing was sent. Is that the server you mean? Name it by --server, WAXSEAL_SERVER or a profile"
        )),
        Error::Moved { to: Some(to), .. } => {
            Failure::unreachable(anyhow!("the server moved; if you trust {to}, say --server {to}"))
        }
        Error::Stranger { .. } => {
            Failure::unreachable(anyhow!("{error}; check the URL, which is of the host alone"))
        }
        error => Failure::unreachable(error),
    }
}

fn refused(client: &Client, refusal: Refusal) -> Failure {
    let origin = client.origin();
    match refusal {
        Refusal::Unknown => Failure::unknown(anyhow!(
            "{origin} knows no such secret: it was opened, burned or has ended, or never was"
        )),
        Refusal::Passphrase => Failure::passphrase(anyhow!(
            "the passphrase is wrong or missing; say --passphrase to be asked. Nothing was changed"
        )),
        Refusal::NotAuthorized => Failure::not_authorized(match client.user() {
            Some(user) => {
                anyhow!("{origin} does not know {user} by this token, or the token may not do this")
            }
            None => anyhow!(
                "{origin} wants an account for this; give WAXSEAL_USER and WAXSEAL_TOKEN_FILE, or a profile"
            ),
        }),
        refusal @ Refusal::Limited { .. } => Failure::limited(anyhow!("{refusal}")),
        refusal @ Refusal::Unavailable { .. } => Failure::unreachable(anyhow!("{refusal}")),
        refusal @ Refusal::Other { .. } => Failure::other(anyhow!("{refusal}")),
    }
}
