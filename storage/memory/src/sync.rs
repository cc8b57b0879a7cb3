//! Locks and counters: the standard library's. Under `--cfg loom` they are loom's, which
//! tries every order in which threads may meet at them (`tests/loom.rs`).

#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};
