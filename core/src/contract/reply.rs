//! From what came of a request to the exact bytes of its answer. Every failure
//! of v1 has the status 404; the message and `x-ots-intended-status` tell them
//! apart. Faults of the machinery are ours, and never dressed as an unknown secret.

use serde::Serialize;

use super::Reply;
use super::json::{self, HANDLED, UNROUTED};
use super::receipt::{Receipt, View};
use super::refusal::Refusal;
use super::site::Site;
use crate::generate::LONGEST;
use crate::metadata::Metadata;
use crate::secret::Plaintext;
use crate::store::MailState;
use crate::time::{Timestamp, Ttl};
use crate::vault::{Fault, Opened, Outcome};

/// How long a client should wait when the machinery cannot serve: long enough
/// for a store to fail over or a burst of passphrases to be worked off.
pub const PATIENCE: Ttl = Ttl::from_secs(5);

/// Characters of the link key that a burn tells (V1-U1).
const SHORT_KEY_CHARS: usize = 8;

/// What was asked, as far as the answer shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked<'a> {
    /// Keep a value.
    Share,
    /// Make a value and keep it.
    Generate,
    /// Open. The key of the path, as it is echoed.
    Reveal(&'a str),
    /// Show the metadata. The key of the path, as it is echoed.
    Look(&'a str),
    /// Destroy unread.
    Burn {
        /// The key of the path, as it is echoed.
        key: &'a str,
        /// The language of the one message that is translated (V1-C2).
        locale: &'a str,
    },
    /// List.
    Recent,
}

impl<'a> Asked<'a> {
    /// The key that an answer echoes; empty where the path has none.
    const fn key(self) -> &'a str {
        match self {
            Self::Reveal(key) | Self::Look(key) | Self::Burn { key, .. } => key,
            Self::Share | Self::Generate | Self::Recent => "",
        }
    }
}

/// The answer to a command that was carried out, or that found nothing to open.
#[must_use]
pub fn reply(outcome: &Outcome, asked: Asked<'_>, site: &Site, now: Timestamp) -> Reply {
    let kept = |metadata| Receipt::new(metadata, View::Kept, site, now);
    match outcome {
        Outcome::Shared(metadata) => made(metadata, None, site, now),
        Outcome::Generated(metadata, value) => made(metadata, Some(value), site, now),
        Outcome::Revealed(opened) => revealed(opened, asked.key(), site),
        Outcome::Looked(metadata) => ok(&kept(metadata)),
        Outcome::Burned(metadata) => burned(metadata, kept(metadata)),
        Outcome::Recent(list) => listed(list, site, now),
        Outcome::Refused { .. } | Outcome::LockedOut { .. } => closed(asked),
        Outcome::Gone | Outcome::Lost => unknown(asked.key()),
    }
}

/// The answer to `/status` and `/authcheck` (V1-S1).
#[must_use]
pub fn status(locale: &str) -> Reply {
    #[derive(Serialize)]
    struct Status<'a> {
        status: &'static str,
        locale: &'a str,
    }
    ok(&Status { status: "nominal", locale })
}

impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        let bad = |text: &str| intended(400, message(404, text));
        match refusal {
            Refusal::Unrouted => error(404, "Not Found"),
            Refusal::NotAKey => message(404, "Not Found"),
            Refusal::NotAuthorized => intended(401, message(404, "Not authorized")),
            Refusal::Nothing => bad("You did not provide anything to share"),
            Refusal::Breach(breach) => bad(&breach.to_string()),
            Refusal::RecipientNeedsAccount => bad("An account is required to send emails."),
            Refusal::Undeliverable(text) => bad(&format!("Undeliverable email address: {text}")),
            Refusal::UnknownDomain(name) => bad(&format!("Unknown domain: {name}")),
            Refusal::ForeignDomain(name) => bad(&format!("You do not have permission to use domain: {name}")),
            Refusal::LengthTooLarge => {
                bad(&format!("Generated password length must be no more than {LONGEST} characters"))
            }
            Refusal::Unexpected => bad("An unexpected error occurred :["),
            Refusal::Malformed(why) => bad(why),
            Refusal::RateLimited { retry_after } => rate_limited(*retry_after),
        }
    }
}

