//! One request: hyper's types in, hyper's types out. The only file that knows both sides.

use std::borrow::Cow;
use std::cell::RefCell;
use std::error::Error;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ptr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use waxseal_core::api::Answer;
use waxseal_core::contract::route::Route;
use waxseal_core::contract::{self, Always, Reply, transport};
use waxseal_core::id::ClientId;
use waxseal_core::store::StoreError;
use waxseal_core::vault::Fault;
use waxseal_core::wiped::Wiped;
use waxseal_fault_points::{Point, reach};

use crate::client::Peer;
use crate::config::ACCESS_TARGET;
use crate::gate::{broken_body, refusal};
#[cfg(not(feature = "pages"))]
use crate::hints::page;
#[cfg(feature = "pages")]
use crate::pages::page;
use crate::panics::caught;
use crate::tls::redirect;
use crate::{App, openapi};

/// What a request is called in the log, given or made.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers one request.
pub(crate) async fn exchange(app: &App, peer: Peer, head: &Parts, body: Incoming) -> Response<Full<Bytes>> {
    let start = Instant::now();
    let id = request_id(&head.headers);
    let answer = caught(answer(app, peer, head, body, &id)).await;
    let answer = answer.unwrap_or_else(|| unhandled(transport::internal(), "panicked"));
    finish(app, answer, id, start)
}

/// Answers one request that came in plain text where TLS is spoken. Its body is not read.
pub(crate) fn send_away(app: &App, head: &Parts) -> Response<Full<Bytes>> {
    let start = Instant::now();
    let answer = redirect(&app.api.site, head);
    finish(app, answer, request_id(&head.headers), start)
}

fn finish(app: &App, answer: Answer, id: HeaderValue, start: Instant) -> Response<Full<Bytes>> {
    reach(Point::AnswerMade);
    let took = start.elapsed();
    log(&answer, &id, took);
    if let Some(metrics) = &app.metrics {
        metrics.answered(&answer, took);
    }
    response(answer.reply, id)
}

async fn answer(app: &App, peer: Peer, head: &Parts, body: Incoming, id: &HeaderValue) -> Answer {
    if let Some(reply) = refusal(head) {
        return unhandled(reply, "refused");
    }
    let looks = matches!(head.method, Method::GET | Method::HEAD);
    match head.uri.path() {
        path if path.starts_with("/api/") => api(app, peer, head, body).await,
        "/healthz" if looks => told("healthz", 200, "ok\n"),
        "/readyz" if looks => ready(app.api.vault.ports().store.ping().await),
        openapi::PATH if looks => openapi::document(),
        "/healthz" | "/readyz" | openapi::PATH => told("none", 404, "Not Found\n"),
        _ => page(app, peer, head, body, id).await,
    }
}

/// What no route answers.
fn unhandled(reply: Reply, outcome: &'static str) -> Answer {
    Answer { reply, route: "none", outcome, fault: None }
}

async fn api(app: &App, peer: Peer, head: &Parts, body: Incoming) -> Answer {
    let body = match read(head, body, app).await {
        Ok(body) => body,
        Err(reply) => return unhandled(reply, "refused"),
    };
    let request = request(head, body);
    // Whether the service is up is asked most when it is crowded, and waits for nothing.
    if Route::is_status(request.path) {
        return app.api.answer(request, client(app, peer, head)).await;
    }
    match app.turns.take() {
        Some(_turn) => app.api.answer(request, client(app, peer, head)).await,
        None => unhandled(Reply::from(&Fault::Busy), "turned away"),
    }
}

/// What core reads of a head, with the whole body.
pub(crate) fn request(head: &Parts, body: Wiped) -> contract::Request<'_> {
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    contract::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        host: host(head),
        authorization: head.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes),
        content_types: head.headers.get_all(header::CONTENT_TYPE).iter().map(HeaderValue::as_bytes).collect(),
        accept_language: text(header::ACCEPT_LANGUAGE),
        body,
    }
}

/// Whom a request counts for.
pub(crate) fn client(app: &App, peer: Peer, head: &Parts) -> ClientId {
    peer.client(&app.proxies, &head.headers, app.api.vault.keyring())
}

/// Where the request says it goes. It selects among registered domains; nothing is
/// ever built from it.
pub(crate) fn host(head: &Parts) -> Option<&str> {
    let said = head.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    head.uri.authority().map(|authority| authority.as_str()).or(said)
}

/// Reads the whole body, bounded in size, into memory that is wiped. The gate bounds
/// the time.
pub(crate) async fn read(head: &Parts, body: Incoming, app: &App) -> Result<Wiped, Reply> {
    let cap = app.body_cap();
    if head.headers.get_all(header::CONTENT_ENCODING).iter().any(is_coded) {
        return Err(transport::encoded());
    }
    if body.is_end_stream() {
        return Ok(Wiped::default());
    }
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if promised > cap {
        return Err(transport::too_large());
    }
    gather(Limited::new(body, cap), promised).await
}

fn is_coded(coding: &HeaderValue) -> bool {
    !coding.is_empty() && !coding.as_bytes().eq_ignore_ascii_case(b"identity")
}

