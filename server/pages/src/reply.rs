//! From a rendered page to the bytes of an answer.

use std::borrow::Cow;

use waxseal_core::contract::{Always, Reply};
use waxseal_core::time::Ttl;

use crate::flow::Turn;
use crate::pack;
use crate::view::Page;

/// On every answer: nothing keeps it, nothing learns the address it stood at, nothing
/// lists it, and nobody guesses what it is.
static ALWAYS: Always = &[
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
    ("x-content-type-options", "nosniff"),
];

impl Turn {
    /// A page, and the word a log may show.
    pub(crate) fn page(mut page: Page, word: &'static str) -> Self {
        let body = std::mem::take(&mut *page.body).into_bytes();
        let own = [
            ("content-type", "text/html; charset=utf-8".into()),
            ("content-language", page.language.into()),
            ("content-security-policy", page.csp.into()),
            ("vary", "accept-language, accept-encoding".into()),
        ];
        Self { is_public: page.is_public, ..Self::new(page.status, own, body, word) }
    }

    /// 303 to a path of ours, to be looked at with GET.
    pub(crate) fn see(path: String, word: &'static str) -> Self {
        Self::new(303, [("location", path.into())], Vec::new(), word)
    }

    /// Every crawler that asks is kept out of everything.
    pub(crate) fn robots() -> Self {
        let text = b"User-agent: *\nDisallow: /\n".to_vec();
        Self::new(200, [("content-type", "text/plain; charset=utf-8".into())], text, "told")
    }

    fn new<const N: usize>(
        status: u16,
        own: [(&'static str, Cow<'static, str>); N],
        body: Vec<u8>,
        word: &'static str,
    ) -> Self {
        let reply = Reply { status, always: ALWAYS, own: own.into(), body: body.into() };
        Self { reply, word, is_public: false, fault: None }
    }

    pub(crate) fn status(&self) -> u16 {
        self.reply.status
    }

    /// The same, with a finer status.
    pub(crate) fn status_of(mut self, status: u16) -> Self {
        self.reply.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.reply.own.push((name, value.into()));
        self
    }

    pub(crate) fn retry_after(self, wait: Ttl) -> Self {
        self.header("retry-after", wait.secs().max(1).to_string())
    }

    /// Compressed, if `packed` is asked for and gives nothing away.
    pub(crate) fn into_reply(self, packed: bool) -> Reply {
        let packed = if packed && self.is_public { pack::gzip(&self.reply.body) } else { None };
        match packed {
            Some(body) => {
                let mut packed = self.header("content-encoding", "gzip").reply;
                packed.body = body.into();
                packed
            }
            None => self.reply,
        }
    }
}
