//! A whole deployment in memory, the same every time: the clock stands where the
//! case puts it, and the randomness repeats itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxseal_core::account::Accounts;
use waxseal_core::api::{Api, Limits};
use waxseal_core::contract::Request;
use waxseal_core::contract::site::{Numbers, Site};
use waxseal_core::domain::{Domain, Domains};
use waxseal_core::entropy::{Entropy, EntropyError};
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::{PassphrasePolicy, Policy};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::system::InlineStretch;
use waxseal_core::time::{Clock, Moment};
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;

use crate::case::{Asked, Expected, Names, Settings, fill};

/// Midnight of 1 January 2025, when every case begins.
const BEGINNING: u64 = 1_735_689_600;

/// The case's account, and the owner of domains that are not the case's.
const USER: &str = "owner@example.com";
const STRANGER: &str = "stranger@example.com";

/// Where the domains of a case come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Configuration,
    Store,
}

pub(crate) struct Deployment {
    api: Api,
    clock: Arc<Still>,
    token: String,
}

impl Deployment {
    pub(crate) async fn new(settings: &Settings, source: Source) -> Self {
        let clock = Arc::new(Still::default());
        let entropy = Arc::new(Repeating::default());
        let store = Arc::new(MemoryStore::new(16 << 20));
        let keyring = Arc::new(Keyring::generate(&*entropy).expect("entropy"));
        let accounts = Accounts::new(store.clone(), keyring.clone(), clock.clone(), entropy.clone());
        let token = accounts.add(USER, "default").await.expect("an account").token.expose().to_owned();
        let ports = Ports { store, clock: clock.clone(), entropy, stretch: Arc::new(InlineStretch) };
        let site = site(settings, &keyring, source);
        let vault = Vault::new(ports, keyring, policy(settings));
        let limiter = Arc::new(LocalLimiter::default());
        let api = Api { vault, accounts, limiter, limits: limits(settings), site };
        Self { api, clock, token }
    }

    /// What every case may name.
    pub(crate) fn names(&self) -> Names {
        let basic = STANDARD.encode(format!("{USER}:{}", self.token));
        let names = [
            ("user", USER),
            ("token", &self.token),
            ("basic", &basic),
            // A key that could be one, and is nobody's.
            ("unknown", "123456789abcdefghijklmnopqrstuv"),
        ];
        names.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    pub(crate) async fn answer(&self, asked: &Asked, names: &Names) -> Expected {
        self.clock.set(asked.at);
        let target = fill(&asked.target, names);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&*target, None),
        };
        let authorization = authorization(asked, names);
        let request = Request {
            method: &asked.method,
            path,
            query,
            host: Some(asked.host.as_deref().unwrap_or("secrets.example.com")),
            authorization: authorization.as_deref().map(str::as_bytes),
            content_types: asked.content_types.iter().map(String::as_bytes).collect(),
            accept_language: asked.accept_language.as_deref(),
            body: body(asked, names).into(),
        };
        let client = ClientId([asked.client; 8]);
        Expected::from(&self.api.answer(request, client).await.reply)
    }
}

fn authorization(asked: &Asked, names: &Names) -> Option<String> {
    let basic = |(user, token): &(String, String)| {
        format!("Basic {}", STANDARD.encode(fill(&format!("{user}:{token}"), names)))
    };
    let given = asked.authorization.as_ref().map(|value| fill(value, names));
    given.or_else(|| asked.auth.as_ref().map(basic))
}

fn body(asked: &Asked, names: &Names) -> Vec<u8> {
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).expect("hexadecimal");
        u8::from_str_radix(pair, 16).expect("hexadecimal")
    };
    match &*asked.body_hex {
        "" => fill(&asked.body, names).into_bytes(),
        hex => hex.as_bytes().chunks(2).map(byte).collect(),
    }
}

fn site(settings: &Settings, keyring: &Keyring, source: Source) -> Site {
    let domain = |(host, ours): (&String, &bool)| {
        let account = keyring.account_id(if *ours { USER } else { STRANGER });
        Domain::new(host, account)
    };
    let domains = settings.domains.iter().map(domain);
    let domains = match source {
        Source::Configuration => domains.collect(),
        Source::Store => {
            let none = Domains::default();
            none.set_stored(domains);
            none
        }
    };
    Site {
        domains,
        numbers: if settings.numbers_as_strings { Numbers::String } else { Numbers::Number },
        ..Site::new("https", "secrets.example.com")
    }
}

fn policy(settings: &Settings) -> Policy {
    let usual = PassphrasePolicy::default();
    let passphrases = PassphrasePolicy {
        min: settings.passphrase_min.unwrap_or(usual.min),
        max: settings.passphrase_max.unwrap_or(usual.max),
        required: settings.passphrase_required,
    };
    Policy { passphrases, mailer: settings.mailer, ..Policy::default() }
}

fn limits(settings: &Settings) -> Limits {
    let usual = Limits::default();
    Limits {
        guest_creates: settings.guest_creates.unwrap_or(usual.guest_creates),
        guest_reveals: settings.guest_reveals.unwrap_or(usual.guest_reveals),
        ..usual
    }
}

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
struct Still(AtomicU64);

impl Still {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for Still {
    fn now(&self) -> Moment {
        Moment::from_millis((BEGINNING + self.0.load(Ordering::Relaxed)) * 1_000)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), from the same seed every time.
#[derive(Debug, Default)]
struct Repeating(Mutex<u64>);

impl Entropy for Repeating {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let mut state = self.0.lock().map_err(|_| EntropyError)?;
        for chunk in out.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
