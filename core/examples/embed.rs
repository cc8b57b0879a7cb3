//! One-time secrets inside a service of your own, under plain hyper.
//!
//! The Vault does the secret's life; how it is asked over HTTP is yours. Here:
//! `POST /notes` keeps a note and answers its key, `POST /notes/KEY` opens it, once.
//!
//! ```sh
//! cargo run --example embed -p waxseal-core
//! curl -d 'hello' http://127.0.0.1:7144/notes
//! curl -X POST http://127.0.0.1:7144/notes/KEY
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use waxseal_core::id::{ClientId, LinkKey};
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::secret::Plaintext;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::time::Ttl;
use waxseal_core::vault::{Caller, Fault, Ports, Reveal, Terms, Vault};
use waxseal_memory::MemoryStore;

const LARGEST_NOTE: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let entropy = Arc::new(SystemEntropy::default());
    // A service keeps its keyring: Keyring::parse reads what Keyring::to_text wrote.
    let keyring = Arc::new(Keyring::generate(&*entropy)?);
    let ports = Ports {
        store: Arc::new(MemoryStore::default()),
        clock: Arc::new(SystemClock::default()),
        entropy,
        stretch: Arc::new(InlineStretch),
    };
    let vault = Arc::new(Vault::new(ports, keyring, Policy::default()));

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 7144)).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        let vault = vault.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| notes(vault.clone(), request));
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                eprintln!("a connection ended early: {error}");
            }
        });
    }
}

async fn notes(vault: Arc<Vault>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    Ok(match (request.method(), path.strip_prefix("/notes")) {
        (&Method::POST, Some("")) => keep(&vault, request).await,
        (&Method::POST, Some(key)) => open(&vault, key.trim_start_matches('/')).await,
        _ => answer(StatusCode::NOT_FOUND, "no such page\n"),
    })
}

async fn keep(vault: &Vault, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Ok(body) = Limited::new(request.into_body(), LARGEST_NOTE).collect().await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, "a note has at most 10,000 bytes\n");
    };
    let Some(note) = Plaintext::from_utf8(body.to_bytes().to_vec().into()) else {
        return answer(StatusCode::BAD_REQUEST, "a note is text\n");
    };
    let terms = Terms { ttl: Some(Ttl::days(1)), ..Terms::default() };
    match vault.share(note, terms, &Caller::guest(ClientId::LOCAL)).await {
        Ok(made) => answer(StatusCode::CREATED, format!("{}\n", made.link_key.text().expose())),
        Err(fault) => failed(&fault),
    }
}

async fn open(vault: &Vault, key: &str) -> Response<Full<Bytes>> {
    match vault.reveal(&LinkKey::named(key), None, ClientId::LOCAL).await {
        Ok(Reveal::Shown(note)) => answer(StatusCode::OK, note.value.expose().to_owned()),
        Ok(_) => answer(StatusCode::NOT_FOUND, "opened already, expired, or never there\n"),
        Err(fault) => failed(&fault),
    }
}

fn failed(fault: &Fault) -> Response<Full<Bytes>> {
    eprintln!("{fault}");
    answer(StatusCode::SERVICE_UNAVAILABLE, "not now; nothing was used up unless you are told so\n")
}

fn answer(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response
}
