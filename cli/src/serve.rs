//! `waxseal serve`: everything is read and opened, then the server is bound and run.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use waxseal_core::account::Accounts;
use waxseal_core::api::Api;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Store;
use waxseal_core::system::{SystemClock, SystemEntropy};
use waxseal_core::vault::{Ports, Vault};
use waxseal_server::config::{Config, Key, reachable};
use waxseal_server::{
    App, Listeners, Metrics, Patience, StretchPool, Tls, TrustedProxies, Turns, allow_connections, key_file,
};
use waxseal_storage::Opened;

use crate::exit::Failure;
use crate::key::hex;
use crate::post::Post;
use crate::{keys, log, out, store, tls, warn};

/// What may still run after the server has said farewell. With its own ten seconds
/// and the mail's two it stays below the fifteen that a stop may take.
const LAST_WORK: Duration = Duration::from_secs(2);

/// Serves until the process is told to stop.
pub(crate) fn run(config: &Config) -> Result<(), Failure> {
    let _ending = log::start(&config.log)?;
    let first_start = config.self_setup && keys::make(config)?;
    let keyring = Arc::new(keys::load(config)?);
    if config.file.is_none() {
        store::make_folder(config)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start threads").map_err(Failure::other)?;
    let served = runtime.block_on(serve(config, keyring, first_start));
    runtime.shutdown_timeout(LAST_WORK);
    served
}

async fn serve(config: &Config, keyring: Arc<Keyring>, first_start: bool) -> Result<(), Failure> {
    outlive_file_limit().context("cannot listen for signals").map_err(Failure::other)?;
    let opened = store::open(config, &keyring).await?;
    let durable = opened.durable;
    warn::of_missing_keys(&*opened.store, &keyring).await;
    let stop = stop().context("cannot listen for signals").map_err(Failure::other)?;
    let tls = tls::open(config)?;
    let reloaded = Reloaded { key: config.key.clone(), keyring: keyring.clone(), tls: tls.clone() };
    reload_at_hangup(reloaded, opened.store.clone())
        .context("cannot listen for signals")
        .map_err(Failure::other)?;
    let (listeners, bound) = bind_all(config).await?;
    let (app, post) = app(config, keyring, opened, bound, tls)?;
    warn::of_strangers(config, &app.api.accounts).await;
    if let Err(failure) = tell(config, bound, durable, first_start) {
        // Whoever started it may have hung up. That is no reason not to serve.
        tracing::warn!("{failure}");
    }
    let served = waxseal_server::run(listeners, app, stop).await.map_err(Failure::other);
    post.close().await;
    served
}

/// Everything that is listened on, and where clients find it.
async fn bind_all(config: &Config) -> Result<(Listeners, SocketAddr), Failure> {
    let (clients, bound) = bind(config.listen, "listen").await?;
    let mut listeners = Listeners::from(clients);
    if let Some(listen) = config.tls.as_ref().and_then(|tls| tls.redirect_listen) {
        let (listener, bound) = bind(listen, "tls.redirect_listen").await?;
        tracing::info!(address = %bound, "leading plain HTTP to the site");
        listeners.redirect = Some(listener);
    }
    if let Some(listen) = config.metrics_listen {
        let (listener, bound) = bind(listen, "metrics_listen").await?;
        tracing::info!("figures stand at http://{bound}/metrics");
        listeners.metrics = Some(listener);
    }
    Ok((listeners, bound))
}

/// `setting` is the one that says so.
async fn bind(listen: SocketAddr, setting: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let refused = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse if setting == "listen" => {
                "; another program listens there: stop it, or say --listen ADDRESS:PORT".to_owned()
            }
            io::ErrorKind::AddrInUse => {
                format!("; another program listens there: stop it, or change {setting}")
            }
            io::ErrorKind::PermissionDenied => {
                format!(
                    "; ports below 1024 take a right of their own: change {setting}, or give the program CAP_NET_BIND_SERVICE"
                )
            }
            _ => String::new(),
        };
        Failure::other(anyhow!("cannot listen on {listen}: {error}{hint}"))
    };
    let listener = TcpListener::bind(listen).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

