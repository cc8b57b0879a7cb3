//! The readable reference store: everything in memory, bounded in bytes, gone at exit.
//!
//! It is the shortest honest reading of the contract in [`waxseal_core::store`]:
//! look here first when another store's behaviour is in doubt. It serves one
//! process, for trying out, for tests and for embedders who want no file.
//!
//! ```
//! use waxseal_core::store::Store;
//! use waxseal_memory::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), waxseal_core::store::StoreError> {
//! let store = MemoryStore::new(64 << 20); // at most 64 MiB of stored bytes
//! store.ping().await?;
//! assert_eq!(store.usage().await?.bytes, 0);
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//! Durable: a restart loses every secret, every receipt and every account.
//! Shared: a second process has a store of its own.
//!
//! # Map
//! - `store`: [`MemoryStore`], and each method of the contract in a few lines
//! - `shard`: a part of the records behind one lock; each atomic step is one method there
//! - `kept`: one record as it lies in memory, from its making to its receipt's end
//! - `recents`: which records an account made, newest first
//! - `accounts`: accounts and their tokens
//! - `budget`: the count of stored bytes
//! - `lock`: locking that outlives a panic
//! - `sync`: the standard library's locks and counters, or loom's
//!
//! # Locks
//! A record's every step is done under its shard's lock, and a step that changes
//! an account's list takes that list's lock inside it; never the other way round.

#![forbid(unsafe_code)]

mod accounts;
mod budget;
mod kept;
mod lock;
mod recents;
mod shard;
mod store;
mod sync;

pub use store::MemoryStore;
