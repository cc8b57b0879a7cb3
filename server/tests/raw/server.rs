//! The real server on a port of its own, over the memory store.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Api, Limits};
use waxseal_core::contract::site::Site;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::time::Clock;
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;
use waxseal_server::{App, Patience, TrustedProxies, config};

use crate::wire::Client;

/// The account of every server.
pub(crate) const USER: &str = "raw@example.com";

/// What a test wants otherwise.
pub(crate) struct Setup {
    pub(crate) patience: Patience,
    pub(crate) connections: usize,
    pub(crate) limits: Limits,
    pub(crate) proxies: &'static [&'static str],
    pub(crate) stored_bytes: u64,
    pub(crate) pages: config::Pages,
    pub(crate) clock: Arc<dyn Clock>,
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
            limits: Limits::default(),
            proxies: &[],
            stored_bytes: 0,
            pages: config::Pages::default(),
            clock: Arc::new(SystemClock::default()),
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
    pub(crate) token: String,
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) async fn start(setup: Setup) -> Self {
        let store = Arc::new(MemoryStore::new(setup.stored_bytes));
        let entropy = Arc::new(SystemEntropy::default());
        let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
        let accounts = Accounts::new(store.clone(), keyring.clone(), setup.clock.clone(), entropy.clone());
        let token = accounts.add(USER, "").await.unwrap().token.expose().to_owned();
        let ports = Ports { store, clock: setup.clock, entropy, stretch: Arc::new(InlineStretch) };
        let api = Api {
            vault: Vault::new(ports, keyring, Policy::default()),
            accounts,
            limiter: Arc::new(LocalLimiter::default()),
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
            tls: None,
            metrics: None,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(waxseal_server::run(listener, app, async {
            // An error says that the server was dropped, which stops it as well.
            stopped.await.ok();
        }));
        Self { address, token, _stop: stop }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
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
