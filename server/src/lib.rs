//! Waxseal over HTTP. What a request means is said in `waxseal-core`; this crate
//! knows sockets, hyper, the machine's cores and the clock on the wall.
//!
//! ```text
//! config      file, environment and flags, merged and checked
//! key_file    the keys on disk
//! private_file files that nobody else may read
//! mail        from the configuration to a mailer (feature `mail`)
//! connection  listen, accept, hand over, shut down
//! places      how many connections there may be; crowd tells those beyond
//! tls         on the server's own sockets; certificates that change while it runs
//! gate        between socket and hyper: which heads pass, and how long a client may take
//! patience    how long that is
//! exchange    hyper's request in, hyper's response out: the only file that knows both sides
//! openapi     the description of all that is served
//! pages       what people meet beside the API; hints in a build without them
//! panics      one that strikes costs one answer
//! client      who a request counts for, behind which proxies
//! turns       how many requests are worked on at once
//! stretch     Argon2id off the async threads, bounded
//! metrics     what the server counts of itself, and the listener that tells it
//! domains     keeps the custom domains in memory as the store has them
//! sweeper     gives back the space of what has expired
//! ```

mod client;
pub mod config;
mod connection;
mod crowd;
mod domains;
mod exchange;
mod gate;
#[cfg(not(feature = "pages"))]
mod hints;
pub mod key_file;
#[cfg(test)]
mod logged;
#[cfg(feature = "mail")]
pub mod mail;
mod metrics;
mod openapi;
#[cfg(feature = "pages")]
mod pages;
mod panics;
mod patience;
mod places;
mod private_file;
mod stretch;
mod sweeper;
mod tls;
mod turns;

pub use client::TrustedProxies;
pub use connection::{Listeners, run};
pub use metrics::Metrics;
pub use patience::Patience;
pub use places::allow_connections;
pub use private_file::{Refused, read as read_private};
pub use stretch::StretchPool;
pub use tls::{Tls, TlsError};
pub use turns::Turns;

use std::sync::Arc;

use waxseal_core::api::Api;
use waxseal_core::policy::Policy;

/// Everything a request needs. Built once, before anything is bound.
#[derive(Debug)]
pub struct App {
    /// The API over its vault. The pages stand on it, too.
    pub api: Api,
    /// What the pages do.
    pub pages: config::Pages,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: TrustedProxies,
    /// How long a client may take.
    pub patience: Patience,
    /// Connections at once; of one client elsewhere half. [`allow_connections`] says how
    /// many the machine allows.
    pub connections: usize,
    /// Requests that are worked on at once.
    pub turns: Turns,
    /// TLS to clients; `None` for plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Where it is counted what happens; `None` for nowhere.
    pub metrics: Option<Arc<Metrics>>,
}

impl App {
    /// The largest request body that is read, in bytes: room for the largest secret
    /// with every byte escaped as `\u00xx`, and for the fields beside it.
    #[must_use]
    pub fn body_cap(&self) -> usize {
        body_cap(self.api.vault.policy())
    }
}

fn body_cap(policy: &Policy) -> usize {
    const LEAST: usize = 64 * 1024;
    const BESIDE: usize = 8 * 1024;
    policy.plans.largest_secret().saturating_mul(6).saturating_add(BESIDE).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_cap_follows_the_largest_plan() {
        let mut policy = Policy::default();
        assert_eq!(body_cap(&policy), 68_192);
        policy.plans.anonymous.max_secret_bytes = 100;
        policy.plans.default.max_secret_bytes = 100;
        assert_eq!(body_cap(&policy), 65_536);
    }
}
