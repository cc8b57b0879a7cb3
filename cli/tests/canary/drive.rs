//! Everything that can be asked of the server, with a secret in every place that
//! can hold one.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::search::Search;
use crate::server::{Answer, Server, USER};

pub(crate) const VALUE: &str = "\"\\Wv7canaryVALUEq9 é";
pub(crate) const PASSPHRASE: &str = "Pp4canaryPASSq1";
pub(crate) const WRONG: &str = "Pw5canaryWRONGq2";
const NO_TOKEN: &str = "Tk6canaryTOKENq3";
pub(crate) const QUERY: &str = "Qs8canaryQUERYq4";
const COOKIE: &str = "Ck9canaryCOOKIEq5";
const UNKNOWN_KEY: &str = "9canaryunknownkey8canaryunknown";
const ADDRESSES: [&str; 2] = ["203.0.113.177", "2001:db8:ca:ffee::77"];
const RECIPIENT: &str = "canaryrecipient@example.net";
const STRANGER: &str = "canarystranger@example.org";

/// A client that writes down what it must not meet again.
pub(crate) struct Client<'a> {
    server: &'a mut Server,
    pub(crate) search: &'a mut Search,
    asked: usize,
    basic: Option<String>,
}

/// Drives it all: how many requests were answered.
pub(crate) fn everything(server: &mut Server, search: &mut Search) -> usize {
    let fixed = [VALUE, PASSPHRASE, WRONG, NO_TOKEN, QUERY, COOKIE, UNKNOWN_KEY, RECIPIENT, STRANGER];
    for secret in fixed.into_iter().chain(ADDRESSES) {
        search.keep("a fixed value", secret);
    }
    let mut client = Client { server, search, asked: 0, basic: None };
    lives(&mut client);
    client.basic = Some(BASE64_STANDARD.encode(format!("{USER}:{}", client.server.token)));
    lives(&mut client);
    accounts(&mut client);
    wrong_credentials(&mut client);
    bad_forms(&mut client);
    strange_paths(&mut client);
    #[cfg(feature = "pages")]
    crate::pages::pages(&mut client);
    no_http(&mut client);
    client.basic = None;
    broken_store(&mut client);
    client.asked
}

/// Every way of a secret, from its making to its end.
fn lives(client: &mut Client<'_>) {
    // Only an account may have mail sent.
    let recipient = if client.basic.is_some() { RECIPIENT } else { "" };
    let form = format!("secret={}&recipient={recipient}&ttl=3600", percent(VALUE));
    for route in ["share", "create"] {
        let shared = client.made(route, &form);
        client.post(&format!("private/{}", shared.metadata), "");
        client.get(&format!("/api/v1/metadata/{}", shared.metadata));
        client.get(&format!("/secret/{}", shared.link));
        client.get(&format!("/private/{}", shared.metadata));
        assert!(client.post(&format!("secret/{}", shared.link), "").body.contains("Wv7canaryVALUEq9"));
        client.post(&format!("secret/{}", shared.link), "");
    }
    client.made("generate", "length=24");
    let locked = client.made("share", &format!("{form}&passphrase={PASSPHRASE}"));
    client.post(&format!("private/{}/burn", locked.metadata), &format!("passphrase={WRONG}"));
    client.post(&format!("secret/{}", locked.link), &format!("passphrase={PASSPHRASE}"));
    let burned = client.made("share", &format!("{form}&passphrase={PASSPHRASE}"));
    client.post(&format!("private/{}/burn", burned.metadata), &format!("passphrase={PASSPHRASE}"));
    let shut = client.made("share", &format!("{form}&passphrase={PASSPHRASE}"));
    for _ in 0..12 {
        client.post(&format!("secret/{}", shut.link), &format!("passphrase={WRONG}"));
    }
    client.get("/api/v1/private/recent");
    client.get("/api/v1/authcheck");
    client.get("/api/v1/status");
}

fn accounts(client: &mut Client<'_>) {
    let token = client.server.account(&["add", STRANGER]);
    client.search.keep("another token", token.trim());
    let credentials = BASE64_STANDARD.encode(format!("{STRANGER}:{}", token.trim()));
    let before = client.basic.replace(credentials);
    client.get("/api/v1/authcheck");
    client.server.account(&["remove", STRANGER, "--yes"]);
    client.get("/api/v1/authcheck");
    client.basic = before;
}

fn wrong_credentials(client: &mut Client<'_>) {
    let before = client.basic.take();
    for pair in [format!("{USER}:{NO_TOKEN}"), format!("{STRANGER}:{NO_TOKEN}"), NO_TOKEN.to_owned()] {
        client.basic = Some(BASE64_STANDARD.encode(pair));
        client.get("/api/v1/authcheck");
        client.post("share", &format!("secret={}", percent(VALUE)));
    }
    client.basic = Some(format!("{NO_TOKEN}!"));
    client.get("/api/v1/private/recent");
    client.basic = before;
}

