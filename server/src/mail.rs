//! From the configuration to a mailer.

use std::sync::Arc;
use std::time::Duration;

use waxseal_core::contract::site::Site;
use waxseal_core::entropy::Entropy;
use waxseal_core::recipient::Recipient;
use waxseal_core::store::Store;
use waxseal_core::time::Clock;
use waxseal_mail::{
    Credentials, Endpoint, Letterhead, LetterheadError, Relay, RelayError, Security, Spool, Timing,
};

use crate::config::{MailServer, MailUser, Smtp, SmtpError, SmtpTls};

/// For what is still queued when the server stops. With the farewell to connections
/// it stays below the fifteen seconds that a stop may take.
pub const FAREWELL: Duration = Duration::from_secs(2);

/// Why there is no mailer although one is configured.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The configuration does not say how.
    #[error(transparent)]
    Config(#[from] SmtpError),
    /// The mail server can't be spoken to.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// Messages can't come from that address.
    #[error("smtp.from: {0}")]
    From(#[from] LetterheadError),
}

/// Everything that a message needs, read from the configuration. Connects to nothing.
///
/// # Errors
/// [`MailError`].
pub fn ready(smtp: &Smtp, site: Arc<Site>) -> Result<(Relay, Letterhead), MailError> {
    let server = smtp.server()?;
    // The configuration has read it as an address.
    let from = Recipient::exact(&smtp.from).ok_or(LetterheadError::NoAddress)?;
    Ok((Relay::new(endpoint(server))?, Letterhead::new(&from, site)?))
}

/// What an operator should know of a mail server that will do.
#[must_use]
pub fn warning(smtp: &Smtp) -> Option<&'static str> {
    let server = smtp.server().ok()?;
    server.can_be_overheard().then_some(
        "messages go to the mail server unencrypted (smtp.tls = \"none\"): whoever listens reads the links",
    )
}

/// A mailer that runs. Must be called within a tokio runtime.
///
/// # Errors
/// [`MailError`].
pub fn start(
    smtp: &Smtp,
    site: Arc<Site>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Arc<Spool>, MailError> {
    let (relay, letterhead) = ready(smtp, site)?;
    if let Some(warning) = warning(smtp) {
        tracing::warn!("{warning}");
    }
    Ok(Arc::new(Spool::start(relay, letterhead, Timing::default(), store, clock, entropy)))
}

fn endpoint(server: MailServer) -> Endpoint {
    let MailServer { host, port, tls, credentials } = server;
    let security = match tls {
        SmtpTls::Starttls => Security::Starttls,
        SmtpTls::Implicit => Security::Implicit,
        SmtpTls::None => Security::None,
    };
    let credentials = credentials.map(|MailUser { user, password }| Credentials { user, password });
    Endpoint { host, port, security, credentials, roots: Vec::new() }
}
