//! The server's certificate: read at the start, at SIGHUP, and by `config check`.

use std::sync::Arc;

use waxseal_core::system::SystemClock;
use waxseal_core::time::{Clock, Timestamp};
use waxseal_server::Tls;
use waxseal_server::config::{Config, Host};

use crate::exit::Failure;
use crate::out;

/// The certificate that the configuration names, if it names one.
pub(crate) fn open(config: &Config) -> Result<Option<Arc<Tls>>, Failure> {
    let Some(tls) = read(config)? else { return Ok(None) };
    warn(&tls);
    Ok(Some(Arc::new(tls)))
}

/// Whether it will do.
pub(crate) fn check(config: &Config) -> Result<(), Failure> {
    if let Some(tls) = read(config)? {
        tls.warnings(now()).into_iter().for_each(out::remark);
    }
    Ok(())
}

/// Takes over what the files hold now. What will not do changes nothing.
pub(crate) fn reload(tls: &Tls) {
    match tls.reload() {
        Ok(()) => {
            tracing::info!("certificate and key were read again");
            warn(tls);
        }
        Err(error) => {
            tracing::error!("the certificate stays as it was, for the new one will not do: {error}");
        }
    }
}

fn read(config: &Config) -> Result<Option<Tls>, Failure> {
    let host = config.site.host.as_ref().map(Host::as_str);
    config.tls.as_ref().map(|files| Tls::open(files, host)).transpose().map_err(Failure::config)
}

fn warn(tls: &Tls) {
    tls.warnings(now()).into_iter().for_each(|warning| tracing::warn!("{warning}"));
}

fn now() -> Timestamp {
    SystemClock::default().now().timestamp()
}
