//! The real server on a port of its own, over the memory store.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Api, Limits};
use waxseal_core::contract::site::Site;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Limiter;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::time::Clock;
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;
use waxseal_server::{App, Listeners, Metrics, Patience, TrustedProxies, Turns, config};

use crate::identity::Identity;
use crate::wire::{Client, plain};

/// The account of every server.
pub(crate) const USER: &str = "raw@example.com";

/// What a test wants otherwise.
pub(crate) struct Setup {
    pub(crate) patience: Patience,
    pub(crate) connections: usize,
    /// Requests that are worked on at once; 0 for any number.
    pub(crate) requests: usize,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) limits: Limits,
    pub(crate) proxies: &'static [&'static str],
    pub(crate) stored_bytes: u64,
    pub(crate) pages: config::Pages,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whose certificate it shows, if it speaks TLS.
    pub(crate) identity: Option<Identity>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            // Nothing may be cut by a clock where no clock is tested.
            patience: Patience {
                head: Duration::from_secs(60),
                body: Duration::from_secs(60),
                stall: Duration::from_secs(60),
                ..Patience::default()
            },
            connections: 1_000,
            requests: 0,
            limiter: Arc::new(LocalLimiter::default()),
            limits: Limits::default(),
            proxies: &[],
            stored_bytes: 0,
            pages: config::Pages::default(),
            clock: Arc::new(SystemClock::default()),
            identity: None,
        }
    }
}

/// Patience that a test can outwait.
pub(crate) const SHORT: Patience = Patience {
    head: Duration::from_millis(400),
    body: Duration::from_millis(400),
    idle: Duration::from_millis(400),
    stall: Duration::from_millis(400),
    linger: Duration::from_millis(400),
    farewell: Duration::from_secs(10),
};

/// A running server. Stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Where plain text is led away from TLS.
    pub(crate) redirect: SocketAddr,
    /// Where figures stand.
    pub(crate) metrics: SocketAddr,
    pub(crate) token: String,
    pub(crate) identity: Option<Identity>,
    pub(crate) store: Arc<MemoryStore>,
    running: JoinHandle<std::io::Result<()>>,
    stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) async fn start(setup: Setup) -> Self {
        let store = Arc::new(MemoryStore::new(setup.stored_bytes));
        let entropy = Arc::new(SystemEntropy::default());
        let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
        let accounts = Accounts::new(store.clone(), keyring.clone(), setup.clock.clone(), entropy.clone());
        let token = accounts.add(USER, "").await.unwrap().token.expose().to_owned();
        let metrics = Arc::new(Metrics::default());
        let ports = Ports {
            store: metrics.meter(store.clone()),
            clock: setup.clock,
            entropy,
            stretch: Arc::new(InlineStretch),
        };
        let api = Api {
            vault: Vault::new(ports, keyring, Policy::default()),
            accounts,
            limiter: setup.limiter,
            limits: setup.limits,
            site: Site::new("https", "secrets.example").into(),
        };
        let proxies = setup.proxies.iter().map(|network| network.parse().unwrap()).collect();
        let app = App {
            api,
            pages: setup.pages,
            proxies: TrustedProxies::new(proxies),
            patience: setup.patience,
            connections: setup.connections,
            turns: Turns::new(setup.requests),
            tls: setup.identity.as_ref().map(|identity| identity.tls.clone()),
            metrics: Some(metrics),
        };
        let (clients, address) = listen().await;
        let (redirecting, redirect) = listen().await;
        let (telling, metrics) = listen().await;
        let listeners = Listeners { clients, redirect: Some(redirecting), metrics: Some(telling) };
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(waxseal_server::run(listeners, app, async {
            // An error says that the server was dropped, which stops it as well.
            stopped.await.ok();
        }));
        Self { address, redirect, metrics, token, identity: setup.identity, store, running, stop }
    }

    /// Has it stop, and waits until it has.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.running.await.unwrap().unwrap();
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_over(plain(self.address).await).await
    }

    /// A client on this socket, which leads to the server.
    pub(crate) async fn client_over(&self, stream: TcpStream) -> Client {
        match &self.identity {
            Some(identity) => Client::over(identity.greet(stream).await.unwrap()),
            None => Client::over(stream),
        }
    }

    /// Shares `secret` on a connection of its own; the link key.
    pub(crate) async fn share(&self, secret: &str) -> String {
        let answer = self.client().await.ask("POST /api/v1/share", "", &format!("secret={secret}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.field("secret_key")
    }

    /// Opens a secret on a connection of its own; its value.
    pub(crate) async fn reveal(&self, key: &str) -> String {
        let answer = self.client().await.ask(&format!("POST /api/v1/secret/{key}"), "", "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.field("value")
    }
}

/// A listener on a port of its own.
async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}
