//! Listening: accept, bound, hand over to hyper, and leave in good order.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{HeaderValue, STRICT_TRANSPORT_SECURITY};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::client::Peer;
use crate::crowd::turn_away;
use crate::domains::Follower;
use crate::exchange::{exchange, send_away};
use crate::gate::{Gate, Wire};
use crate::places::{Place, Places};
use crate::sweeper::sweep_for_ever;
use crate::tls::{Greeted, HSTS, Tls};
use crate::{App, client, metrics};

/// After an accept failed for want of file descriptors or memory.
const BREATH: Duration = Duration::from_millis(50);
/// Clients without a place that are waited for until they have heard so. Further ones
/// are told and left.
const TURNED_AWAY: usize = 32;

/// Where a server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For clients: over TLS, if the [`App`] has it.
    pub clients: TcpListener,
    /// For clients that come in plain text: they are led to the site, or refused.
    pub redirect: Option<TcpListener>,
    /// For Prometheus; the [`App`]'s metrics are told here.
    pub metrics: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(clients: TcpListener) -> Self {
        Self { clients, redirect: None, metrics: None }
    }
}

/// Serves until `shutdown` resolves; then accepts no more, answers what has begun,
/// and returns.
///
/// # Errors
/// Whatever the listener says of its own address.
pub async fn run(
    listeners: impl Into<Listeners>,
    app: App,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let Listeners { clients, redirect, metrics } = listeners.into();
    let address = clients.local_addr()?;
    let door = if app.tls.is_some() { Door::Tls } else { Door::Plain };
    let hall = Hall::of(Arc::new(app));
    let beside = beside(&hall, metrics).await;
    tracing::info!(%address, connections = hall.app.connections, "serving");
    tokio::select! {
        () = accept(Some(&clients), door, &hall) => {}
        () = accept(redirect.as_ref(), Door::Redirect, &hall) => {}
        () = shutdown => {}
    }
    drop((clients, redirect, beside));
    hall.leave().await;
    Ok(())
}

/// What runs beside the connections, for as long as it is held.
async fn beside(hall: &Hall, metrics: Option<TcpListener>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let ports = hall.app.api.vault.ports();
    tasks.spawn(sweep_for_ever(ports.store.clone(), ports.clock.clone()));
    let mut domains = Follower::default();
    domains.read(&hall.app.api).await;
    let following = hall.app.clone();
    tasks.spawn(async move { domains.read_for_ever(&following.api).await });
    if let (Some(figures), Some(listener)) = (&hall.app.metrics, metrics) {
        figures.watch_places(hall.places.clone());
        figures.watch_turns(hall.app.turns.clone());
        hall.app.tls.iter().for_each(|tls| figures.watch_certificate(tls.clone()));
        tasks.spawn(metrics::watch_usage(figures.clone(), ports.store.clone()));
        tasks.spawn(metrics::serve(listener, figures.clone(), hall.app.patience.head));
    }
    tasks
}

/// What all connections share.
struct Hall {
    app: Arc<App>,
    places: Arc<Places>,
    turned_away: Arc<Semaphore>,
    graceful: GracefulShutdown,
    /// Dropped at the end, which ends handshakes: nothing has begun behind them.
    staying: watch::Sender<()>,
}

impl Hall {
    fn of(app: Arc<App>) -> Self {
        Self {
            places: Places::new(app.connections),
            turned_away: Arc::new(Semaphore::new(TURNED_AWAY)),
            graceful: GracefulShutdown::new(),
            staying: watch::Sender::new(()),
            app,
        }
    }

    async fn leave(self) {
        drop(self.staying);
        if tokio::time::timeout(self.app.patience.farewell, self.graceful.shutdown()).await.is_err() {
            tracing::warn!("some connections did not finish in time and were cut");
        }
    }
}

/// By which way a connection comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Plain,
    Tls,
    /// In plain text, where TLS is spoken.
    Redirect,
}

async fn accept(listener: Option<&TcpListener>, door: Door, hall: &Hall) {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match hall.places.take(client::holder(&hall.app.proxies, peer.ip())) {
                Some(place) => receive(stream, peer, door, hall, place),
                None => refuse(stream, door, hall),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// No room. A client that speaks TLS could read no answer before a handshake, which
/// would cost more than its place.
fn refuse(stream: TcpStream, door: Door, hall: &Hall) {
    hall.app.metrics.iter().for_each(|metrics| metrics.turned_away());
    if door != Door::Tls {
        turn_away(stream, &hall.turned_away, hall.app.patience);
    }
}

fn receive(stream: TcpStream, peer: SocketAddr, door: Door, hall: &Hall, place: Place) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let peer = Peer::new(peer.ip(), hall.app.api.vault.keyring());
    let guest = Guest { app: hall.app.clone(), peer, door, watcher: hall.graceful.watcher() };
    match (door, &hall.app.tls) {
        (Door::Tls, Some(tls)) => {
            let work = greet(stream, tls.clone(), guest, hall.staying.subscribe());
            // In a box: it holds more than any other connection keeps for long.
            tokio::spawn(held(Box::pin(work), place));
        }
        _ => drop(tokio::spawn(held(serve(stream, guest), place))),
    }
}

/// Keeps a connection's place until its end.
async fn held(connection: impl Future<Output = ()>, place: Place) {
    connection.await;
    drop(place);
}

/// Whom a connection is served for.
struct Guest {
    app: Arc<App>,
    peer: Peer,
    door: Door,
    watcher: Watcher,
}

/// Agrees on keys, then serves. A client that takes too long for it is cut.
async fn greet(stream: TcpStream, tls: Arc<Tls>, guest: Guest, mut staying: watch::Receiver<()>) {
    let greeted = tokio::select! {
        greeted = tokio::time::timeout(guest.app.patience.head, tls.accept(stream)) => greeted,
        _ = staying.changed() => return,
    };
    let (outcome, served) = match greeted {
        Ok(Ok(Greeted::Tls(stream))) => ("done", Some(Ok(stream))),
        Ok(Ok(Greeted::InPlainText(stream))) => ("failed", Some(Err(stream))),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            ("failed", None)
        }
        Err(_) => ("too slow", None),
    };
    guest.app.metrics.iter().for_each(|metrics| metrics.shook_hands(outcome));
    match served {
        Some(Ok(stream)) => serve(stream, guest).await,
        Some(Err(stream)) => serve(stream, Guest { door: Door::Redirect, ..guest }).await,
        None => {}
    }
}

fn serve<S: Wire>(stream: S, guest: Guest) -> impl Future<Output = ()> + use<S> {
    let Guest { app, peer, door, watcher } = guest;
    let gate = Gate::new(stream, app.patience, app.body_cap());
    let service = service_fn(move |request| answer(app.clone(), peer, door, request));
    let connection = http1::Builder::new()
        // The gate has its own clocks.
        .header_read_timeout(None)
        // A client that shuts its writing side still gets its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(gate), service);
    // In a box: the task would keep a second place for what it awaits.
    let connection = Box::pin(watcher.watch(connection));
    async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

// Not an async fn, which would keep a second place for the request: hyper keeps one of these
// for each connection, and moves it with each request.
fn answer(
    app: Arc<App>,
    peer: Peer,
    door: Door,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    let (head, body) = request.into_parts();
    async move {
        if door == Door::Redirect {
            return Ok(send_away(&app, &head));
        }
        let mut response = exchange(&app, peer, &head, body).await;
        if door == Door::Tls {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
        }
        Ok(response)
    }
}
