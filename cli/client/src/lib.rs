//! Speaks the Onetime Secret API v1 to any server of it: Waxseal, and Onetime Secret
//! from 0.13 on.
//!
//! [`Origin`] and [`Link`] read what people type, [`Client`] asks, [`Receipt`] is what a
//! server tells, as far as it tells it, and [`Error`] why it did not. Reading is lenient,
//! since servers differ by age: numbers may be texts, and fields may be missing. Everything
//! but [`Client`] is pure.
//!
//! Nothing here follows a redirect or keeps a connection. Values, passphrases and tokens are
//! wiped on drop; what the network's own buffers held is not.

#![forbid(unsafe_code)]

mod answer;
mod client;
mod dial;
mod error;
mod exchange;
mod form;
mod link;
mod origin;
mod refusal;

pub use answer::Receipt;
pub use client::{Client, Credentials, Generated, NotCredentials, Shared, Standing, Terms};
pub use error::Error;
pub use link::{Key, Kind, Link, NotALink};
pub use origin::{NotAnOrigin, Origin};
pub use refusal::Refusal;
