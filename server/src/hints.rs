//! A word for whoever opens a link in a browser, in a build without pages. Only for
//! looking: no method but GET and HEAD leads anywhere.

use hyper::Method;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use waxseal_core::api::Answer;

use crate::App;
use crate::client::Peer;
use crate::exchange::{host, told};

/// Answers whatever is not the API's.
pub(crate) async fn page(app: &App, _: Peer, head: &Parts, _: Incoming, _: &HeaderValue) -> Answer {
    let looks = matches!(head.method, Method::GET | Method::HEAD);
    match looks.then(|| hint(app, head.uri.path(), host(head))).flatten() {
        Some(text) => told("hint", 200, &text),
        None => told("none", 404, "Not Found\n"),
    }
}

/// Shows nothing and changes nothing: a link that is followed stays unopened.
fn hint(app: &App, path: &str, host: Option<&str>) -> Option<String> {
    let origin = app.api.site.origin_for(host);
    let (what, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    let is_key =
        key.len() == waxseal_core::id::KEY_CHARS && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match what {
        "/" | "" => {
            let name = app.api.site.brand_for(host).name;
            Some(format!("{name}. Share a secret: curl -d secret=hello {origin}/api/v1/share\n"))
        }
        "secret" if is_key => Some(format!(
            "This link opens a secret, once.\nOpen it: curl -X POST {origin}/api/v1/secret/{key}\n\
             If it has a passphrase, add: -d passphrase=...\n"
        )),
        "private" | "receipt" if is_key => Some(format!(
            "This is the receipt of a secret. Keep it to yourself.\nRead it: curl {origin}/api/v1/private/{key}\n\
             Destroy the secret unread: curl -X POST {origin}/api/v1/private/{key}/burn\n"
        )),
        _ => None,
    }
}
