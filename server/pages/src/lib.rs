//! The pages that people meet: requests in, HTML out. No socket, no hyper.
//!
//! Pages are anonymous, plain forms, and do everything without a script. They stand
//! on the same vault, limits and site as the API beside them.
//!
//! # What always holds
//! - Only a POST changes anything, and only one that carries what this server put
//!   into the form: a token bound to the key and the purpose, or the nonce of a form,
//!   both less than twelve hours old. What follows links, prefetches or sends HEAD
//!   changes nothing. With [`Pages::typed_check`], neither does what sends every
//!   form it finds.
//! - Unknown, expired, burned and opened are one page, byte for byte.
//! - No value, passphrase or key leaves in a header but the receipt's path after a
//!   redirect, and no page is kept by a cache.
//!
//! # The map
//! | module | what lives there |
//! |---|---|
//! | `route` | which page a path leads to |
//! | `flow` | what a page does: create, receipt, burn, secret |
//! | `form` | what a form sends back |
//! | `desk` | what every flow needs of one request |
//! | `reply` | from a rendered page to the bytes of an answer |
//! | `pack` | which of them are compressed |
//! | [`field`], [`view`] | the names of fields, and what people see |

mod desk;
pub mod field;
mod flow;
mod form;
mod pack;
mod reply;
mod route;
pub mod view;

use std::fmt;

use waxseal_core::api::{Answer, Api};
use waxseal_core::contract::{self, Reply};
use waxseal_core::id::ClientId;
use waxseal_core::vault::Fault;

use crate::desk::{Around, Desk};
use crate::flow::Turn;
use crate::route::Page;
use crate::view::What;

/// The pages, as their operator wants them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pages {
    /// Whether a reader types three characters that the page shows before anything
    /// opens, and a creator before anything burns.
    pub typed_check: bool,
    /// Whether guests may make secrets here. The API is not asked.
    pub guests_may_create: bool,
}

/// A request for a page.
pub struct Visit<'a> {
    /// Method, path, query, host, languages and body. Credentials are not looked at.
    pub request: contract::Request<'a>,
    /// The `Sec-Fetch-Site` header's value.
    pub sec_fetch_site: Option<&'a [u8]>,
    /// The `Accept-Encoding` header's value.
    pub accept_encoding: Option<&'a [u8]>,
    /// Whose guesses and allowances these are.
    pub client: ClientId,
    /// The request's id, for error pages.
    pub id: &'a str,
}

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Pages {
    /// Answers one request. Never fails: every fault has its page.
    pub async fn answer(&self, api: &Api, visit: Visit<'_>) -> Answer {
        let page = Page::of(visit.request.path);
        let around = Around::of(&api.site, visit.request.host);
        let regions = around.regions();
        let desk = Desk::new(*self, api, &visit, around.frame(&regions, &visit));
        let packed = pack::is_wanted(visit.accept_encoding);
        let mut turn = match serve(&desk, &page, visit).await {
            Ok(turn) => turn,
            Err(fault) => desk.fault(fault),
        };
        let fault = turn.fault.take();
        Answer { outcome: turn.word, route: page.name(), reply: turn.into_reply(packed), fault }
    }

    /// The page for a request whose body could not be read; `refused` is what the API
    /// would say.
    #[must_use]
    pub fn unread(&self, api: &Api, visit: &Visit<'_>, refused: &Reply) -> Answer {
        let what = if refused.status == 413 { What::TooLarge } else { What::BadRequest };
        let mut answer = self.trouble(api, visit, what, "refused");
        answer.reply.status = refused.status;
        // What is left of the request will not be read, so nothing may follow it.
        let connection = refused.header("connection").map(|value| ("connection", value.to_owned().into()));
        answer.reply.own.extend(connection);
        answer
    }

    /// The page for a request that there is no turn for. Nothing is done of it, and nothing
    /// that was typed into the form of a new secret is lost.
    #[must_use]
    pub fn crowded(&self, api: &Api, visit: Visit<'_>) -> Answer {
        let page = Page::of(visit.request.path);
        let around = Around::of(&api.site, visit.request.host);
        let regions = around.regions();
        let desk = Desk::new(*self, api, &visit, around.frame(&regions, &visit));
        let refilled = match (&page, visit.request.method) {
            (Page::Create, "POST") => flow::create::crowded(&desk, visit).ok(),
            _ => None,
        };
        let turn = refilled.unwrap_or_else(|| desk.trouble(What::Unreached, "turned away"));
        Answer { outcome: turn.word, route: page.name(), reply: turn.into_reply(false), fault: None }
    }

    /// The page for a request whose flow panicked: it may have claimed a secret.
    #[must_use]
    pub fn broken(&self, api: &Api, visit: &Visit<'_>) -> Answer {
        self.trouble(api, visit, What::Unsure, "panicked")
    }

    fn trouble(&self, api: &Api, visit: &Visit<'_>, what: What, word: &'static str) -> Answer {
        let around = Around::of(&api.site, visit.request.host);
        let regions = around.regions();
        let desk = Desk::new(*self, api, visit, around.frame(&regions, visit));
        let reply = desk.trouble(what, word).into_reply(false);
        Answer { reply, route: Page::of(visit.request.path).name(), outcome: word, fault: None }
    }
}

async fn serve(desk: &Desk<'_>, page: &Page, visit: Visit<'_>) -> Result<Turn, Fault> {
    let Some(methods) = page.methods() else { return Ok(desk.trouble(What::NotFound, "refused")) };
    match (page, visit.request.method) {
        (Page::Create, "GET" | "HEAD") => flow::create::show(desk),
        (Page::Create, "POST") => flow::create::make(desk, visit).await,
        (Page::Receipt(key), "GET" | "HEAD") => flow::receipt::show(desk, key).await,
        (Page::Burn(key), "GET" | "HEAD") => flow::burn::ask(desk, key).await,
        (Page::Burn(key), "POST") => flow::burn::burn(desk, key, visit).await,
        (Page::Secret(key), "GET" | "HEAD") => flow::secret::front(desk, key).await,
        (Page::Secret(key), "POST") => flow::secret::reveal(desk, key, visit).await,
        (Page::Robots, "GET" | "HEAD") => Ok(Turn::robots()),
        _ => Ok(desk.not_allowed(methods)),
    }
}
