//! The description of all that is served, in OpenAPI 3.1: `openapi.yaml` beside this
//! file, written by hand and compiled in. It stands here and not in the core because it
//! tells of what the core does not know: health, pages, the bounds of HTTP.
//!
//! `tests/openapi` holds it against the code, `scripts/openapi` against the running program.

use waxseal_core::api::Answer;
use waxseal_core::contract::{Always, Reply};

/// Where it is served.
pub(crate) const PATH: &str = "/openapi.yaml";

const DOCUMENT: &str = include_str!("openapi.yaml");

static ALWAYS: Always = &[
    ("content-type", "application/yaml"),
    ("cache-control", "public, max-age=3600"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

/// The document. It is the same for everyone and tells of no secret, so that, unlike
/// every other answer, it may be kept for a while.
pub(crate) fn document() -> Answer {
    let body = DOCUMENT.as_bytes().to_vec().into();
    let reply = Reply { status: 200, always: ALWAYS, own: Vec::new(), body };
    Answer { reply, route: "openapi", outcome: "told", fault: None }
}
