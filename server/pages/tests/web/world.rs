//! A whole deployment over the memory store, without a socket.

use std::sync::Arc;

use waxseal_core::account::Accounts;
use waxseal_core::api::{Api, Limits};
use waxseal_core::contract::Request;
use waxseal_core::contract::site::Site;
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::Policy;
use waxseal_core::seal::kdf::Stretch;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Store;
use waxseal_core::system::{InlineStretch, SystemEntropy};
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;
use waxseal_pages::Pages;

use crate::browser::{Browser, Seen};
use crate::hands::Hands;

pub(crate) struct World {
    pub(crate) pages: Pages,
    pub(crate) api: Api,
    pub(crate) clock: Arc<Hands>,
    pub(crate) store: Arc<dyn Store>,
}

/// What a test wants otherwise.
pub(crate) struct Setup {
    pub(crate) pages: Pages,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) site: Site,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) stretch: Arc<dyn Stretch>,
    pub(crate) stored_bytes: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            pages: Pages { typed_check: false, guests_may_create: true },
            policy: Policy::default(),
            limits: Limits::default(),
            site: Site::new("https", "secrets.example"),
            keyring: None,
            store: None,
            stretch: Arc::new(InlineStretch),
            stored_bytes: 0,
        }
    }
}

impl Setup {
    pub(crate) fn world(self) -> World {
        let kept = Arc::new(MemoryStore::new(self.stored_bytes));
        let store = self.store.unwrap_or_else(|| kept.clone());
        let clock = Hands::new();
        let entropy = Arc::new(SystemEntropy::default());
        let keyring = self.keyring.unwrap_or_else(|| Keyring::generate(&*entropy).unwrap());
        let keyring = Arc::new(keyring);
        let accounts = Accounts::new(kept, keyring.clone(), clock.clone(), entropy.clone());
        let ports = Ports { store: store.clone(), clock: clock.clone(), entropy, stretch: self.stretch };
        let api = Api {
            vault: Vault::new(ports, keyring, self.policy),
            accounts,
            limiter: Arc::new(LocalLimiter::default()),
            limits: self.limits,
            site: Arc::new(self.site),
        };
        World { pages: self.pages, api, clock, store }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Setup::default().world()
    }

    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// The path and query of a link.
    pub(crate) fn path_of(&self, target: &str) -> String {
        let Some((_, rest)) = target.split_once("://") else { return target.to_owned() };
        rest.find('/').map_or("/", |at| &rest[at..]).to_owned()
    }

    /// Makes a secret by the form; its receipt, as the creator sees it then.
    pub(crate) async fn make(&self, secret: &str, passphrase: &str) -> Made {
        let browser = self.browser();
        let form = browser.get("/").await.form().with("secret", secret).with("passphrase", passphrase);
        let sent = browser.send(&form).await;
        assert_eq!(sent.status, 303, "{}", sent.html);
        let receipt = sent.header("location").unwrap().to_owned();
        let seen = browser.get(&receipt).await;
        Made { link: seen.field("link"), receipt }
    }

    /// Opens a secret over the API: its value, if there still is one.
    pub(crate) async fn value_of(&self, link: &str, passphrase: &str) -> Option<String> {
        let path = format!("/api/v1{}", self.path_of(link));
        let answer = self.ask_api("POST", &path, &format!("passphrase={passphrase}")).await;
        let (_, rest) = answer.html.split_once("{\"value\":\"")?;
        rest.split_once("\",\"secret_key\"").map(|(value, _)| value.to_owned())
    }

    pub(crate) async fn ask_api(&self, method: &str, path: &str, body: &str) -> Seen {
        let request = Request {
            method,
            path,
            query: None,
            host: Some("secrets.example"),
            authorization: None,
            content_types: vec![b"application/x-www-form-urlencoded"],
            accept_language: None,
            body: body.as_bytes().to_vec().into(),
        };
        Seen::new(path, self.api.answer(request, ClientId::LOCAL).await.reply)
    }

    /// How many secrets stand unopened.
    pub(crate) async fn unopened(&self) -> u64 {
        self.store.usage().await.unwrap().new
    }
}

/// A secret that a form made.
pub(crate) struct Made {
    /// The link to share.
    pub(crate) link: String,
    /// The receipt's path.
    pub(crate) receipt: String,
}

impl Made {
    /// The path of the page that destroys it.
    pub(crate) fn burn(&self) -> String {
        format!("{}/burn", self.receipt)
    }
}
