//! A request that is refused before hyper has read it, and how its answer is made
//! where all answers are made: hyper is handed a stand-in whose method says so.

use std::error::Error;
use std::io;

use hyper::http::request::Parts;
use waxseal_core::contract::{Reply, transport};

/// The method of every stand-in. The gate lets no client use it.
pub(super) const METHOD: &str = "REFUSED";

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// Not HTTP as we read it.
    Malformed,
    /// The head or the body did not come in time.
    TooSlow,
    /// The head is too long, or has too many lines; or a chunk is larger than any body.
    TooLarge,
}

impl Refused {
    /// The head that hyper reads in place of what came.
    pub(super) const fn stand_in(self) -> &'static [u8] {
        match self {
            Self::Malformed => b"REFUSED /400 HTTP/1.1\r\nhost: -\r\nconnection: close\r\n\r\n",
            Self::TooSlow => b"REFUSED /408 HTTP/1.1\r\nhost: -\r\nconnection: close\r\n\r\n",
            Self::TooLarge => b"REFUSED /431 HTTP/1.1\r\nhost: -\r\nconnection: close\r\n\r\n",
        }
    }

    /// What hyper meets in place of the rest of a body.
    pub(super) fn error(self) -> io::Error {
        match self {
            Self::TooLarge => io::ErrorKind::FileTooLarge.into(),
            Self::TooSlow => io::ErrorKind::TimedOut.into(),
            Self::Malformed => io::ErrorKind::InvalidData.into(),
        }
    }
}

/// The answer to a body that broke off with `error`.
pub(crate) fn broken_body(error: &hyper::Error) -> Reply {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    match cause.map(io::Error::kind) {
        Some(io::ErrorKind::FileTooLarge) => transport::too_large(),
        Some(io::ErrorKind::TimedOut) => transport::too_slow(),
        _ => transport::malformed(),
    }
}

/// The answer to a stand-in; `None` for what a client sent.
pub(crate) fn refusal(head: &Parts) -> Option<Reply> {
    match (head.method.as_str(), head.uri.path()) {
        (METHOD, "/408") => Some(transport::too_slow()),
        (METHOD, "/431") => Some(transport::too_many_headers()),
        (METHOD, _) => Some(transport::malformed()),
        _ => None,
    }
}
