//! The laws that every Waxseal store keeps, one named test each.
//!
//! Whoever writes a [`Store`](waxseal_core::store::Store) or an
//! [`AccountStore`](waxseal_core::store::AccountStore) mounts [`store_laws!`] or
//! [`account_laws!`] in its tests, over a factory of empty stores. The store is
//! done when every test passes; a failure is named after the law that was
//! breached. What the laws mean stands in `waxseal_core::store`.
//!
//! - [`laws`] and [`account_laws`]: the laws, as plain async functions that panic on a breach
//! - [`STORE_LAWS`] and [`ACCOUNT_LAWS`]: the same as lists of name and function, for another runner
//! - [`sample`]: records, accounts and clients to try a store with
//! - [`race`](mod@race): tasks that start at one moment, and futures dropped on the way
//!
//! What it does not prove: durability over a crash, which needs a process to
//! kill, and how fast a store is.

#![forbid(unsafe_code)]

pub mod account_laws;
mod harness;
pub mod laws;
mod mount;
pub mod race;
mod random;
pub mod sample;

pub use harness::{Boxed, Harness, Law, Subject, check};
pub use mount::{ACCOUNT_LAWS, STORE_LAWS};
