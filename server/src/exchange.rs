//! One request: hyper's types in, hyper's types out. The only file that knows both sides.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use waxseal_core::api::Answer;
use waxseal_core::contract::{self, Reply, transport};
use waxseal_core::entropy::draw;
use waxseal_core::vault::Fault;
use zeroize::Zeroizing;

use crate::config::ACCESS_TARGET;
use crate::gate::{broken_body, refusal};
use crate::panics::caught;
use crate::{App, client, wiped};

/// Answers one request.
pub(crate) async fn exchange(
    app: &App,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let start = Instant::now();
    let (head, body) = request.into_parts();
    let id = request_id(app, &head.headers);
    let answer = caught(answer(app, peer, &head, body)).await;
    let answer = answer.unwrap_or_else(|| unhandled(transport::internal(), "panicked"));
    log(&answer, &id, start.elapsed());
    response(answer.reply, id)
}

async fn answer(app: &App, peer: SocketAddr, head: &Parts, body: Incoming) -> Answer {
    if let Some(reply) = refusal(head) {
        return unhandled(reply, "refused");
    }
    match head.uri.path() {
        path if path.starts_with("/api/") => api(app, peer, head, body).await,
        path => outside(app, &head.method, path, host(head)).await,
    }
}

/// What no route answers.
fn unhandled(reply: Reply, outcome: &'static str) -> Answer {
    Answer { reply, route: "none", outcome, fault: None }
}

async fn api(app: &App, peer: SocketAddr, head: &Parts, body: Incoming) -> Answer {
    let body = match read(head, body, app).await {
        Ok(body) => body,
        Err(reply) => return unhandled(reply, "refused"),
    };
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let request = contract::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        host: host(head),
        authorization: head.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes),
        content_types: head.headers.get_all(header::CONTENT_TYPE).iter().map(HeaderValue::as_bytes).collect(),
        accept_language: text(header::ACCEPT_LANGUAGE),
        body,
    };
    let address = app.proxies.client(peer.ip(), &head.headers);
    let client = app.api.vault.keyring().client_id(&client::counted(address));
    app.api.answer(request, client).await
}

/// Where the request says it goes. It selects among registered domains; nothing is
/// ever built from it.
fn host(head: &Parts) -> Option<&str> {
    let said = head.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    head.uri.authority().map(|authority| authority.as_str()).or(said)
}

/// Reads the whole body, bounded in size and time, into memory that is wiped.
async fn read(head: &Parts, body: Incoming, app: &App) -> Result<Zeroizing<Vec<u8>>, Reply> {
    let cap = app.body_cap();
    if head.headers.get_all(header::CONTENT_ENCODING).iter().any(is_coded) {
        return Err(transport::encoded());
    }
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if promised > cap {
        return Err(transport::too_large());
    }
    match tokio::time::timeout(app.patience.body, gather(Limited::new(body, cap), promised)).await {
        Ok(gathered) => gathered,
        Err(_) => Err(transport::too_slow()),
    }
}

fn is_coded(coding: &HeaderValue) -> bool {
    !coding.is_empty() && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
}

async fn gather(mut body: Limited<Incoming>, promised: usize) -> Result<Zeroizing<Vec<u8>>, Reply> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(promised));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unread(&*error))?;
        if let Ok(data) = frame.into_data() {
            wiped::append(&mut bytes, &data);
        }
    }
    Ok(bytes)
}

/// Why a body could not be read to its end.
fn unread(error: &(dyn Error + 'static)) -> Reply {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) => broken_body(error),
        None if error.is::<LengthLimitError>() => transport::too_large(),
        None => transport::malformed(),
    }
}

