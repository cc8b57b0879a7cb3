//! Why nothing came of a request.

use std::io;

use crate::origin::Origin;
use crate::refusal::Refusal;

/// Why nothing came of a request. Shows no key, token or value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no connection, so nothing was sent.
    #[error("cannot reach {origin}: {source}")]
    Unreachable {
        /// The server.
        origin: Origin,
        /// Why not.
        source: io::Error,
    },
    /// The request went out, and no whole answer came: it may have been done.
    #[error("{origin} took the request and gave no answer ({reason})")]
    Lost {
        /// The server.
        origin: Origin,
        /// What was seen of it.
        reason: String,
    },
    /// A redirect, which is never followed: it could lead a secret or a token elsewhere.
    #[error("{origin} sends elsewhere{}, which is not followed", to.as_ref().map(|to| format!(" ({to})")).unwrap_or_default())]
    Moved {
        /// The server.
        origin: Origin,
        /// Where to, if that is a server.
        to: Option<Origin>,
    },
    /// No answer of this API.
    #[error("{origin} answered {status}, but not as a server of the API v1 does")]
    Stranger {
        /// The server.
        origin: Origin,
        /// The status of its answer.
        status: u16,
    },
    /// The server refused.
    #[error("{0}")]
    Refused(Refusal),
}
