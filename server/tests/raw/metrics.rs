//! The listener that tells figures, and nothing else.

use crate::identity::Identity;
use crate::server::{SHORT, Server, Setup};
use crate::wire::{Client, plain};

async fn figures(server: &Server) -> String {
    Client::connect(server.metrics).await.ask("GET /metrics", "", "").await.body
}

#[tokio::test]
async fn figures_stand_on_their_own_listener_alone() {
    let server = Server::start(Setup::default()).await;
    let mut client = server.client().await;
    assert_eq!(client.ask("GET /metrics", "", "").await.status, 404, "clients learn nothing");
    let there = async |line: &str| Client::connect(server.metrics).await.ask(line, "", "").await;
    let answer = there("GET /metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.body.ends_with("# EOF\n"));
    assert_eq!(there("POST /metrics").await.status, 405);
    for line in ["GET /", "POST /api/v1/share", "GET /healthz"] {
        assert_eq!(there(line).await.status, 404, "{line}: this is no place to share");
    }
}

#[tokio::test]
async fn what_happens_is_counted() {
    let server = Server::start(Setup { connections: 2, ..Setup::default() }).await;
    let key = server.share("counted").await;
    let (mut one, mut two) = (server.client().await, server.client().await);
    // Both have their places once they are answered.
    one.ask(&format!("POST /api/v1/secret/{key}"), "", "").await;
    two.ask(&format!("POST /api/v1/secret/{key}"), "", "").await;
    assert_eq!(server.client().await.answers(false).await[0].status, 503);
    let text = figures(&server).await;
    for line in [
        "waxseal_requests_total{route=\"share\",outcome=\"shared\"} 1",
        "waxseal_requests_total{route=\"reveal\",outcome=\"revealed\"} 1",
        "waxseal_requests_total{route=\"reveal\",outcome=\"gone\"} 1",
        "waxseal_responses_total{status=\"200\"} 2",
        "waxseal_responses_total{status=\"404\"} 1",
        "waxseal_request_duration_seconds_count{route=\"reveal\"} 2",
        "waxseal_attempts_total{guess=\"none\",answer=\"granted\"} 1",
        "waxseal_store_operation_duration_seconds_count{operation=\"settle\"} 1",
        "waxseal_connections 2",
        "waxseal_connections_limit 2",
        "waxseal_connections_turned_away_total 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
}

#[tokio::test]
async fn what_is_refused_or_led_away_is_counted_too() {
    let server = Server::start(Setup { identity: Some(Identity::new()), ..Setup::default() }).await;
    let mut bad = server.client().await;
    assert!(bad.send(b"BAD\r\n\r\n").await);
    assert_eq!(bad.answer().await.status, 400);
    assert_eq!(Client::connect(server.redirect).await.ask("GET /", "", "").await.status, 308);
    let text = figures(&server).await;
    for line in [
        "waxseal_requests_total{route=\"none\",outcome=\"refused\"} 1",
        "waxseal_requests_total{route=\"redirect\",outcome=\"redirected\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
}

/// Who holds connections to it open keeps nobody from reading, once its time is over.
#[tokio::test]
async fn whoever_says_nothing_there_does_not_stay() {
    let server = Server::start(Setup { patience: SHORT, ..Setup::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(plain(server.metrics).await);
    }
    let text = figures(&server).await;
    assert!(text.ends_with("# EOF\n"));
}
