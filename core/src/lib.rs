//! One-time secrets: someone hands over a value, and gets a link; the link opens
//! once; then nothing of the value is left.
//!
//! This crate is the whole of Waxseal that is not machinery: the model, the
//! sealing, the flows, the wire contract, and the seam to storage. It opens no
//! socket and no file, starts no task and reads no environment.
//!
//! # What it is not
//! It is no server (`waxseal-server`), and it keeps nothing: a store does
//! (`waxseal-memory`, `waxseal-sqlite`, or one of yours, proven with
//! `waxseal-conformance`).
//!
//! # The map
//! | module | what lives there |
//! |---|---|
//! | [`vault`] | the flows: share, generate, reveal, burn, look, recent |
//! | [`store`] | what a store owes, and what passes through the seam |
//! | [`seal`] | keys, frozen layouts, cryptography |
//! | [`state`], [`attempt`], [`policy`] | the transition table, guesses, bounds |
//! | [`id`], [`secret`], [`time`], [`entropy`] | keys and ids, values that wipe themselves, time and randomness as arguments |
//! | [`account`], [`recipient`], [`generate`], [`metadata`] | who signs in, who is told, what is made, what a creator sees |
//! | [`mail`] | the seam to whoever tells recipients |
//! | [`domain`], [`brand`] | which further hosts links stand on, what pages and mails call themselves |
//! | [`contract`] | the Onetime Secret REST API v1 as plain functions |
//! | [`api`] | the whole road of a request, without a socket |
//! | [`limit`] | allowances counted in this process |
//! | [`system`] | the machine's clock, randomness and processor: the only file that touches it |
//!
//! # Embedding
//! ```
//! use std::sync::Arc;
//! use waxseal_core::id::ClientId;
//! use waxseal_core::policy::Policy;
//! use waxseal_core::seal::keyring::Keyring;
//! use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
//! use waxseal_core::time::Ttl;
//! use waxseal_core::vault::{Caller, Ports, Reveal, Terms, Vault};
//! use waxseal_memory::MemoryStore;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let entropy = Arc::new(SystemEntropy::default());
//! let keyring = Arc::new(Keyring::generate(&*entropy)?);
//! let ports = Ports {
//!     store: Arc::new(MemoryStore::default()),
//!     clock: Arc::new(SystemClock::default()),
//!     entropy,
//!     stretch: Arc::new(InlineStretch),
//! };
//! let vault = Vault::new(ports, keyring, Policy::default());
//!
//! let me = ClientId::LOCAL;
//! let terms = Terms { passphrase: Some("swordfish".into()), ttl: Some(Ttl::hours(1)), ..Terms::default() };
//! let made = vault.share("hunter2".into(), terms, &Caller::guest(me)).await?;
//!
//! match vault.reveal(&made.link_key, Some("swordfish".into()), me).await? {
//!     Reveal::Shown(opened) => assert_eq!(opened.value.expose(), "hunter2"),
//!     other => panic!("{other:?}"),
//! }
//! let again = vault.reveal(&made.link_key, Some("swordfish".into()), me).await?;
//! assert!(matches!(again, Reveal::Gone));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod account;
pub mod api;
pub mod attempt;
pub mod brand;
mod code;
pub mod contract;
pub mod domain;
pub mod entropy;
pub mod generate;
pub mod id;
pub mod limit;
pub mod mail;
pub mod metadata;
pub mod policy;
pub mod recipient;
pub mod seal;
pub mod secret;
pub mod state;
pub mod store;
pub mod system;
pub mod time;
pub mod vault;
pub mod wiped;
