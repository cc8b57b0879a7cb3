//! `GET /metrics`, on a listener of its own: nobody but Prometheus is to read it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::Metrics;

/// Asked at once, which is more than any set of scrapers does.
const AT_ONCE: usize = 16;
/// After an accept failed.
const BREATH: Duration = Duration::from_millis(50);
const TYPE: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Answers until the task is aborted.
///
/// A client has `patience` for its request, and the same again for the answer.
pub(crate) async fn serve(listener: TcpListener, metrics: Arc<Metrics>, patience: Duration) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        match (room.clone().acquire_owned().await, listener.accept().await) {
            (Ok(permit), Ok((stream, _))) => {
                let metrics = metrics.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    tokio::time::timeout(patience * 2, converse(stream, metrics, patience)).await.ok();
                });
            }
            (_, refused) => {
                tracing::warn!(error = ?refused.err(), "a connection for metrics could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, metrics: Arc<Metrics>, patience: Duration) {
    let service = service_fn(|request| {
        let response = answer(&metrics, &request);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection for metrics ended early");
    }
}

fn answer(metrics: &Metrics, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, kind, body) = match request.uri().path() {
        "/metrics" if looks => (StatusCode::OK, TYPE, metrics.text()),
        "/metrics" => (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "Only GET\n".to_owned()),
        _ => (StatusCode::NOT_FOUND, PLAIN, "Only /metrics is here\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
