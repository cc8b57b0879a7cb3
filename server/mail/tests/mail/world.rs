//! A vault whose mail goes to a server of the test's own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use waxseal_core::contract::site::Site;
use waxseal_core::domain::{Domain, Domains};
use waxseal_core::id::{AccountId, ClientId};
use waxseal_core::metadata::Metadata;
use waxseal_core::policy::Policy;
use waxseal_core::recipient::Recipient;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::secret::KeyBytes;
use waxseal_core::store::{MailState, Scope};
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::vault::{Caller, Member, Ports, Terms, Vault};
use waxseal_mail::{Credentials, Endpoint, Letterhead, Relay, Security, Spool, Timing};
use waxseal_memory::MemoryStore;
use waxseal_smtp_sink::{Rules, Sink};

pub(crate) const VALUE: &str = "Wv7canaryVALUEq9";
pub(crate) const PASSPHRASE: &str = "Pp4canaryPASSq1";
pub(crate) const SENDER: &str = "tom@example.com";
pub(crate) const RECIPIENT: &str = "ann@example.org";
/// A custom domain with a name of its own.
pub(crate) const DOMAIN: &str = "links.acme.test";

pub(crate) struct World {
    pub(crate) vault: Vault,
    pub(crate) spool: Arc<Spool>,
}

/// Waits long for what is there, and not at all between tries.
pub(crate) fn timing() -> Timing {
    let long = Duration::from_secs(60);
    let retries = vec![Duration::from_millis(10)];
    Timing { retries, give_up: long, connect: long, command: long, answer: long, idle: long, note: long }
}

pub(crate) fn plain(address: SocketAddr) -> Endpoint {
    Endpoint {
        host: address.ip().to_string(),
        port: address.port(),
        security: Security::None,
        credentials: None,
        roots: Vec::new(),
    }
}

pub(crate) fn credentials(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials { user: user.into(), password: password.to_owned().into() })
}

pub(crate) fn site() -> Site {
    let acme = Domain { name: Some("Acme <Links>".into()), ..Domain::new(DOMAIN, AccountId([1; 16])) };
    let domains: Domains = [acme].into_iter().collect();
    Site { domains, ..Site::new("https", "secrets.example") }
}

/// A sink by these rules, and a world that sends there.
pub(crate) fn with(rules: Rules, timing: Timing) -> (Sink, World) {
    let sink = Sink::start(rules);
    let world = World::new(plain(sink.address), timing, site());
    (sink, world)
}

pub(crate) fn terms() -> Terms {
    Terms { recipients: vec![Recipient::exact(RECIPIENT).unwrap()], ..Terms::default() }
}

pub(crate) fn caller(name: &str) -> Caller {
    let member = Member {
        id: AccountId([1; 16]),
        name: name.into(),
        plan: String::new(),
        language: None,
        scope: Scope::Full,
        list_key: KeyBytes::from([0; 32]),
    };
    Caller::signed_in(ClientId::LOCAL, member)
}

impl World {
    /// Must be called within a runtime.
    pub(crate) fn new(endpoint: Endpoint, timing: Timing, site: Site) -> Self {
        let store = Arc::new(MemoryStore::default());
        let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SystemEntropy::default()));
        let keyring = Arc::new(Keyring::generate(&*entropy).unwrap());
        let relay = Relay::new(endpoint).unwrap();
        let from = Recipient::exact("no-reply@secrets.example").unwrap();
        let letterhead = Letterhead::new(&from, site.into()).unwrap();
        let spool = Spool::start(relay, letterhead, timing, store.clone(), clock.clone(), entropy.clone());
        let spool = Arc::new(spool);
        let ports = Ports { store, clock, entropy, stretch: Arc::new(InlineStretch) };
        let vault = Vault::new(ports, keyring, Policy::default()).with_mailer(spool.clone());
        Self { vault, spool }
    }

    /// Shares a secret in the name of [`SENDER`].
    pub(crate) async fn share(&self, terms: Terms) -> Metadata {
        self.vault.share(VALUE.into(), terms, &caller(SENDER)).await.unwrap()
    }

    /// What the receipt tells of the message.
    pub(crate) async fn told(&self, made: &Metadata) -> MailState {
        self.vault.look(&made.metadata_key).await.unwrap().unwrap().mail
    }

    /// The same, once it is final.
    pub(crate) async fn end_of(&self, made: &Metadata) -> MailState {
        let end = async {
            loop {
                match self.told(made).await {
                    MailState::Queued => tokio::time::sleep(Duration::from_millis(2)).await,
                    end => return end,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), end).await.expect("every message has an end")
    }
}

/// Whether the receipt says that the mail was sent.
pub(crate) fn sent(state: MailState) -> bool {
    assert!(matches!(state, MailState::Sent | MailState::Failed), "{state:?}");
    state == MailState::Sent
}
