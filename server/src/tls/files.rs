//! A certificate and its key, from their files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore};
use waxseal_core::time::Timestamp;

use crate::config;
use crate::private_file::{self, Refused};

/// Why certificate and key will not do. Shows no byte of either.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate can't be read.
    #[error("tls.cert: {0}")]
    Certificate(#[source] Refused),
    /// The file of the key can't be read, or too many may read it.
    #[error("tls.key: {0}")]
    Key(#[source] Refused),
    /// The file holds no certificate.
    #[error("tls.cert: {} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    /// What stands in the file is no certificate that can be used.
    #[error("tls.cert: the first certificate in {} can't be used: {reason}", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: Error,
    },
    /// The file holds no key.
    #[error(
        "tls.key: {} holds no private key in PEM that can be used: RSA, ECDSA (P-256, P-384) or Ed25519, without \
         a password",
        .0.display()
    )]
    NoKey(PathBuf),
    /// The key is another certificate's.
    #[error(
        "the key in {} is not that of the certificate in {}; if the certificate is right, its chain may stand in \
         the wrong order: the server's own comes first",
        key.display(),
        cert.display()
    )]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

/// What a server shows its clients.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    /// When the certificate expires, where that can be told.
    pub(super) expires: Option<Timestamp>,
    /// Whether it names the site's host, where there is one.
    names_host: bool,
}

impl Identity {
    /// Reads both files. `host` is the one that clients ask for, if that is known.
    pub(super) fn read(files: &config::Tls, host: Option<&str>) -> Result<Self, TlsError> {
        let chain = chain(&files.cert)?;
        let key = key(&files.key)?;
        let provider = super::provider();
        let expires = expiry(&chain[0], &provider);
        let names_host = host.is_none_or(|host| names(&chain[0], host));
        let key = CertifiedKey::from_der(chain, key, &provider).map_err(|error| refused(files, error))?;
        Ok(Self { key: Arc::new(key), expires, names_host })
    }

    /// What an operator should know of a certificate that can be used.
    pub(super) fn warnings(&self, now: Timestamp) -> Vec<&'static str> {
        let expired = self.expires.is_some_and(|expires| expires <= now);
        let expired = expired.then_some("the certificate has expired: clients will refuse it (tls.cert)");
        let strange = (!self.names_host).then_some(
            "the certificate does not name the host of [site]: clients that follow links will refuse it (tls.cert)",
        );
        expired.into_iter().chain(strange).collect()
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = private_file::read(path, false).map_err(TlsError::Certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    // The reader's own errors repeat lines of the file.
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    chain.ok_or_else(|| TlsError::NoCertificate(path.to_owned()))
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = private_file::read_of_group(path).map_err(TlsError::Key)?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| TlsError::NoKey(path.to_owned()))
}

fn refused(files: &config::Tls, error: Error) -> TlsError {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { cert: files.cert.clone(), key: files.key.clone() }
        }
        Error::InvalidCertificate(_) => TlsError::BadCertificate { path: files.cert.clone(), reason: error },
        _ => TlsError::NoKey(files.key.clone()),
    }
}

/// When a certificate expires. rustls says so only of one that has: it is asked about a
/// day that no certificate lives to see.
fn expiry(certificate: &CertificateDer<'_>, provider: &CryptoProvider) -> Option<Timestamp> {
    let last_day = UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::from(u32::MAX) * 64));
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let algorithms = provider.signature_verification_algorithms.all;
    let nobody = RootCertStore::empty();
    match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], last_day, algorithms) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(Timestamp::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

/// Whether a certificate names a host, which may have a port.
fn names(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, _)) if !host.ends_with(']') => bare,
        _ => host,
    };
    let name = ServerName::try_from(bare.trim_start_matches('[').trim_end_matches(']'));
    let parsed = ParsedCertificate::try_from(certificate);
    matches!((name, parsed), (Ok(name), Ok(parsed)) if verify_server_name(&parsed, &name).is_ok())
}
