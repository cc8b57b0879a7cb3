//! The operator's mail server: where it is, and how it is spoken to.

use std::fmt;

use lettre::transport::smtp::authentication::{Credentials as SmtpCredentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use zeroize::Zeroizing;

/// How a connection is kept from listeners.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Plain at first, and TLS before anything is said. Without TLS nothing is sent.
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// None: for a server on this machine.
    None,
}

/// Who signs in. `Debug` shows neither.
#[derive(Clone)]
pub struct Credentials {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// Where a mail server is, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from listeners.
    pub security: Security,
    /// Who signs in, if it asks for that.
    pub credentials: Option<Credentials>,
    /// Certificates in PEM that may vouch for it, beside those that the system trusts.
    pub roots: Vec<u8>,
}

/// The endpoint can't be spoken to, whatever is listening there.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for the mail server: {0}")]
pub struct RelayError(#[from] lettre::transport::smtp::Error);

/// A mail server, ready to be connected to.
#[derive(Clone)]
pub struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) credentials: Option<SmtpCredentials>,
    pub(crate) tls: TlsParameters,
    pub(crate) hello: ClientId,
}

/// What a server may be signed in to with. XOAUTH2 would need tokens that change.
pub(crate) const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

impl Relay {
    /// Reads which certificates the system trusts. Connects to nothing.
    ///
    /// # Errors
    /// [`RelayError`] if the endpoint's own certificates can't be read.
    pub fn new(endpoint: Endpoint) -> Result<Self, RelayError> {
        let Endpoint { host, port, security, credentials, roots } = endpoint;
        let mut tls = TlsParameters::builder(host.clone());
        if !roots.is_empty() {
            tls = tls.add_root_certificate(Certificate::from_pem(&roots)?);
        }
        let credentials = credentials
            .map(|Credentials { user, password }| SmtpCredentials::new(user, password.as_str().to_owned()));
        Ok(Self { host, port, security, credentials, tls: tls.build()?, hello: ClientId::default() })
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, security, .. } = self;
        f.debug_struct("Relay")
            .field("host", host)
            .field("port", port)
            .field("security", security)
            .finish_non_exhaustive()
    }
}