fn bad_forms(client: &mut Client<'_>) {
    let secret = format!("secret={}", percent(VALUE));
    let post = "POST /api/v1/share";
    let json = "Content-Type: application/json\r\n";
    let multipart = "Content-Type: multipart/form-data; boundary=b\r\n";
    let long = format!("{secret}{}", "Wv7canaryVALUEq9".repeat(200));
    let larger = format!("{secret}{}", "Wv7canaryVALUEq9".repeat(10_000));
    client.ask(post, "", long.as_bytes());
    client.ask(post, "", larger.as_bytes());
    client.ask(post, json, format!("{{\"secret\": \"{PASSPHRASE}\"").as_bytes());
    client.ask(post, json, format!("{{\"secret\": \"{PASSPHRASE}\"}}").as_bytes());
    client.ask(post, json, format!("{{\"passphrase\": [\"{PASSPHRASE}\"]}}").as_bytes());
    client.ask(post, multipart, format!("--b\r\n{secret}").as_bytes());
    client.ask(post, "", &[secret.as_bytes(), &[0xff, 0xfe]].concat());
    client.ask(post, "", format!("{secret}%00").as_bytes());
    client.ask(post, "", format!("{secret}&passphrase[]={PASSPHRASE}").as_bytes());
    client.ask(post, "", format!("{secret}&recipient={WRONG}").as_bytes());
    let basic = client.basic.take();
    client.ask(post, "", format!("{secret}&recipient={RECIPIENT}").as_bytes());
    client.basic = basic;
    client.ask(post, "Content-Encoding: gzip\r\n", secret.as_bytes());
    client.ask(&format!("{post}?{secret}&passphrase={QUERY}"), "", b"");
}

fn strange_paths(client: &mut Client<'_>) {
    for path in [
        format!("/api/v1/secret/{UNKNOWN_KEY}"),
        format!("/api/v1/private/{UNKNOWN_KEY}"),
        format!("/api/v1/secret/{UNKNOWN_KEY}/{QUERY}"),
        format!("/api/v2/{UNKNOWN_KEY}?secret={QUERY}"),
        format!("/{UNKNOWN_KEY}?{QUERY}"),
        format!("/secret/{UNKNOWN_KEY}?passphrase={QUERY}"),
        format!("/receipt/{UNKNOWN_KEY}"),
        format!("/private/{UNKNOWN_KEY}/burn?key={QUERY}"),
        format!("/healthz?{QUERY}"),
        format!("/readyz?{QUERY}"),
        "/".to_owned(),
    ] {
        client.get(&path);
        client.ask(&format!("HEAD {path}"), "", b"");
        client.ask(&format!("DELETE {path}"), "", b"");
        client.ask(&format!("POST {path}"), "", format!("passphrase={WRONG}").as_bytes());
    }
}

/// What hyper refuses, or never gets whole.
fn no_http(client: &mut Client<'_>) {
    let long = "Wv7canaryVALUEq9".repeat(60_000);
    for bytes in [
        format!("{VALUE}\r\n\r\n"),
        format!("GET /secret/{UNKNOWN_KEY} HTTP/9\r\n\r\n"),
        format!("GET /secret/{UNKNOWN_KEY} HTTP/1.1\r\n{WRONG} {WRONG}\r\n\r\n"),
        format!("GET /secret/{UNKNOWN_KEY} HTTP/1.1\r\nCookie: {COOKIE}\r\n"),
        format!(
            "POST /api/v1/secret/{UNKNOWN_KEY} HTTP/1.1\r\nHost: h\r\nContent-Length: 999\r\n\r\nsecret={WRONG}"
        ),
        format!(
            "POST /api/v1/share HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{WRONG}"
        ),
        format!("POST /api/v1/share HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{WRONG}\r\n"),
        format!("GET / HTTP/1.1\r\nHost: h\r\nCookie: {COOKIE}{long}\r\n\r\n"),
    ] {
        client.server.send(bytes.as_bytes());
    }
}

/// The store becomes unreadable under the running server.
fn broken_store(client: &mut Client<'_>) {
    let shared = client.made("share", &format!("secret={}", percent(VALUE)));
    client.server.break_store();
    let mut failed = 0;
    for path in [
        format!("secret/{}", shared.link),
        format!("private/{}", shared.metadata),
        format!("private/{}/burn", shared.metadata),
        format!("secret/{UNKNOWN_KEY}"),
        "share".to_owned(),
    ] {
        let form = format!("secret={}&passphrase={PASSPHRASE}", percent(VALUE));
        failed += usize::from(client.post(&path, &form).status == 503);
    }
    assert!(failed > 0, "the store was broken, and nobody noticed");
}

/// The keys of a secret.
struct Made {
    metadata: String,
    link: String,
}

impl Client<'_> {
    /// Makes a secret; its keys, and a value that was generated, must not be met again.
    fn made(&mut self, route: &str, form: &str) -> Made {
        let answer = self.post(route, form);
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        if route == "generate" {
            self.search.keep_whole("a generated value", text("value"));
        }
        Made {
            metadata: self.search.keep("a metadata key", text("metadata_key")),
            link: self.search.keep("a link key", text("secret_key")),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "", b"")
    }

    fn post(&mut self, path: &str, form: &str) -> Answer {
        self.ask(&format!("POST /api/v1/{path}"), "", form.as_bytes())
    }

    /// One request, which comes through a proxy and carries what a browser adds.
    pub(crate) fn ask(&mut self, line: &str, headers: &str, body: &[u8]) -> Answer {
        let basic = self.basic.iter().map(|basic| format!("Authorization: Basic {basic}\r\n"));
        let address = ADDRESSES[self.asked % ADDRESSES.len()];
        let head = format!(
            "{line} HTTP/1.1\r\nHost: canary.example\r\nConnection: close\r\nX-Forwarded-For: {address}\r\n\
             Cookie: sess={COOKIE}\r\nReferer: https://canary.example/secret/{UNKNOWN_KEY}?{QUERY}\r\n\
             {}{headers}Content-Length: {}\r\n\r\n",
            basic.collect::<String>(),
            body.len()
        );
        self.asked += 1;
        let answer = self.server.send(&[head.as_bytes(), body].concat());
        answer.unwrap_or_else(|| panic!("no answer to {line}"))
    }
}

/// Every byte escaped, as a careful client does.
pub(crate) fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
