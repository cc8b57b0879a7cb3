//! Listening: accept, bound, hand over to hyper, and leave in good order.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::App;
use crate::exchange::exchange;
use crate::stall::Unstalled;
use crate::sweeper::sweep_for_ever;

/// Connections at once. Further ones wait in the kernel's queue.
const CONNECTIONS: usize = 10_000;
/// A request's head must have come by then.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// What has begun is answered within this after a shutdown was asked for.
const FAREWELL: Duration = Duration::from_secs(10);
/// After an accept failed for want of file descriptors or memory.
const BREATH: Duration = Duration::from_millis(50);

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
    let graceful = GracefulShutdown::new();
    tracing::info!(%address, "serving");
    tokio::select! {
        () = accept(&listener, &app, &graceful) => {}
        () = shutdown => {}
    }
    drop(listener);
    sweeper.abort();
    if tokio::time::timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        tracing::warn!("some connections did not finish in time and were cut");
    }
    Ok(())
}

async fn accept(listener: &TcpListener, app: &Arc<App>, graceful: &GracefulShutdown) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // The semaphore lives as long as this loop and is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => serve(stream, peer, app.clone(), graceful, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    app: Arc<App>,
    graceful: &GracefulShutdown,
    place: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's algorithm");
    }
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, std::convert::Infallible>(exchange(&app, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        // A client that shuts its writing side still gets its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(Unstalled::new(stream)), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
