//! A whole deployment in memory, the same in every run of an input, with two secrets
//! in it that an attacker must not get, and every answer checked.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use waxseal_conformance::walk::Hashed;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Answer, Api, Limits};
use waxseal_core::contract::Request;
use waxseal_core::contract::site::Site;
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::Policy;
use waxseal_core::seal::boxes::hashed;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::time::{Clock, Moment};
use waxseal_core::vault::{Caller, Ports, Terms, Vault};
use waxseal_memory::MemoryStore;

use crate::sealing::Drawn;

/// The account that made the first secret.
const OWNER: &str = "owner@example.com";
/// Where these stand in a path, the planted secrets' keys are put instead.
const PLACES: [(&str, &str); 2] = [("LINK0", "META0"), ("LINK1", "META1")];
/// Such an Authorization header becomes the owner's.
const SIGNED_IN: &[u8] = b"OWNER";
/// The second secret's.
const PASSPHRASE: &str = "swordfish";

/// One runtime for the whole run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| Builder::new_current_thread().build().expect("a runtime without drivers can be made"))
}

/// A request below `/api/v1`, or for a page.
#[derive(Default)]
pub struct Sent<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) accept_language: Option<&'a str>,
    pub(crate) authorization: Option<&'a [u8]>,
    pub(crate) content_types: Vec<&'a [u8]>,
    pub(crate) body: &'a [u8],
    pub(crate) fetch_site: Option<&'a [u8]>,
}

impl<'a> Sent<'a> {
    /// Reads what a person can write: `POST share?ttl=60`, header lines, an empty
    /// line, the body. `LINK0`, `META0`, `LINK1` and `META1` in the path stand for
    /// the planted keys, and `authorization: OWNER` signs in.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let end = text.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = end.map_or((text, &[][..]), |at| (&text[..at], &text[at + 2..]));
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let mut sent = Self { method, path, query, body, ..Self::default() };
        for line in lines {
            let colon = line.windows(2).position(|pair| pair == b": ")?;
            let (name, value) = (&line[..colon], &line[colon + 2..]);
            match name {
                b"authorization" => sent.authorization = Some(value),
                b"content-type" => sent.content_types.push(value),
                b"sec-fetch-site" => sent.fetch_site = Some(value),
                b"host" => sent.host = Some(std::str::from_utf8(value).ok()?),
                b"accept-language" => sent.accept_language = Some(std::str::from_utf8(value).ok()?),
                _ => return None,
            }
        }
        Some(sent)
    }

    fn holds_a_key(&self) -> bool {
        PLACES.iter().any(|(link, metadata)| self.path.contains(link) || self.path.contains(metadata))
    }
}

/// A secret that was there before.
pub(crate) struct Planted {
    pub(crate) value: String,
    pub(crate) link: String,
    pub(crate) metadata: String,
    pub(crate) told: bool,
    pub(crate) burned: bool,
}

/// The deployment.
pub struct World {
    pub(crate) api: Api,
    authorization: String,
    pub(crate) planted: Vec<Planted>,
}

impl World {
    /// Makes it, and plants a secret of the owner's, and a guest's with a passphrase.
    /// Their values and keys hang on a hash of the input, so that no input holds them:
    /// an answer may repeat a key to whoever spells it.
    pub async fn new(input: &[u8]) -> Self {
        let store = Arc::new(MemoryStore::new(0));
        let (clock, entropy) = (Arc::new(Still), Arc::new(Drawn::seeded(seed(input))));
        let keyring = Arc::new(Keyring::generate(&*entropy).expect("Drawn never runs dry"));
        let accounts = Accounts::new(store.clone(), keyring.clone(), clock.clone(), entropy.clone());
        let token = accounts.add(OWNER, "").await.expect("the name is an address, and free").token;
        let owner = accounts.sign_in(OWNER, token.expose()).await.expect("the store serves");
        let ports = Ports { store, clock, entropy, stretch: Arc::new(Hashed) };
        let vault = Vault::new(ports, keyring, Policy::default());
        let client = ClientId::LOCAL;
        let locked = Terms { passphrase: Some(PASSPHRASE.into()), ..Terms::default() };
        let values = [0, 1].map(|n| STANDARD.encode(*hashed(&[input, &[n]].concat())));
        let planted = vec![
            plant(
                &vault,
                values[0].clone(),
                Terms::default(),
                Caller { client, member: owner.map(Box::new) },
            )
            .await,
            plant(&vault, values[1].clone(), locked, Caller::guest(client)).await,
        ];
        let limits = Limits {
            guest_creates: 0,
            guest_reveals: 0,
            account_creates: 0,
            account_reveals: 0,
            account_mails: 0,
        };
        let authorization = format!("Basic {}", STANDARD.encode(format!("{OWNER}:{}", token.expose())));
        let api =
            Api { vault, accounts, limiter: Arc::new(LocalLimiter::default()), limits, site: site().into() };
        Self { api, authorization, planted }
    }

