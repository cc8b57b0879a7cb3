//! The whole API, seen from the side of who runs it: what a log may say of an answer, and
//! what an allowance is taken for.

mod hands;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Answer, Api, Limits};
use waxseal_core::contract::Request;
use waxseal_core::contract::site::Site;
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::mail::{Mailer, Message, NoRoom};
use waxseal_core::policy::{PassphrasePolicy, Policy};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::system::{InlineStretch, SystemEntropy};
use waxseal_core::time::Ttl;
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;

use hands::Hands;

const ANN: &str = "ann@example.com";

struct World {
    api: Api,
    clock: Arc<Hands>,
    authorization: String,
}

impl World {
    async fn new(limits: Limits) -> Self {
        Self::under(limits, Policy::default()).await
    }

    async fn under(limits: Limits, policy: Policy) -> Self {
        let store = Arc::new(MemoryStore::default());
        let (clock, entropy) = (Hands::new(), Arc::new(SystemEntropy::default()));
        let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
        let accounts = Accounts::new(store.clone(), keyring.clone(), clock.clone(), entropy.clone());
        let new = accounts.add(ANN, "default").await.unwrap();
        let authorization = format!("Basic {}", STANDARD.encode(format!("{ANN}:{}", new.token.expose())));
        let ports = Ports { store, clock: clock.clone(), entropy, stretch: Arc::new(InlineStretch) };
        let vault = Vault::new(ports, keyring, policy);
        let (limiter, site) = (Arc::new(LocalLimiter::default()), Site::new("https", "example.com").into());
        Self { api: Api { vault, accounts, limiter, limits, site }, clock, authorization }
    }

    fn with_mailer(mut self) -> Self {
        self.api.vault = self.api.vault.with_mailer(Arc::new(Taking));
        self
    }

    async fn ask(&self, method: &str, path: &str, form: &str) -> Answer {
        let request = Request {
            method,
            path: &format!("/api/v1/{path}"),
            query: None,
            host: Some("example.com"),
            authorization: Some(self.authorization.as_bytes()),
            content_types: vec![b"application/x-www-form-urlencoded"],
            accept_language: None,
            body: form.as_bytes().to_vec().into(),
        };
        self.api.answer(request, ClientId::LOCAL).await
    }

    async fn word(&self, method: &str, path: &str, form: &str) -> &'static str {
        self.ask(method, path, form).await.outcome
    }

    /// Link key and metadata key of a new secret with the passphrase `swordfish`.
    async fn made(&self) -> (String, String) {
        let reply = self.ask("POST", "share", "secret=x&passphrase=swordfish").await.reply;
        let receipt: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let key = |name: &str| receipt[name].as_str().unwrap().to_owned();
        (key("secret_key"), key("metadata_key"))
    }
}

/// Takes every message.
#[derive(Debug)]
struct Taking;

impl Mailer for Taking {
    fn queue(&self, _: Message) -> Result<(), NoRoom> {
        Ok(())
    }
}

#[tokio::test]
async fn every_outcome_has_its_word() {
    let world = World::new(Limits::default()).await;
    let (link, metadata) = world.made().await;
    let (secret, receipt) = (format!("secret/{link}"), format!("receipt/{metadata}"));
    let burn = format!("{receipt}/burn");
    let steps = [
        ("GET", "status", "", "nominal"),
        ("GET", "nowhere", "", "refused"),
        ("POST", "share", "", "refused"),
        ("POST", "share", "secret=x", "shared"),
        ("POST", "share", "secret=x&recipient=tom@example.com", "shared, recipient not told"),
        ("POST", "generate", "", "generated"),
        ("POST", "generate", "recipient=tom@example.com", "generated, recipient not told"),
        ("GET", "receipt/recent", "", "listed"),
        ("GET", &receipt, "", "looked"),
        ("POST", &secret, "passphrase=tuna", "wrong passphrase"),
        ("POST", &burn, "passphrase=tuna", "wrong passphrase"),
        ("POST", &secret, "passphrase=swordfish", "revealed"),
        ("POST", &secret, "passphrase=swordfish", "gone"),
        ("POST", &burn, "passphrase=swordfish", "gone"),
    ];
    for (method, path, form, word) in steps {
        assert_eq!(world.word(method, path, form).await, word, "{method} {path} {form}");
    }
    let (link, metadata) = world.made().await;
    let secret = format!("secret/{link}");
    for _ in 0..5 {
        world.word("POST", &secret, "passphrase=tuna").await;
    }
    assert_eq!(world.word("POST", &secret, "passphrase=swordfish").await, "locked out");
    world.clock.forward(Ttl::minutes(30));
    assert_eq!(world.word("POST", &secret, "passphrase=swordfish").await, "revealed");
    let (_, other) = world.made().await;
    assert_eq!(world.word("POST", &format!("receipt/{other}/burn"), "passphrase=swordfish").await, "burned");
    assert_eq!(world.word("GET", &format!("receipt/{metadata}"), "").await, "looked");
}

#[tokio::test]
async fn only_a_message_is_taken_out_of_the_allowance_of_messages() {
    let world = World::new(Limits { account_mails: 1, ..Limits::default() }).await.with_mailer();
    for _ in 0..3 {
        assert_eq!(world.word("POST", "share", "secret=x").await, "shared");
    }
    let told = async || world.ask("POST", "share", "secret=x&recipient=tom@example.com").await;
    assert_eq!(told().await.reply.header("x-mail-status"), Some("queued"));
    let second = told().await;
    assert_eq!(second.reply.header("x-mail-status"), Some("over-quota"));
    assert_eq!(second.outcome, "shared, recipient not told");
}

#[tokio::test]
async fn the_bounds_are_the_vaults_own_and_checked_in_the_contracts_order() {
    let passphrases = PassphrasePolicy { required: true, ..PassphrasePolicy::default() };
    let policy = Policy { passphrases, ..Policy::default() };
    let world = World::under(Limits::default(), policy).await;
    let reply = world.ask("POST", "share", "secret=").await.reply;
    let answer = std::str::from_utf8(&reply.body).unwrap();
    assert_eq!(answer, r#"{"message":"A passphrase is required for all secrets"}"#);
}
