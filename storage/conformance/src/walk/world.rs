//! The deployment that a walk goes through: the whole API, under a clock that is moved
//! and randomness that hangs on a seed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Api, Limits};
use waxseal_core::contract::Request;
use waxseal_core::contract::site::Site;
use waxseal_core::entropy::{Entropy, EntropyError};
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::Policy;
use waxseal_core::seal::boxes::hashed;
use waxseal_core::seal::kdf::{Cost, Place, SALT_BYTES, Stretch, StretchError};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::secret::{KeyBytes, Passphrase};
use waxseal_core::store::Store;
use waxseal_core::time::{Clock, Moment, Timestamp, Ttl};
use waxseal_core::vault::{Ports, Vault};

use crate::broken_accounts::FaultyAccounts;
use crate::sample::START;

/// How many accounts there are.
pub(super) const ACCOUNTS: usize = 2;

/// A walk may be longer than any allowance.
const UNLIMITED: Limits =
    Limits { guest_creates: 0, guest_reveals: 0, account_creates: 0, account_reveals: 0, account_mails: 0 };

/// What is asked.
pub(super) struct Asked {
    pub(super) method: &'static str,
    /// Below `/api/v1/`.
    pub(super) path: String,
    /// A form.
    pub(super) body: String,
    pub(super) client: ClientId,
    /// Who signs in.
    pub(super) account: Option<usize>,
}

impl Asked {
    pub(super) fn get(path: String) -> Self {
        Self { method: "GET", path, body: String::new(), client: ClientId::LOCAL, account: None }
    }

    pub(super) fn post(path: String, body: String) -> Self {
        Self { method: "POST", body, ..Self::get(path) }
    }
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// The status on the wire.
    pub status: u16,
    /// `x-ots-intended-status`.
    pub intended: Option<String>,
    /// The body.
    pub json: Value,
    text: String,
}

impl Said {
    pub(super) fn holds(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<Hands>,
    api: Api,
    entropy: Arc<Drawn>,
    authorizations: Vec<String>,
    seed: u64,
}

impl World {
    pub(super) async fn new(store: Arc<dyn Store>, seed: u64) -> Self {
        let clock = Arc::new(Hands(AtomicU64::new(START.secs() * 1_000)));
        let entropy = Arc::new(Drawn(AtomicU64::new(seed)));
        let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
        let stands = Arc::new(FaultyAccounts::sound());
        let accounts = Accounts::new(stands, keyring.clone(), clock.clone(), entropy.clone());
        let mut authorizations = Vec::new();
        for n in 0..ACCOUNTS {
            let new = accounts.add(&format!("account{n}@example.com"), "").await.unwrap();
            let pair = format!("{}:{}", new.name, new.token.expose());
            authorizations.push(format!("Basic {}", STANDARD.encode(pair)));
        }
        let (clock_port, entropy_port) = (clock.clone(), entropy.clone());
        let stretch = Arc::new(Hashed);
        let ports = Ports { store: store.clone(), clock: clock_port, entropy: entropy_port, stretch };
        let api = Api {
            vault: Vault::new(ports, keyring, Policy::default()),
            accounts,
            limiter: Arc::new(LocalLimiter::default()),
            limits: UNLIMITED,
            site: Arc::new(Site::new("https", "secrets.example")),
        };
        Self { store, clock, api, entropy, authorizations, seed }
    }

    pub(super) async fn answer(&self, asked: Asked) -> Said {
        let path = format!("/api/v1/{}", asked.path);
        let authorization = asked.account.map(|n| self.authorizations[n].as_bytes());
        let request = Request {
            method: asked.method,
            path: &path,
            query: None,
            host: Some("secrets.example"),
            authorization,
            content_types: vec![b"application/x-www-form-urlencoded"],
            accept_language: None,
            body: asked.body.into_bytes().into(),
        };
        let reply = self.api.answer(request, asked.client).await.reply;
        let text = String::from_utf8(reply.body.to_vec()).expect("an answer is text");
        let intended = reply.header("x-ots-intended-status").map(str::to_owned);
        Said { status: reply.status, intended, json: serde_json::from_str(&text).expect("JSON"), text }
    }

    /// A text that nobody knows who does not know the seed.
    pub(super) fn secret_text(&self, what: &str, n: usize) -> String {
        let bytes = hashed(format!("{what} {n} {}", self.seed).as_bytes());
        bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A new master key seals from here on; the ones before still open.
    pub(super) fn turn_the_ring(&self) {
        let keyring = self.api.vault.keyring();
        let kid = keyring.add(&*self.entropy).expect("a key of an id of its own");
        keyring.promote(kid).expect("the key that was added");
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub(super) struct Hands(AtomicU64);

impl Hands {
    pub(super) fn forward(&self, by: Ttl) {
        self.0.fetch_add(by.secs() * 1_000, Ordering::Relaxed);
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        self.now().timestamp()
    }
}

impl Clock for Hands {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Randomness that hangs on a seed: SHA-256 of a counter.
#[derive(Debug)]
struct Drawn(AtomicU64);

impl Entropy for Drawn {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in out.chunks_mut(32) {
            let block = hashed(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// One hash in place of Argon2id, which would leave no time for anything else.
#[derive(Debug)]
pub struct Hashed;

#[async_trait]
impl Stretch for Hashed {
    async fn stretch(
        &self,
        _: Place,
        passphrase: Passphrase,
        salt: [u8; SALT_BYTES],
        _: Cost,
    ) -> Result<KeyBytes, StretchError> {
        Ok(KeyBytes::from(*hashed(&[passphrase.expose(), &salt].concat())))
    }
}
