//! A connection to a server: TCP, and TLS with the certificates that the system trusts.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::origin::Origin;

/// For the look-up, the connection and the TLS handshake together.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to `origin`, and to nobody else.
pub(crate) async fn dial(origin: &Origin) -> io::Result<Box<dyn Stream>> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer in {} s", PATIENCE.as_secs()));
    timeout(PATIENCE, connect(origin)).await.map_err(late)?
}

async fn connect(origin: &Origin) -> io::Result<Box<dyn Stream>> {
    let tcp = TcpStream::connect((origin.bare_host(), origin.port())).await?;
    if !origin.is_https() {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(origin.bare_host().to_owned()).map_err(io::Error::other)?;
    let tls = TlsConnector::from(Arc::new(trusting_the_system()?)).connect(name, tcp).await?;
    Ok(Box::new(tls))
}

/// The files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name go before the system's.
fn trusting_the_system() -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(io::Error::other(
            "this system has no certificates to verify the server by; install ca-certificates",
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth())
}
