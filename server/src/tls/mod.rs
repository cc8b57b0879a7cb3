//! TLS on the server's own sockets, and what stands beside it: a certificate that can
//! be changed while the server runs, and the refusal of plain text.

mod files;
mod redirect;

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use waxseal_core::time::Timestamp;

pub use files::TlsError;
pub(crate) use redirect::redirect;

use crate::config;
use files::Identity;

/// On every answer over TLS: for a year, browsers ask this host over TLS alone.
pub(crate) const HSTS: &str = "max-age=31536000";

/// What speaks TLS to clients.
#[derive(Debug)]
pub struct Tls {
    files: config::Tls,
    host: Option<String>,
    shown: Arc<Shown>,
    server: Arc<ServerConfig>,
}

impl Tls {
    /// Reads certificate and key. `host` is the one that links stand on, if it is set.
    ///
    /// # Errors
    /// [`TlsError`] if they will not do.
    pub fn open(files: &config::Tls, host: Option<&str>) -> Result<Self, TlsError> {
        let identity = Identity::read(files, host)?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(identity))));
        let server = server(shown.clone());
        Ok(Self { files: files.clone(), host: host.map(str::to_owned), shown, server: Arc::new(server) })
    }

    /// Reads certificate and key again, for the connections to come. What has begun
    /// goes on.
    ///
    /// # Errors
    /// [`TlsError`] if they will not do: then everything stays as it was.
    pub fn reload(&self) -> Result<(), TlsError> {
        let identity = Identity::read(&self.files, self.host.as_deref())?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(identity);
        Ok(())
    }

    /// What an operator should know of the certificate at `now`.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<&'static str> {
        self.shown.now().warnings(now)
    }

    /// When the certificate expires, where that can be told.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.shown.now().expires
    }

    /// Agrees on a connection's keys. How long that may take is the caller's to say.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<Greeted> {
        if speaks_http(&stream).await? {
            return Ok(Greeted::InPlainText(stream));
        }
        let stream = TlsAcceptor::from(self.server.clone()).accept(stream).await?;
        Ok(Greeted::Tls(Box::new(stream)))
    }
}

/// How a client began.
pub(crate) enum Greeted {
    Tls(Box<TlsStream<TcpStream>>),
    /// With plain HTTP, which is owed an answer that it can read.
    InPlainText(TcpStream),
}

/// Whether a client begins with a method's letter. No record of TLS begins so.
async fn speaks_http(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
}

/// TLS 1.2 and 1.3, HTTP/1.1, no early data: what is sent there could be sent again by
/// whoever heard it.
fn server(shown: Arc<Shown>) -> ServerConfig {
    let versions = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .expect("ring speaks both");
    let mut server = versions.with_no_client_auth().with_cert_resolver(shown);
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    server
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The identity that is shown to who comes next.
#[derive(Debug)]
struct Shown(RwLock<Arc<Identity>>);

impl Shown {
    fn now(&self) -> Arc<Identity> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now().key.clone())
    }
}
