//! Answers to what never became a request of the API: too large, too slow, no
//! HTTP, no room. And to a handler that failed. Ours, where v1 has no word.

use super::Reply;
use super::json::{message, with_header};

/// Seconds.
const RETRY_AFTER: &str = "5";

/// 413: the body is larger than any secret needs.
#[must_use]
pub fn too_large() -> Reply {
    closing(message(413, "The request body is too large"))
}

/// 408: the head or the body did not come in time.
#[must_use]
pub fn too_slow() -> Reply {
    closing(message(408, "The request took too long to arrive"))
}

/// 431: too many headers, or too long ones.
#[must_use]
pub fn too_many_headers() -> Reply {
    closing(message(431, "The request headers are too large"))
}

/// 415: a body in a Content-Encoding. None is read.
#[must_use]
pub fn encoded() -> Reply {
    closing(message(415, "Content-Encoding is not supported"))
}

/// 400: not HTTP, or two framings at once.
#[must_use]
pub fn malformed() -> Reply {
    closing(message(400, "Malformed request"))
}

/// 503: a handler panicked. Where it stood is unknown: it may have claimed a secret.
#[must_use]
pub fn internal() -> Reply {
    let text = "Something failed here. A secret that was to be opened may have been used up.";
    with_header(message(503, text), "retry-after", RETRY_AFTER)
}

/// 503: too many connections at once.
#[must_use]
pub fn crowded() -> Reply {
    closing(with_header(message(503, "Too many connections"), "retry-after", RETRY_AFTER))
}

/// 403: something was sent unencrypted where only TLS is taken.
#[must_use]
pub fn in_plain_text() -> Reply {
    let text = "Use https. This was sent unencrypted and was not taken: nothing was stored, opened or burned. \
                Whoever listens may have read it, so send another secret, and change passwords and tokens.";
    closing(message(403, text))
}

/// What is left of the request will not be read, so nothing may follow it.
fn closing(reply: Reply) -> Reply {
    with_header(reply, "connection", "close")
}
