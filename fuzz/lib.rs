//! An API in memory, made once, for the targets to throw bytes at.
#![forbid(unsafe_code)]

use std::sync::{Arc, OnceLock};

use tokio::runtime::{Builder, Runtime};
use waxseal_core::account::Accounts;
use waxseal_core::api::{Answer, Api, Limits};
use waxseal_core::contract::Request;
use waxseal_core::contract::site::{Numbers, Site};
use waxseal_core::id::ClientId;
use waxseal_core::limit::LocalLimiter;
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::vault::{Ports, Vault};
use waxseal_memory::MemoryStore;
use zeroize::Zeroizing;

/// One runtime for the whole run.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().build().expect("a runtime without drivers can be made"))
}

/// Answers a request below `/api/v1`.
pub async fn answer(
    post: bool,
    path: &str,
    query: Option<&str>,
    authorization: Option<&[u8]>,
    content_type: &[u8],
    body: &[u8],
) -> Answer {
    let path = format!("/api/v1/{path}");
    let request = Request {
        method: if post { "POST" } else { "GET" },
        path: &path,
        query,
        host: None,
        authorization,
        content_types: vec![content_type],
        accept_language: None,
        body: Zeroizing::new(body.to_vec()),
    };
    api().answer(request, ClientId::LOCAL).await
}

fn api() -> &'static Api {
    static API: OnceLock<Api> = OnceLock::new();
    API.get_or_init(|| {
        let store = Arc::new(MemoryStore::new(0));
        let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SystemEntropy::default()));
        let keyring = Arc::new(Keyring::generate(&*entropy).expect("the system has random bytes"));
        let ports = Ports {
            store: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            stretch: Arc::new(InlineStretch),
        };
        Api {
            accounts: Accounts::new(store, keyring.clone(), clock, entropy),
            vault: Vault::new(ports, keyring, Policy::default()),
            limiter: Arc::new(LocalLimiter::default()),
            limits: Limits { guest_creates: 0, guest_reveals: 0, ..Limits::default() },
            site: Site {
                scheme: "https".into(),
                host: "localhost".into(),
                domains: Vec::new(),
                numbers: Numbers::Number,
            },
        }
    })
}
