//! More requests than are worked on at once.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use waxseal_core::store::{Action, Limiter, Pass, Rate, StoreError, Subject};
use waxseal_core::time::Moment;

use crate::server::{Server, Setup};
use crate::wire::Client;

const SHARE: &[u8] = b"POST /api/v1/share HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nsecret=x";
const SERVED: u32 = 2;

/// Holds every request where it asks for its allowance, until it is let go on.
#[derive(Debug)]
struct Held {
    begun: Semaphore,
    go_on: Semaphore,
}

#[async_trait]
impl Limiter for Held {
    async fn take(&self, _: Subject, _: Action, _: Rate, _: Moment) -> Result<Pass, StoreError> {
        self.begun.add_permits(1);
        self.go_on.acquire().await.unwrap().forget();
        Ok(Pass::Allowed)
    }
}

/// A server with all its turns taken by these clients.
async fn crowded() -> (Arc<Held>, Server, Vec<Client>) {
    let held = Arc::new(Held { begun: Semaphore::new(0), go_on: Semaphore::new(0) });
    let server =
        Server::start(Setup { requests: SERVED as usize, limiter: held.clone(), ..Setup::default() }).await;
    let mut inside = Vec::new();
    for _ in 0..SERVED {
        let mut client = server.client().await;
        assert!(client.send(SHARE).await);
        inside.push(client);
    }
    held.begun.acquire_many(SERVED).await.unwrap().forget();
    (held, server, inside)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_its_turns_a_server_says_so_does_nothing_and_serves_again() {
    let (held, server, mut inside) = crowded().await;
    let mut outside = server.client().await;
    for line in ["POST /api/v1/share", "POST /api/v1/secret/x", "GET /api/v1/authcheck"] {
        let refused = outside.ask(line, "", "secret=x").await;
        assert_eq!(
            (refused.status, refused.body.as_str()),
            (503, r#"{"message":"The service is not available at present. Nothing was changed."}"#)
        );
        assert_eq!(refused.header("retry-after"), Some("5"));
        assert_eq!(refused.header("connection"), None, "the connection stays");
    }
    assert_eq!(held.begun.available_permits(), 0, "no allowance was asked for");
    for line in ["GET /api/v1/status", "GET /healthz", "GET /readyz"] {
        assert_eq!(outside.ask(line, "", "").await.status, 200, "{line}");
    }
    let figures = Client::connect(server.metrics).await.ask("GET /metrics", "", "").await.body;
    let counted = "waxseal_requests_total{route=\"none\",outcome=\"turned away\"} 3";
    assert!(figures.lines().any(|found| found == counted), "{figures}");
    held.go_on.add_permits(100);
    for client in &mut inside {
        assert_eq!(client.answer().await.status, 200);
    }
    assert_eq!(outside.ask("POST /api/v1/share", "", "secret=x").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_on_its_way_takes_no_turn() {
    let server = Server::start(Setup { requests: 1, ..Setup::default() }).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut client = server.client().await;
        assert!(client.send(&SHARE[..SHARE.len() - 1]).await);
        slow.push(client);
    }
    assert_eq!(server.reveal(&server.share("beside").await).await, "beside");
    for mut client in slow {
        assert!(client.send(b"x").await);
        assert_eq!(client.answer().await.status, 200);
    }
}

#[cfg(feature = "pages")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_told_so_and_keep_what_they_typed() {
    let (held, server, _inside) = crowded().await;
    let mut outside = server.client().await;
    let looked = outside.ask("GET /", "", "").await;
    assert_eq!((looked.status, looked.header("retry-after")), (503, Some("5")));
    assert!(looked.body.contains("Nothing was stored, opened or deleted."), "{}", looked.body);
    let form = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";
    let sent = outside.ask("POST /", form, "secret=typed+words&nonce=").await;
    assert_eq!((sent.status, sent.header("retry-after")), (503, Some("5")));
    assert!(
        sent.body.contains("typed words") && sent.body.contains("Your secret was not stored."),
        "{}",
        sent.body
    );
    held.go_on.add_permits(100);
}
