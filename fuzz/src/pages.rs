//! The same deployment's pages.

use waxseal_core::api::Answer;
use waxseal_core::contract::Request;
use waxseal_core::id::{ClientId, LinkKey};
use waxseal_core::seal::page::Purpose;
use waxseal_pages::{Pages, Visit};

use crate::sealing::Drawn;
use crate::world::{Planted, Sent, World};

/// Where these stand in a body, a token of the first or second secret is put instead.
const TOKENS: [(&str, &str); 2] = [("OPEN0", "BURN0"), ("OPEN1", "BURN1")];
/// And here a form's nonce.
const NONCE: &str = "NONCE";
const PAGES: Pages = Pages { typed_check: false, guests_may_create: true };
/// What a page may be answered with where no machinery fails.
const STATUSES: [u16; 8] = [200, 303, 400, 403, 404, 405, 422, 429];

impl World {
    /// Sends a request for a page, and checks what comes back.
    pub async fn visit(&mut self, sent: &Sent<'_>) {
        let path = format!("/{}", self.with_keys(sent.path));
        let body = self.with_tokens(sent.body);
        let request = Request {
            method: sent.method,
            path: &path,
            query: sent.query,
            host: sent.host,
            authorization: sent.authorization,
            content_types: sent.content_types.clone(),
            accept_language: sent.accept_language,
            body: body.into(),
        };
        let visit = Visit {
            request,
            sec_fetch_site: sent.fetch_site,
            accept_encoding: None,
            client: ClientId::LOCAL,
            id: "id",
        };
        let answer = PAGES.answer(&self.api, visit).await;
        let asked = TOKENS.map(|(open, burn)| {
            let holds = |token: &str| sent.body.windows(token.len()).any(|part| part == token.as_bytes());
            (sent.method == "POST" && holds(open), sent.method == "POST" && holds(burn))
        });
        assert!(STATUSES.contains(&answer.reply.status), "{} came", answer.reply.status);
        for (planted, asked) in self.planted.iter_mut().zip(asked) {
            check(planted, &answer, asked, &path);
        }
    }

    /// A body that is no text has no tokens.
    fn with_tokens(&self, body: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(body) else { return body.to_vec() };
        let keyring = self.api.vault.keyring();
        let now = self.api.vault.ports().clock.now().tick();
        let mut text = text.to_owned();
        for ((open, burn), planted) in TOKENS.iter().zip(&self.planted) {
            let id = keyring.record_id(&LinkKey::named(&planted.link));
            let token = |purpose| keyring.page().token(purpose, &id, now).to_string();
            text = text.replace(open, &token(Purpose::Reveal)).replace(burn, &token(Purpose::Burn));
        }
        let nonce = keyring.page().nonce(&Drawn::default(), now).expect("Drawn never runs dry");
        text.replace(NONCE, &nonce.to_string()).into_bytes()
    }
}

/// Only a POST that carries the secret's own token ends it, and a value stands only in
/// the answer that opened it.
fn check(planted: &mut Planted, answer: &Answer, (may_open, may_burn): (bool, bool), path: &str) {
    let html = std::str::from_utf8(&answer.reply.body).expect("a page is text");
    if html.contains(&planted.value) {
        assert_eq!((answer.route, answer.outcome, answer.reply.status), ("secret page", "revealed", 200));
        assert!(may_open && !planted.told && !planted.burned, "told again, or unasked");
        planted.told = true;
    }
    if answer.outcome == "burned" && path.contains(&planted.metadata) {
        assert!(may_burn && answer.reply.status == 303, "burned unasked");
        planted.burned = true;
    }
}
