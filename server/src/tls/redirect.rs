//! The answer to plain text where TLS is spoken: look elsewhere, or nothing at all.

use hyper::Method;
use hyper::http::request::Parts;
use waxseal_core::api::Answer;
use waxseal_core::contract::site::Site;
use waxseal_core::contract::{Always, Reply, transport};
use waxseal_core::wiped::Wiped;

use crate::gate::refusal;

/// Who looks is led to the same path on the site. Who sends something is refused: it has
/// been overheard already, and a redirect would hide that. The place is built from the
/// configuration; no header of the request is looked at.
pub(crate) fn redirect(site: &Site, head: &Parts) -> Answer {
    if let Some(reply) = refusal(head) {
        return Answer { reply, route: "none", outcome: "refused", fault: None };
    }
    if matches!(head.method, Method::GET | Method::HEAD) {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let reply = elsewhere(format!("{}{path}", site.origin(None)));
        return Answer { reply, route: "redirect", outcome: "redirected", fault: None };
    }
    Answer { reply: transport::in_plain_text(), route: "redirect", outcome: "refused", fault: None }
}

fn elsewhere(place: String) -> Reply {
    static ALWAYS: Always = &[
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        // Whatever comes next over this connection would be plain text, too.
        ("connection", "close"),
    ];
    Reply { status: 308, always: ALWAYS, own: vec![("location", place.into())], body: Wiped::default() }
}