impl From<&Fault> for Reply {
    fn from(fault: &Fault) -> Self {
        let text = match fault {
            Fault::Unavailable(_) | Fault::Busy | Fault::Entropy(_) => {
                "The service is not available at present. Nothing was changed."
            }
            Fault::Full => "No room is left for another secret at present. Nothing was stored.",
            Fault::Undecipherable(_) => "This secret cannot be opened at present. It has not been used up.",
            Fault::Unconfirmed(_) => "This secret cannot be opened at present. It may have been used up.",
        };
        with(message(503, text), "retry-after", PATIENCE.secs().to_string())
    }
}

fn made(metadata: &Metadata, value: Option<&Plaintext>, site: &Site, now: Timestamp) -> Reply {
    let reply = ok(&Receipt::new(metadata, View::Made(value), site, now));
    let mail = match metadata.mail {
        MailState::None => return reply,
        MailState::NotConfigured => "not-configured",
        MailState::Queued | MailState::Sent | MailState::Failed => "queued",
    };
    with(reply, "x-mail-status", mail.to_owned())
}

/// Where metadata shows a bare host, this shows an origin (V1-G2).
fn revealed(opened: &Opened, key: &str, site: &Site) -> Reply {
    #[derive(Serialize)]
    struct Revealed<'a> {
        value: &'a str,
        secret_key: &'a str,
        share_domain: &'a str,
    }
    let origin = site.origin(opened.share_domain.as_deref());
    ok(&Revealed { value: opened.value.expose(), secret_key: key, share_domain: &origin })
}

fn burned(metadata: &Metadata, receipt: Receipt<'_>) -> Reply {
    #[derive(Serialize)]
    struct Burned<'a> {
        state: Receipt<'a>,
        secret_shortkey: &'a str,
    }
    let key = metadata.link_key.text();
    let short = key.expose().get(..SHORT_KEY_CHARS).unwrap_or_default();
    ok(&Burned { state: receipt, secret_shortkey: short })
}

fn listed(list: &[Metadata], site: &Site, now: Timestamp) -> Reply {
    let lines = list.iter().map(|metadata| Receipt::new(metadata, View::Listed, site, now));
    ok(&lines.collect::<Vec<_>>())
}

/// A wrong passphrase, or too many of them (V1-E18). A stranger with the link
/// learns nothing; its creator is told what is wrong.
fn closed(asked: Asked<'_>) -> Reply {
    match asked {
        Asked::Burn { locale, .. } => intended(400, message(404, wrong_passphrase(locale))),
        other => unknown(other.key()),
    }
}

/// V1-E6, the one message of v1 that is translated.
fn wrong_passphrase(locale: &str) -> &'static str {
    match locale {
        "es" => "Vuelva a comprobar la frase de contraseña",
        "fr" => "Vérifiez la phrase secrète",
        "de" => "Bitte überprüfen Sie die Passphrase",
        "pt" => "Verifique novamente a frase secreta",
        _ => "Double check that passphrase",
    }
}

/// V1-E1 and V1-E2: one answer, whatever the reason.
fn unknown(key: &str) -> Reply {
    #[derive(Serialize)]
    struct Unknown<'a> {
        secret_key: &'a str,
        message: &'static str,
    }
    json::answer(404, HANDLED, &Unknown { secret_key: key, message: "Unknown secret" })
}

fn rate_limited(retry_after: Ttl) -> Reply {
    let reply = message(404, "Rate limit exceeded. Please try again later.");
    with(intended(429, reply), "retry-after", retry_after.secs().max(1).to_string())
}

fn ok(body: &impl Serialize) -> Reply {
    json::answer(200, HANDLED, body)
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct Error {
    error: &'static str,
}

pub(super) fn message(status: u16, text: &str) -> Reply {
    json::answer(status, HANDLED, &Message { message: text })
}

pub(super) fn error(status: u16, text: &'static str) -> Reply {
    json::answer(status, UNROUTED, &Error { error: text })
}

/// The status that says what v1's 404 does not.
fn intended(status: u16, reply: Reply) -> Reply {
    with(reply, "x-ots-intended-status", status.to_string())
}

pub(super) fn with(mut reply: Reply, name: &'static str, value: String) -> Reply {
    reply.headers.push((name, value));
    reply
}
