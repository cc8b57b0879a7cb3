//! Sealing: keys, frozen layouts, and the one place that calls cryptographic
//! primitives. Every layout starts with its version; `tests/vectors` keeps
//! known answers for ever, and an independent implementation checks them.

pub mod boxes;
pub mod content;
pub(crate) mod crypto;
pub mod info;
pub mod kdf;
pub mod keyring;
pub mod labels;
pub mod page;
pub mod ring;