/// What is served beside the API: liveness, readiness, and a word for whoever
/// opens a link in a browser. Only for looking: no other method leads anywhere.
async fn outside(app: &App, method: &Method, path: &str, host: Option<&str>) -> Answer {
    let (route, status, text) = match path {
        _ if !matches!(*method, Method::GET | Method::HEAD) => ("none", 404, "Not Found\n".to_owned()),
        "/healthz" => ("healthz", 200, "ok\n".to_owned()),
        "/readyz" => match app.api.vault.ports().store.ping().await {
            Ok(()) => ("readyz", 200, "ok\n".to_owned()),
            Err(_) => ("readyz", 503, "the store is not available\n".to_owned()),
        },
        _ => match hint(app, path, host) {
            Some(text) => ("hint", 200, text),
            None => ("none", 404, "Not Found\n".to_owned()),
        },
    };
    Answer {
        reply: plain(status, &text),
        route,
        outcome: if status == 200 { "told" } else { "refused" },
        fault: None,
    }
}

/// Shows nothing and changes nothing: a link that is followed stays unopened.
fn hint(app: &App, path: &str, host: Option<&str>) -> Option<String> {
    let origin = app.api.site.origin_for(host);
    let (what, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    let is_key =
        key.len() == waxseal_core::id::KEY_CHARS && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match what {
        "/" | "" => {
            let name = app.api.site.brand_for(host).name;
            Some(format!("{name}. Share a secret: curl -d secret=hello {origin}/api/v1/share\n"))
        }
        "secret" if is_key => Some(format!(
            "This link opens a secret, once.\nOpen it: curl -X POST {origin}/api/v1/secret/{key}\n\
             If it has a passphrase, add: -d passphrase=...\n"
        )),
        "private" | "receipt" if is_key => Some(format!(
            "This is the receipt of a secret. Keep it to yourself.\nRead it: curl {origin}/api/v1/private/{key}\n\
             Destroy the secret unread: curl -X POST {origin}/api/v1/private/{key}/burn\n"
        )),
        _ => None,
    }
}

fn plain(status: u16, text: &str) -> Reply {
    let headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
    ];
    let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
    Reply { status, headers, body: Zeroizing::new(text.as_bytes().to_vec()) }
}

/// The caller's own id, if it is printable and short; else a new one (V1-H1).
fn request_id(app: &App, headers: &HeaderMap) -> HeaderValue {
    const LONGEST: usize = 200;
    let given = headers.get("x-request-id").filter(|value| {
        let bytes = value.as_bytes();
        (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(|byte| (0x20..0x7f).contains(byte))
    });
    given.cloned().unwrap_or_else(|| {
        let random: [u8; 8] = draw(&*app.api.vault.ports().entropy).unwrap_or_default();
        let text = format!("{:016x}", u64::from_be_bytes(random));
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("-"))
    })
}

fn response(reply: Reply, id: HeaderValue) -> Response<Full<Bytes>> {
    // `from_owner` keeps the wiping type: the body is cleared when hyper lets go of it.
    let mut response = Response::new(Full::new(Bytes::from_owner(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response.headers_mut().insert("x-request-id", id);
    response
}

/// One access line a request, and one more for a fault. Nothing of the request
/// goes in but the id, which is the caller's to choose.
fn log(answer: &Answer, id: &HeaderValue, took: Duration) {
    let Answer { route, outcome, reply, fault } = answer;
    let (id, status) = (id.to_str().unwrap_or("-"), reply.status);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(target: ACCESS_TARGET, request = id, route, outcome, status, micros, "answered");
    match fault {
        None => {}
        // Backpressure at work: many at once, and nothing for an operator to mend.
        Some(fault @ Fault::Busy) => tracing::warn!(request = id, route, %fault, "turned away"),
        Some(fault) => {
            let cause = std::error::Error::source(fault).map(ToString::to_string);
            tracing::error!(request = id, route, %fault, cause, "failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identity_is_no_coding() {
        let coded = |text| is_coded(&HeaderValue::from_static(text));
        assert!(!coded("identity") && !coded("Identity") && !coded(""));
        assert!(coded("gzip") && coded("identity, gzip"));
    }
}
