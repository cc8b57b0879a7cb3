//! The laws that every Waxseal store keeps, one named test each.
//!
//! Whoever writes a [`Store`](waxseal_core::store::Store) or an
//! [`AccountStore`](waxseal_core::store::AccountStore) mounts [`store_laws!`] or
//! [`account_laws!`] in its tests, over a factory of empty stores. The store is
//! done when every test passes; a failure is named after the law that was
//! breached. What the laws mean stands in `waxseal_core::store`.
//!
//! ```no_run
//! // tests/laws.rs
//! mod store {
//!     # use waxseal_memory::MemoryStore;
//!     use std::sync::Arc;
//!     use waxseal_conformance::Subject;
//!
//!     // Makes a test `store::settle_has_one_winner`, and one for every other law.
//!     waxseal_conformance::store_laws!(|budget| async move {
//!         Subject::store(Arc::new(MemoryStore::new(budget)), ())
//!     });
//! }
//! # fn main() {}
//! ```
//!
//! # Map
//! - [`laws`] and [`mod@account_laws`]: the laws, as plain async functions that panic on a breach
//! - [`STORE_LAWS`] and [`ACCOUNT_LAWS`]: the same as lists of name and function, for another runner
//! - [`sample`]: records, accounts and clients to try a store with
//! - [`kept`]: stores of earlier releases, which every later one opens
//! - [`broken`] and [`broken_accounts`]: stores that break the laws on purpose, and prove that the
//!   laws see it
//! - [`walk`](mod@walk): creators, readers and the clock in any order, through the whole API over a store
//! - [`race`](mod@race): tasks that start at one moment, futures dropped on the way, and races
//!   by the thousand, between processes too
//!
//! # What the laws do not prove
//! Durability over a crash, which needs a process to kill; atomicity over several
//! processes or nodes, as all tasks of a law share one store ([`race::Processes`] is for
//! that); and speed.

#![forbid(unsafe_code)]

pub mod account_laws;
pub mod broken;
pub mod broken_accounts;
mod harness;
pub mod kept;
pub mod laws;
mod model;
mod mount;
pub mod race;
mod random;
pub mod sample;
pub mod walk;

pub use harness::{Boxed, Harness, Law, Subject, check};
pub use mount::{ACCOUNT_LAWS, STORE_LAWS};
