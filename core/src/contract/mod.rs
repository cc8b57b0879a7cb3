//! The wire contract of the Onetime Secret REST API v1, as plain functions:
//! bytes in, a command out; an outcome in, bytes out. No socket, no clock.
//!
//! The road: `Route::of` and `Credentials::of` read the head;
//! `command::command` reads query and body into a
//! [`Command`](crate::vault::Command); `reply::reply` writes what came of it.

pub mod basic;
pub mod body;
pub mod command;
mod domain;
mod escape;
mod json;
pub mod locale;
mod number;
mod receipt;
pub mod refusal;
pub mod reply;
pub mod route;
pub mod site;
pub mod transport;
pub mod ttl;

use std::borrow::Cow;
use std::fmt;

use crate::wiped::Wiped;

/// A request, as any HTTP server can hand it over. Header values as received.
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path, still percent-encoded, without the query.
    pub path: &'a str,
    /// The query, still percent-encoded, without the question mark.
    pub query: Option<&'a str>,
    /// The Host header's value (or the absolute form's authority).
    pub host: Option<&'a str>,
    /// The Authorization header's value.
    pub authorization: Option<&'a [u8]>,
    /// Every Content-Type header's value, in the order received.
    pub content_types: Vec<&'a [u8]>,
    /// The Accept-Language header's value.
    pub accept_language: Option<&'a str>,
    /// The whole body, already capped. Wiped on drop.
    pub body: Wiped,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("method", &self.method).finish_non_exhaustive()
    }
}

/// An answer, as any HTTP server can send it.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers that every answer of its kind carries: one list for all of them, which a
    /// server may prepare once. Names in lower case.
    pub always: Always,
    /// The headers of this answer alone. Names in lower case.
    pub own: Vec<(&'static str, Cow<'static, str>)>,
    /// The body. Wiped on drop.
    pub body: Wiped,
}

/// Names and values of headers.
pub type Always = &'static [(&'static str, &'static str)];

impl Reply {
    /// Every header but those of the connection itself.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.always.iter().copied().chain(self.own.iter().map(|(name, value)| (*name, &**value)))
    }

    /// The first header of this name, which must be in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().find(|(header, _)| *header == name).map(|(_, value)| value)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}
