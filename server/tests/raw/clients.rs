//! What well-meaning clients rely on, and one that never reads.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::timeout;
use waxseal_server::Patience;

use crate::identity::Identity;
use crate::server::{SHORT, Server, Setup, USER};
use crate::wire::{PATIENCE, narrow};

#[tokio::test]
async fn many_requests_at_once_are_answered_in_their_order() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let sent: String = (0..200)
        .map(|number| match number % 2 {
            0 => format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: {number}\r\n\r\n"),
            _ => format!(
                "POST /api/v1/share HTTP/1.1\r\nHost: a\r\nX-Request-Id: {number}\r\n\
                 Transfer-Encoding: chunked\r\n\r\n8;x\r\nsecret=x\r\n0\r\n\r\n"
            ),
        })
        .collect();
    for piece in sent.as_bytes().chunks(777) {
        client.send(piece).await;
    }
    for number in 0..200 {
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("x-request-id")), (200, Some(&*number.to_string())));
    }
}

#[tokio::test]
async fn a_secret_sent_a_byte_at_a_time_arrives_whole() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let sent = "POST /api/v1/share HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nsecret=caf%C3%A9+x";
    for byte in sent.as_bytes() {
        client.send(&[*byte]).await;
    }
    let key = client.answer().await.field("secret_key");
    assert_eq!(server.reveal(&key).await, "café x");
}

#[tokio::test]
async fn what_has_begun_is_answered_after_the_end_was_asked_for() {
    let server = Server::start(Setup::default()).await;
    let (mut begun, idle) = (server.client().await, server.client().await);
    let head = "POST /api/v1/share HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n";
    begun.send(head.as_bytes()).await;
    assert_eq!(begun.answer().await.status, 100);
    drop(server);
    assert!(idle.answers(false).await.is_empty());
    begun.send(b"secret=x").await;
    let statuses: Vec<_> = begun.answers(false).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200], "and then the connection is closed");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever_for_what_has_begun() {
    let days = Duration::from_secs(100_000);
    let patience = Patience { body: days, farewell: SHORT.head, ..Setup::default().patience };
    let server = Server::start(Setup { patience, ..Setup::default() }).await;
    let mut begun = server.client().await;
    let head = "POST /api/v1/share HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n";
    begun.send(head.as_bytes()).await;
    assert_eq!(begun.answer().await.status, 100);
    timeout(PATIENCE, server.stop()).await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_and_holds_nobody_up() {
    cut_the_deaf(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_over_tls_is_cut_and_holds_nobody_up() {
    cut_the_deaf(Some(Identity::new())).await;
}

async fn cut_the_deaf(identity: Option<Identity>) {
    // Only the clock for answers is short.
    let patience = Patience { stall: SHORT.stall, ..Setup::default().patience };
    let server = Server::start(Setup { patience, identity, ..Setup::default() }).await;
    let mut deaf = server.client_over(narrow(server.address).await).await;
    let pair = STANDARD.encode(format!("{USER}:{}", server.token));
    // Its answer is as long as itself: the text comes back.
    let body = format!("secret=x&recipient={}", "a".repeat(60_000));
    let sent = format!(
        "POST /api/v1/share HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {pair}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    while deaf.send(sent.as_bytes()).await {}
    let key = server.share("afterwards").await;
    assert_eq!(server.reveal(&key).await, "afterwards");
}

#[tokio::test]
async fn a_request_keeps_the_id_it_brings() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let longest = "q".repeat(200);
    for id in ["7", "a b~c", &longest] {
        let answer = client.ask("GET /api/v1/status", &format!("X-Request-Id: {id}\r\n"), "").await;
        assert_eq!(answer.header("x-request-id"), Some(id));
    }
    let answer = client.ask("GET /api/v1/status", "X-Request-Id: \r\n", "").await;
    assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "none is no id");
}

#[tokio::test]
async fn probes_may_look_and_do_no_more() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    for path in ["/healthz", "/readyz"] {
        let answer = client.ask(&format!("GET {path}"), "", "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"), "{path}");
        for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(client.ask(&format!("POST {path}"), "", "").await.status, 404, "{path}");
        let mut looking = server.client().await;
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(looking.send(head.as_bytes()).await);
        assert_eq!(looking.answers(true).await[0].status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_description_of_the_api_is_there_to_be_read() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    let answer = client.ask("GET /openapi.yaml", "", "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/yaml")));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(answer.body, include_str!("../../src/openapi.yaml"));
    for line in ["POST /openapi.yaml", "GET /openapi.yaml/", "GET /openapi.json"] {
        assert_eq!(client.ask(line, "", "").await.status, 404, "{line}");
    }
}
