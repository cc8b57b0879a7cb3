//! Listening: accept, bound, hand over to hyper, and leave in good order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::App;
use crate::client;
use crate::crowd::turn_away;
use crate::domains::Follower;
use crate::exchange::exchange;
use crate::gate::Gate;
use crate::places::{Place, Places};
use crate::sweeper::sweep_for_ever;

/// After an accept failed for want of file descriptors or memory.
const BREATH: Duration = Duration::from_millis(50);
/// Clients without a place that are waited for until they have heard so. Further ones
/// are told and left.
const TURNED_AWAY: usize = 32;

/// Serves until `shutdown` resolves; then accepts no more, answers what has begun,
/// and returns.
///
/// # Errors
/// Whatever the listener says of its own address.
pub async fn run(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let address = listener.local_addr()?;
    let app = Arc::new(app);
    let ports = app.api.vault.ports();
    let sweeper = tokio::spawn(sweep_for_ever(ports.store.clone(), ports.clock.clone()));
    let mut domains = Follower::default();
    domains.read(&app.api).await;
    let following = app.clone();
    let domains = tokio::spawn(async move { domains.read_for_ever(&following.api).await });
    let graceful = GracefulShutdown::new();
    tracing::info!(%address, connections = app.connections, "serving");
    tokio::select! {
        () = accept(&listener, &app, &graceful) => {}
        () = shutdown => {}
    }
    drop(listener);
    sweeper.abort();
    domains.abort();
    if tokio::time::timeout(app.patience.farewell, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not finish in time and were cut");
    }
    Ok(())
}

async fn accept(listener: &TcpListener, app: &Arc<App>, graceful: &GracefulShutdown) {
    let places = Places::new(app.connections);
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match places.take(client::holder(&app.proxies, peer.ip())) {
                Some(place) => serve(stream, peer, app.clone(), graceful, place),
                None => turn_away(stream, &turned_away, app.patience),
            },
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn serve(stream: TcpStream, peer: SocketAddr, app: Arc<App>, graceful: &GracefulShutdown, place: Place) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let gate = Gate::new(stream, app.patience, app.body_cap());
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, std::convert::Infallible>(exchange(&app, peer, request).await) }
    });
    let connection = http1::Builder::new()
        // The gate has its own clocks.
        .header_read_timeout(None)
        // A client that shuts its writing side still gets its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(gate), service);
    // In a box: the task would keep a second place for what it awaits.
    let connection = Box::pin(graceful.watch(connection));
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
