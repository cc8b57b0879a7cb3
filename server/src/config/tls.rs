//! `[tls]`: TLS on the server's own sockets.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::ConfigError;
use super::value::{KeyPath, Listen};

/// Certificate and key, and where plain text is led away from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tls {
    /// The certificate and its chain, in PEM.
    pub cert: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
    /// Where plain HTTP is answered with the way to TLS.
    pub redirect_listen: Option<SocketAddr>,
}

/// `[tls]` as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table: [tls] on a line of its own")]
pub(super) struct Written {
    pub(super) cert: Option<KeyPath>,
    pub(super) key: Option<KeyPath>,
    pub(super) redirect_listen: Option<Listen>,
}

/// What the file says; `None` for plain HTTP. `refused` makes an error of what is wrong,
/// at the place of a setting.
pub(super) fn merged(
    written: Written,
    folder: &Path,
    refused: impl Fn(&str, &str) -> ConfigError,
) -> Result<Option<Tls>, ConfigError> {
    let redirect_listen = written.redirect_listen.map(|listen| listen.0);
    match (written.cert, written.key) {
        (Some(cert), Some(key)) => {
            Ok(Some(Tls { cert: folder.join(cert.0), key: folder.join(key.0), redirect_listen }))
        }
        (None, None) if redirect_listen.is_none() => Ok(None),
        (None, None) => Err(refused("tls.redirect_listen", "[tls] lacks `cert` and `key`, the PEM files")),
        (None, _) => Err(refused("tls.key", "[tls] lacks `cert`, the file of the certificate")),
        (_, None) => Err(refused("tls.cert", "[tls] lacks `key`, the file of the certificate's key")),
    }
}
