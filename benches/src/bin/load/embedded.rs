//! E: the bare server around the API of `waxseal-core`: every promise of the product (limits,
//! checks, receipts, wiped buffers, the contract's answers), and nothing of its server: no gate, no
//! clocks on connections, no headers of an answer, no access lines. What stands between
//! this and the product is what the server adds; what stands below it is what core costs.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Api, Limits};
use waxseal_core::contract;
use waxseal_core::contract::site::Site;
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::wiped::Wiped;
use waxseal_storage::{Opened, Options, open};

/// So many that one client may do all of it.
const UNBOUND: Limits = Limits {
    guest_creates: u32::MAX,
    guest_reveals: u32::MAX,
    account_creates: u32::MAX,
    account_reveals: u32::MAX,
    account_mails: u32::MAX,
};

/// Serves over the store at `url` until the process is killed.
pub(crate) async fn serve(url: &str) -> anyhow::Result<()> {
    let api = Arc::new(api(open(&url.parse()?, Options::default()).await?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        stream.set_nodelay(true)?;
        let api = api.clone();
        let service = service_fn(move |request| answer(api.clone(), request));
        // A client that hangs up is no error.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn api(opened: Opened) -> Api {
    let vault = waxseal_benches::vault(opened.store);
    let ports = vault.ports();
    Api {
        accounts: Accounts::new(
            opened.accounts,
            vault.keyring().clone(),
            ports.clock.clone(),
            ports.entropy.clone(),
        ),
        limiter: opened.limiter.unwrap_or_else(|| Arc::new(LocalLimiter::default())),
        limits: UNBOUND,
        site: Arc::new(Site::new("http", "localhost")),
        vault,
    }
}

async fn answer(api: Arc<Api>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let reply = api.answer(asked(&head, Wiped::new(body.to_vec())), ClientId([0; 8])).await.reply;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    for (name, value) in reply.headers() {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    *response.body_mut() = Full::new(Bytes::from_owner(reply.body));
    Ok(response)
}

fn asked(head: &Parts, body: Wiped) -> contract::Request<'_> {
    contract::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        host: head.headers.get(HOST).and_then(|host| host.to_str().ok()),
        authorization: head.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes),
        content_types: head.headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes).collect(),
        accept_language: None,
        body,
    }
}
