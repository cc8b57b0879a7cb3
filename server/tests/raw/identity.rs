//! Certificates of our own making, and clients that trust them alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use waxseal_server::{Tls, TlsError, config};

/// What every certificate names.
pub(crate) const NAME: &str = "secrets.example";

/// A certificate and its key, both in PEM.
pub(crate) struct Pair {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::until(4_000)
    }

    /// One that expires with the beginning of a year.
    pub(crate) fn until(year: i32) -> Self {
        let mut params = CertificateParams::new([NAME.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2_000, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        Self { cert: cert.pem(), key: key.serialize_pem() }
    }
}

/// Files of a certificate and its key, and the server's view of them.
pub(crate) struct Identity {
    pub(crate) tls: Arc<Tls>,
    folder: TempDir,
    trusted: CertificateDer<'static>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pair = Pair::new();
        write(folder.path(), &pair);
        let tls = Arc::new(open(folder.path()).unwrap());
        Self { tls, folder, trusted: CertificateDer::from_pem_slice(pair.cert.as_bytes()).unwrap() }
    }

    /// Changes the files, but not what the server shows.
    pub(crate) fn write(&self, pair: &Pair) {
        write(self.folder.path(), pair);
    }

    /// From here on, clients trust this certificate alone.
    pub(crate) fn trust(&mut self, pair: &Pair) {
        self.trusted = CertificateDer::from_pem_slice(pair.cert.as_bytes()).unwrap();
    }

    pub(crate) async fn greet(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.greet_as(stream, rustls::DEFAULT_VERSIONS, &[]).await
    }

    /// A client of these versions and protocols.
    pub(crate) async fn greet_as(
        &self,
        stream: TcpStream,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(NAME).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

/// Where the two files stand in a folder.
pub(crate) fn files(folder: &Path) -> config::Tls {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    config::Tls { cert: path("cert.pem"), key: path("key.pem"), redirect_listen: None }
}

pub(crate) fn open(folder: &Path) -> Result<Tls, TlsError> {
    Tls::open(&files(folder), Some(NAME))
}

/// Writes both files; the key is its owner's alone.
pub(crate) fn write(folder: &Path, pair: &Pair) {
    let files = files(folder);
    fs::write(&files.cert, &pair.cert).unwrap();
    fs::write(&files.key, &pair.key).unwrap();
    allow(&files.key, 0o600);
}

/// Sets a file's permission bits.
pub(crate) fn allow(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