fn app(
    config: &Config,
    keyring: Arc<Keyring>,
    opened: Opened,
    bound: SocketAddr,
    tls: Option<Arc<Tls>>,
) -> Result<(App, Post), Failure> {
    let metrics = config.metrics_listen.map(|_| Arc::new(Metrics::default()));
    let clock = Arc::new(SystemClock::default());
    let entropy = Arc::new(SystemEntropy::default());
    let accounts = Accounts::new(opened.accounts, keyring.clone(), clock.clone(), entropy.clone());
    let cores = available_parallelism().map_or(1, usize::from);
    let turns = Turns::new(config.requests_at_once);
    let pool = Arc::new(StretchPool::new(cores, turns.clone()));
    let store = metrics.as_ref().map_or(opened.store.clone(), |metrics| metrics.meter(opened.store));
    let ports = Ports { store, clock, entropy, stretch: pool.clone() };
    let site = Arc::new(config.site(bound, |name| accounts.id(name)));
    let post = Post::start(config, &site, &ports)?;
    if let Some(metrics) = &metrics {
        metrics.watch_passphrases(pool);
        metrics.set_stored_bytes_limit(config.stored_bytes);
        post.watched_by(metrics);
    }
    let api = Api {
        vault: post.serve(Vault::new(ports, keyring, config.policy())),
        accounts,
        limiter: opened.limiter.unwrap_or_else(|| Arc::new(LocalLimiter::default())),
        limits: config.limits,
        site,
    };
    let app = App {
        api,
        pages: config.pages,
        proxies: TrustedProxies::new(config.trusted_proxies.clone()),
        patience: Patience::default(),
        connections: allow_connections(),
        turns,
        tls,
        metrics,
    };
    Ok((app, post))
}

/// The few lines of a start. Whoever starts the server in a script waits for the
/// one that says where it listens.
fn tell(config: &Config, bound: SocketAddr, durable: bool, first_start: bool) -> Result<(), Failure> {
    let here = reachable(bound);
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    if first_start {
        let key = config.key.path().unwrap_or_else(|| "WAXSEAL_KEY".as_ref()).display();
        out::line(format_args!(
            "made the key file {key}: keep a copy, for nothing opens the store without it"
        ))?;
    }
    out::line(format_args!("secrets stand in {}{}", config.store, if durable { "" } else { VOLATILE }))?;
    if config.site.host.is_none() && bound.ip().is_unspecified() {
        tracing::warn!(
            "links lead to {here} only; say where people reach this server: --site-host HOST, or host in [site]"
        );
    }
    out::line(format_args!("listening on {scheme}://{bound}"))?;
    if first_start {
        out::line(format_args!("share a first secret:  curl -d secret=hello http://{here}/api/v1/share"))?;
        if cfg!(feature = "pages") {
            out::line(format_args!("or in a browser:       http://{here}/"))?;
        }
        out::line("change anything:       waxseal init, then edit waxseal.toml")?;
    }
    Ok(())
}

const VOLATILE: &str = " which is volatile: when the server stops, every secret and account is gone";

/// What is read again while the server runs.
struct Reloaded {
    key: Key,
    keyring: Arc<Keyring>,
    tls: Option<Arc<Tls>>,
}

/// Reads the keys again whenever SIGHUP comes. Signals are caught from the call on.
#[cfg(unix)]
fn reload_at_hangup(reloaded: Reloaded, store: Arc<dyn Store>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reload(&reloaded.key, &reloaded.keyring);
            reloaded.tls.iter().for_each(|tls| tls::reload(tls));
            warn::of_missing_keys(&*store, &reloaded.keyring).await;
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn reload_at_hangup(_: Reloaded, _: Arc<dyn Store>) -> io::Result<()> {
    Ok(())
}

/// Takes over what the key file holds now. One that will not do changes nothing.
fn reload(key: &Key, keyring: &Keyring) {
    let read = key_file::load(key).map_err(anyhow::Error::from);
    match read.and_then(|read| Ok(keyring.take_over(&read)?)) {
        Ok(()) => {
            let (keys, sealing) = (keyring.ring().len(), hex(keyring.sealing()));
            tracing::info!(keys, sealing, "the key file was read again");
        }
        Err(error) => tracing::error!("the key file will not do, and the keys stay as they were: {error:#}"),
    }
}

/// Where a file may not grow further (`ulimit -f`), a write is to fail like any
/// other, rather than end the process. Once caught, the signal stays caught.
#[cfg(unix)]
pub(crate) fn outlive_file_limit() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}

#[cfg(not(unix))]
pub(crate) fn outlive_file_limit() -> io::Result<()> {
    Ok(())
}

/// Resolves when the process is asked to stop. Signals are caught from the call on.
#[cfg(unix)]
fn stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

#[cfg(not(unix))]
fn stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // An error means that Ctrl-C can't be heard: then nothing asks to stop.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