    /// Sends a request, and checks what comes back.
    pub async fn send(&mut self, sent: &Sent<'_>) {
        let path = format!("/api/v1/{}", self.with_keys(sent.path));
        let authorization = match sent.authorization {
            Some(SIGNED_IN) => Some(self.authorization.as_bytes()),
            other => other,
        };
        let request = Request {
            method: sent.method,
            path: &path,
            query: sent.query,
            host: sent.host,
            authorization,
            content_types: sent.content_types.clone(),
            accept_language: sent.accept_language,
            body: sent.body.to_vec().into(),
        };
        let answer = self.api.answer(request, ClientId::LOCAL).await;
        self.check(&answer, authorization.is_some() || sent.holds_a_key());
    }

    /// A path with the planted keys in their places.
    pub(crate) fn with_keys(&self, path: &str) -> String {
        let places = PLACES.iter().zip(&self.planted);
        places.fold(path.to_owned(), |path, ((link, metadata), planted)| {
            path.replace(link, &planted.link).replace(metadata, &planted.metadata)
        })
    }

    /// Opens both secrets as their readers would: what was neither told nor
    /// burned so far is still there.
    pub async fn reveal_the_planted(&mut self) {
        for (link, _) in PLACES {
            let text = format!("POST secret/{link}\n\npassphrase={PASSPHRASE}");
            self.send(&Sent::parse(text.as_bytes()).expect("a request")).await;
        }
        assert!(self.planted.iter().all(|planted| planted.told || planted.burned), "a secret was eaten");
    }

    fn check(&mut self, answer: &Answer, holds_a_key: bool) {
        let reply = &answer.reply;
        let text = std::str::from_utf8(&reply.body).expect("an answer is text");
        assert!([200, 404].contains(&reply.status), "nothing fails here, and {} came: {text}", reply.status);
        assert!(serde_json::from_str::<Value>(text).is_ok(), "{text}");
        for planted in &mut self.planted {
            if text.contains(&planted.value) {
                assert_eq!((answer.route, answer.outcome, reply.status), ("reveal", "revealed", 200));
                assert!(!planted.told && !planted.burned, "told again");
                planted.told = true;
            }
            let named = text.contains(&planted.link) || text.contains(&planted.metadata);
            assert!(holds_a_key || !named, "a stranger is told of a key: {text}");
            planted.burned |= answer.outcome == "burned" && text.contains(&planted.metadata);
        }
    }
}

/// A number that no input can know of itself.
#[must_use]
pub fn seed(input: &[u8]) -> u64 {
    let hash = hashed(input);
    hash.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

async fn plant(vault: &Vault, value: String, terms: Terms, caller: Caller) -> Planted {
    let made = vault.share(value.as_str().into(), terms, &caller).await.expect("there is room");
    let (link, metadata) = (made.link_key.text(), made.metadata_key.text());
    Planted {
        value,
        link: link.expose().to_owned(),
        metadata: metadata.expose().to_owned(),
        told: false,
        burned: false,
    }
}

fn site() -> Site {
    Site::new("https", "localhost")
}

/// A clock that stands, at noon of 1 January 2025.
#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Moment {
        Moment::from_millis(1_735_732_800_000)
    }
}
