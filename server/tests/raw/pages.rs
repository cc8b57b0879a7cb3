//! The pages as they go over a socket. What they say and do is tested where they are
//! made, without one.

use waxseal_server::config;

use crate::server::{Server, Setup};
use crate::wire::{Answer, Client};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";

/// A hidden field's value.
fn hidden(answer: &Answer, name: &str) -> String {
    let (_, rest) = answer.body.split_once(&format!("name=\"{name}\" value=\"")).expect(&answer.body);
    rest.split_once('"').unwrap().0.to_owned()
}

async fn token(client: &mut Client, key: &str) -> String {
    hidden(&client.ask(&format!("GET /secret/{key}"), "", "").await, "token")
}

#[tokio::test]
async fn a_secret_goes_from_page_to_page() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let create = client.ask("GET /?locale=de", "", "").await;
    assert_eq!((create.status, create.header("content-language")), (200, Some("de")));
    assert_eq!(create.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(create.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(create.header("set-cookie").is_none());
    let form = format!("secret=a%0D%0Ab&ttl=3600&passphrase=&nonce={}", hidden(&create, "nonce"));
    let made = client.ask("POST /", FORM, &form).await;
    assert_eq!(made.status, 303);
    let receipt = client.ask(&format!("GET {}", made.header("location").unwrap()), "", "").await;
    let (_, link) = receipt.body.split_once("https://secrets.example/secret/").unwrap();
    let key = &link[..31];
    let open = format!("token={}", token(&mut client, key).await);
    let shown = client.ask(&format!("POST /secret/{key}"), FORM, &open).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")));
    assert!(shown.body.contains(">\na\nb</textarea>"), "{}", shown.body);
    assert_eq!(client.ask(&format!("GET /secret/{key}"), "", "").await.status, 404);
}

/// What says of itself that it only looks, and what does not say so.
#[tokio::test]
async fn no_header_makes_looking_more_than_that() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let key = server.share("kept").await;
    let agents = [
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "facebookexternalhit/1.1",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 BingPreview/1.0b",
        "WhatsApp/2.23.20.0",
        "curl/8.5.0",
        "",
    ];
    let hints = ["", "Purpose: prefetch\r\n", "Sec-Purpose: prefetch;prerender\r\n", "X-Moz: prefetch\r\n"];
    let overrides = ["", "X-HTTP-Method-Override: POST\r\n", "X-Method-Override: POST\r\n"];
    for (agent, hint) in agents.iter().flat_map(|agent| hints.map(|hint| (agent, hint))) {
        for (index, other) in overrides.iter().enumerate() {
            let method = ["GET", "OPTIONS", "GET"][index];
            let headers = format!("User-Agent: {agent}\r\n{hint}{other}");
            let seen = client.ask(&format!("{method} /secret/{key}"), &headers, "").await;
            assert_eq!(seen.status, if method == "GET" { 200 } else { 405 }, "{headers}");
            assert!(!seen.body.contains("kept"));
        }
    }
    let head = format!("HEAD /secret/{key} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut preview = server.client().await;
    preview.send(head.as_bytes()).await;
    let heads = preview.answers(true).await;
    assert_eq!((heads.len(), heads[0].status), (1, 200));
    assert_eq!(server.reveal(&key).await, "kept");
}

#[tokio::test]
async fn a_form_that_another_site_sends_is_shown_again() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let key = server.share("kept").await;
    let form = format!("token={}", token(&mut client, &key).await);
    let headers = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nOrigin: null\r\n";
    let refused = client.ask(&format!("POST /secret/{key}"), headers, &form).await;
    assert_eq!((refused.status, refused.body.contains("kept")), (403, false));
    // Browsers say `Origin: null` of our own forms, too: the pages let nobody know theirs.
    let ours = "Sec-Fetch-Site: same-origin\r\nOrigin: null\r\n";
    assert!(client.ask(&format!("POST /secret/{key}"), ours, &form).await.body.contains("kept"));
}

#[tokio::test]
async fn what_can_not_be_read_is_answered_with_a_page_and_its_request_id() {
    let server = Server::start(Setup::default()).await;
    for (headers, body, status) in [
        ("", "a".repeat(70_000), 413),
        ("Content-Encoding: gzip\r\n", "x".to_owned(), 415),
        ("", "secret=%FF".to_owned(), 400),
        ("Content-Type: multipart/form-data; boundary=b\r\n", "--b\r\nbroken".to_owned(), 400),
    ] {
        let mut client = server.client().await;
        let answer = client.ask("POST /", &format!("{headers}X-Request-Id: mine-7\r\n"), &body).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (status, Some("mine-7")));
        assert!(
            answer.body.starts_with("<!doctype html>") || answer.body.trim_start().starts_with("<!doctype")
        );
        assert!(answer.body.contains("mine-7"), "{status}");
    }
    let mut client = server.client().await;
    let nowhere = client.ask("GET /nowhere", "", "").await;
    assert!(nowhere.status == 404 && nowhere.body.contains(nowhere.header("x-request-id").unwrap()));
    assert!(client.ask("GET /api/v2/nowhere", "", "").await.body.starts_with('{'), "the API keeps its own");
    assert_eq!(client.ask("GET /healthz", "", "").await.body, "ok\n");
}

#[tokio::test]
async fn the_settings_reach_the_pages() {
    let pages = config::Pages { typed_check: true, guests_may_create: false };
    let server = Server::start(Setup { pages, ..Setup::default() }).await;
    let mut client = server.client().await;
    assert!(!client.ask("GET /", "", "").await.body.contains("<form"));
    let key = server.share("kept").await;
    assert!(client.ask(&format!("GET /secret/{key}"), "", "").await.body.contains("name=\"check\""));
}
