//! Asks for `/healthz` as a browser would find it: by name, through the proxy, with
//! the certificate checked.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use waxseal_core::entropy::draw;
use waxseal_core::system::SystemEntropy;

const PATIENCE: Duration = Duration::from_secs(5);
/// `/healthz` says two letters.
const LONGEST: u64 = 64 << 10;

/// Why nobody of ours answered.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The name leads nowhere.
    Unresolved,
    /// Nobody takes the connection.
    Unreachable(String),
    /// The certificate will not do, or there is no TLS.
    Tls(String),
    /// An answer leads to another place.
    Redirected(String),
    /// Somebody answers, and it is no Waxseal.
    Stranger(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unresolved => f.write_str("the name does not resolve"),
            Self::Unreachable(why) => write!(f, "nobody can be reached there ({why})"),
            Self::Tls(why) => write!(f, "TLS fails ({why})"),
            Self::Redirected(place) => write!(f, "it leads on to {place}"),
            Self::Stranger(what) => write!(f, "what answers is no Waxseal server ({what})"),
        }
    }
}

/// Whether a Waxseal server answers at `host`, `NAME` or `NAME:PORT`.
pub(super) async fn ask(https: bool, host: &str) -> Result<(), Trouble> {
    let (name, port) = parts(host, if https { 443 } else { 80 });
    in_time(async {
        let addresses = lookup_host((name, port)).await.map_err(|_| Trouble::Unresolved)?.collect();
        exchange(https, host, addresses).await
    })
    .await
}

/// Whether one answers at `address`, which `host` need not lead to: its certificate, if
/// it has one, is of that name.
pub(super) async fn ask_at(address: SocketAddr, https: bool, host: &str) -> Result<(), Trouble> {
    in_time(exchange(https, host, vec![address])).await
}

async fn in_time(asking: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    let late = || Err(Trouble::Unreachable("no answer in time".to_owned()));
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| late())
}

async fn exchange(https: bool, host: &str, addresses: Vec<SocketAddr>) -> Result<(), Trouble> {
    let (name, _) = parts(host, 0);
    let stream = TcpStream::connect(&addresses[..]).await;
    let stream = stream.map_err(|error| Trouble::Unreachable(error.to_string()))?;
    let tag = draw(&SystemEntropy::default()).map(u64::from_be_bytes).unwrap_or_default();
    let tag = format!("doctor-{tag:016x}");
    let answer = if https {
        let stream = encrypted(name, stream).await.map_err(|error| Trouble::Tls(format!("{error:#}")))?;
        answer(stream, host, &tag).await
    } else {
        answer(stream, host, &tag).await
    };
    judge(&answer.map_err(|error| Trouble::Stranger(error.to_string()))?, &tag)
}

fn parts(host: &str, usual: u16) -> (&str, u16) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().unwrap_or(usual)),
        _ => (host, usual),
    };
    (name.trim_start_matches('[').trim_end_matches(']'), port)
}

async fn encrypted(name: &str, stream: TcpStream) -> anyhow::Result<impl AsyncRead + AsyncWrite + Unpin> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).context("no name for a certificate")?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| anyhow!(error))
}

async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    tag: &str,
) -> io::Result<Vec<u8>> {
    let asked =
        format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Request-Id: {tag}\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    match stream.take(LONGEST).read_to_end(&mut answer).await {
        // Some close without TLS' farewell; what came is whole or is judged as it is.
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}

/// A Waxseal server answers with the id it was asked with, and with "ok".
fn judge(answer: &[u8], tag: &str) -> Result<(), Trouble> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = head.parse(answer) else {
        return Err(Trouble::Stranger("no HTTP".to_owned()));
    };
    let header = |name: &str| {
        let mut headers = head.headers.iter();
        let found = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(found.value).ok()
    };
    match head.code.unwrap_or_default() {
        200 if header("x-request-id") == Some(tag)
            && answer[length..].windows(2).any(|body| body == b"ok") =>
        {
            Ok(())
        }
        301..=308 => Err(Trouble::Redirected(header("location").unwrap_or("nowhere").to_owned())),
        code => Err(Trouble::Stranger(format!("status {code}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_answer_will_do() {
        let ours = b"HTTP/1.1 200 OK\r\nX-Request-Id: t\r\n\r\nok\n";
        assert!(judge(ours, "t").is_ok());
        assert!(matches!(judge(ours, "u"), Err(Trouble::Stranger(_))));
        let led = b"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n";
        assert!(matches!(judge(led, "t"), Err(Trouble::Redirected(place)) if place == "https://x/"));
        assert!(matches!(judge(b"SSH-2.0-x\r\n", "t"), Err(Trouble::Stranger(_))));
    }

    #[test]
    fn hosts_have_ports() {
        assert_eq!(parts("a.example", 443), ("a.example", 443));
        assert_eq!(parts("a.example:8443", 443), ("a.example", 8443));
        assert_eq!(parts("[::1]", 80), ("::1", 80));
        assert_eq!(parts("[::1]:81", 80), ("::1", 81));
    }
}