async fn gather(mut body: Limited<Incoming>, promised: usize) -> Result<Wiped, Reply> {
    let mut bytes = Wiped::with_capacity(promised);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| unread(&*error))?;
        if let Ok(data) = frame.into_data() {
            bytes.append(&data);
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

fn ready(store: Result<(), StoreError>) -> Answer {
    match store {
        Ok(()) => told("readyz", 200, "ok\n"),
        Err(_) => told("readyz", 503, "the store is not available\n"),
    }
}

/// A line of plain text.
pub(crate) fn told(route: &'static str, status: u16, text: &str) -> Answer {
    let outcome = if status == 200 { "told" } else { "refused" };
    Answer { reply: plain(status, text), route, outcome, fault: None }
}

fn plain(status: u16, text: &str) -> Reply {
    static ALWAYS: Always = &[
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
    ];
    Reply { status, always: ALWAYS, own: Vec::new(), body: text.as_bytes().to_vec().into() }
}

/// The caller's own id, if it is printable and short; else a new one (V1-H1).
fn request_id(headers: &HeaderMap) -> HeaderValue {
    const LONGEST: usize = 200;
    let given = headers.get(&REQUEST_ID).filter(|value| {
        let bytes = value.as_bytes();
        (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(|byte| (0x20..0x7f).contains(byte))
    });
    given.cloned().unwrap_or_else(|| {
        // Each state has keys of its own, that the system gave this thread once: an
        // id need not be secret, and a call to the system for each would show.
        let random = RandomState::new().build_hasher().finish();
        HeaderValue::from_bytes(&hexadecimal(random)).unwrap_or(HeaderValue::from_static("-"))
    })
}

/// As `{:016x}` shows it, without the formatter's machinery.
fn hexadecimal(number: u64) -> [u8; 16] {
    let nibble = |place: usize| number.to_be_bytes()[place / 2] >> (4 * (1 - place % 2)) & 15;
    std::array::from_fn(|place| b"0123456789abcdef"[usize::from(nibble(place))])
}

fn response(reply: Reply, id: HeaderValue) -> Response<Full<Bytes>> {
    // `from_owner` keeps the wiping type: the body is cleared when hyper lets go of it.
    let mut response = Response::new(Full::new(Bytes::from_owner(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = carried(reply.always);
    response.headers_mut().insert(&REQUEST_ID, id);
    response.headers_mut().reserve(reply.own.len());
    for (name, value) in reply.own {
        let value = match value {
            Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
            Cow::Owned(text) => Bytes::from(text),
        };
        if let Ok(value) = HeaderValue::from_maybe_shared(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// What every answer of a kind carries. Read once for each of the few kinds: to read them
/// again takes as long as all else that is done here for an answer.
fn carried(always: Always) -> HeaderMap {
    thread_local! {
        static KINDS: RefCell<Vec<(Always, HeaderMap)>> = const { RefCell::new(Vec::new()) };
    }
    KINDS.with_borrow_mut(|kinds| {
        let known = kinds.iter().position(|(kind, _)| ptr::eq(*kind, always));
        let at = known.unwrap_or_else(|| {
            kinds.push((always, read_once(always)));
            kinds.len() - 1
        });
        kinds[at].1.clone()
    })
}

fn read_once(always: Always) -> HeaderMap {
    let read = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut headers: HeaderMap = always.iter().copied().map(read).collect();
    // It holds the place of what every answer gets: a map that is full moves.
    headers.insert(&REQUEST_ID, HeaderValue::from_static("-"));
    headers
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
    use hyper::Request;

    use super::*;
    use crate::logged::logged;

    fn gone() -> StoreError {
        StoreError::Unavailable("the disk is gone".into())
    }

    /// Bytes of what a function of an answer's kind returns.
    fn size<'a, F>(_: fn(&'a App, Peer, &'a Parts, Incoming, &'a HeaderValue) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_answer_fits_what_the_allocator_gives_at_once() {
        // The largest that glibc's cache of a thread keeps.
        assert!(size(answer) <= 1_032, "{}", size(answer));
    }

    #[test]
    fn without_its_store_a_server_is_not_ready() {
        assert_eq!((ready(Ok(())).reply.status, ready(Err(gone())).reply.status), (200, 503));
    }

    #[test]
    fn where_a_request_goes_is_its_targets_to_say_before_its_hosts() {
        let host = |target: &str| {
            let request = Request::builder().uri(target).header(header::HOST, "b.example");
            host(&request.body(()).unwrap().into_parts().0).map(str::to_owned)
        };
        assert_eq!(host("http://a.example/x").as_deref(), Some("a.example"));
        assert_eq!(host("/x").as_deref(), Some("b.example"));
    }

    #[test]
    fn a_fault_is_logged_with_its_cause_and_backpressure_is_none() {
        let said = |fault| {
            let answer = Answer { fault, ..told("share", 503, "") };
            logged(|| log(&answer, &HeaderValue::from_static("mine-7"), Duration::ZERO))
        };
        let answered = said(None);
        assert_eq!(answered.len(), 1, "{answered:?}");
        for word in ["INFO", ACCESS_TARGET, "mine-7", "share", "refused", "503"] {
            assert!(answered[0].contains(word), "no {word} in {answered:?}");
        }
        for (fault, level, why) in
            [(Fault::Busy, "WARN", "turned away"), (gone().into(), "ERROR", "the disk is gone")]
        {
            let said = said(Some(fault));
            let [_, line] = &said[..] else { panic!("{said:?}") };
            assert!(line.contains(level) && line.contains(why) && line.contains("mine-7"), "{line}");
        }
    }

    #[test]
    fn a_number_is_shown_as_the_standard_library_does() {
        for number in [0, 1, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(hexadecimal(number), format!("{number:016x}").as_bytes());
        }
    }

    #[test]
    fn only_identity_is_no_coding() {
        let coded = |text| is_coded(&HeaderValue::from_static(text));
        assert!(!coded("identity") && !coded("Identity") && !coded(""));
        assert!(coded("gzip") && coded("identity, gzip"));
    }
}
