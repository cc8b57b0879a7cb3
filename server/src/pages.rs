//! What people meet beside the API: the pages, over hyper.

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use waxseal_core::api::Answer;
use waxseal_core::wiped::Wiped;
use waxseal_pages::{Pages, Visit};

use crate::client::Peer;
use crate::exchange::{client, read, request};
use crate::panics::caught;
use crate::{App, config};

/// Answers whatever is not the API's. Only a POST is read.
pub(crate) async fn page(app: &App, peer: Peer, head: &Parts, body: Incoming, id: &HeaderValue) -> Answer {
    let pages = pages(app.pages);
    let visit = |body| Visit {
        request: request(head, body),
        accept_encoding: head.headers.get("accept-encoding").map(HeaderValue::as_bytes),
        sec_fetch_site: head.headers.get("sec-fetch-site").map(HeaderValue::as_bytes),
        client: client(app, peer, head),
        id: id.to_str().unwrap_or("-"),
    };
    let body = match head.method.as_str() {
        "POST" => read(head, body, app).await,
        _ => Ok(Wiped::default()),
    };
    let body = match body {
        Ok(body) => body,
        Err(refused) => return pages.unread(&app.api, &visit(Wiped::default()), &refused),
    };
    let Some(_turn) = app.turns.take() else { return pages.crowded(&app.api, visit(body)) };
    let answer = caught(pages.answer(&app.api, visit(body))).await;
    answer.unwrap_or_else(|| pages.broken(&app.api, &visit(Wiped::default())))
}

const fn pages(settings: config::Pages) -> Pages {
    Pages { typed_check: settings.typed_check, guests_may_create: settings.guests_may_create }
}
