//! Allowances and the store's budget, as a client meets them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waxseal_core::api::Limits;
use waxseal_core::time::{Clock, Moment};

use crate::server::{Server, Setup, USER};
use crate::wire::{Answer, Client};

const SHARE: &str = "POST /api/v1/share";
const UNKNOWN: &str = "POST /api/v1/secret/0123456789abcdefghijklmnopqrstu";

/// A clock that stands until it is moved.
#[derive(Debug)]
struct Hand(AtomicU64);

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_800_000_000_000)))
    }

    fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0.load(Ordering::SeqCst))
    }
}

async fn server(limits: Limits, proxies: &'static [&'static str]) -> (Server, Arc<Hand>) {
    let clock = Hand::new();
    let server = Server::start(Setup { limits, proxies, clock: clock.clone(), ..Setup::default() }).await;
    (server, clock)
}

fn guests(count: u32) -> Limits {
    let guests = Limits { guest_creates: count, guest_reveals: count, ..Limits::default() };
    Limits { account_creates: 0, account_reveals: 0, ..guests }
}

fn refused(answer: &Answer) -> bool {
    let refused = answer.header("x-ots-intended-status") == Some("429");
    assert_eq!(answer.status == 404 && answer.header("retry-after").is_some(), refused, "{answer:?}");
    refused
}

/// Whether a share is refused that comes with these headers.
async fn limited(client: &mut Client, headers: &str) -> bool {
    let answer = client.ask(SHARE, headers, "secret=x").await;
    assert!(answer.status == 200 || refused(&answer), "{answer:?}");
    answer.status != 200
}

#[tokio::test]
async fn v1_e17_a_guests_shares_run_out_and_come_back() {
    let (server, clock) = server(guests(3), &[]).await;
    let mut client = server.client().await;
    for _ in 0..3 {
        assert!(!limited(&mut client, "").await);
    }
    let answer = client.ask(SHARE, "", "secret=x").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.body, r#"{"message":"Rate limit exceeded. Please try again later."}"#);
    assert_eq!(answer.header("x-ots-intended-status"), Some("429"));
    assert_eq!(answer.header("retry-after"), Some("400"), "a third of twenty minutes");
    let mut second = server.client().await;
    assert!(limited(&mut second, "").await, "a further connection is no further client");
    clock.forward(399);
    assert!(limited(&mut client, "").await);
    clock.forward(1);
    assert!(!limited(&mut client, "").await);
}

#[tokio::test]
async fn v1_e17_a_guests_reveals_run_out_apart_from_shares() {
    let (server, _clock) = server(guests(2), &[]).await;
    let mut client = server.client().await;
    let key = server.share("x").await;
    for _ in 0..2 {
        assert!(!refused(&client.ask(UNKNOWN, "", "").await));
    }
    assert!(refused(&client.ask(&format!("POST /api/v1/secret/{key}"), "", "").await));
    assert!(!limited(&mut client, "").await, "shares are counted by themselves");
}

#[tokio::test]
async fn what_says_whether_we_live_is_never_limited() {
    let (server, _clock) = server(guests(1), &[]).await;
    let mut client = server.client().await;
    assert!(!limited(&mut client, "").await);
    assert!(limited(&mut client, "").await);
    for _ in 0..20 {
        for path in ["/api/v1/status", "/healthz", "/readyz"] {
            assert_eq!(client.ask(&format!("GET {path}"), "", "").await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn zero_is_no_limit() {
    let (server, _clock) = server(guests(0), &[]).await;
    let mut client = server.client().await;
    for _ in 0..50 {
        assert!(!limited(&mut client, "").await);
    }
}

#[tokio::test]
async fn an_account_has_a_bucket_of_its_own() {
    let limits = Limits { account_creates: 2, ..guests(1) };
    let (server, _clock) = server(limits, &[]).await;
    let mut client = server.client().await;
    let pair = STANDARD.encode(format!("{USER}:{}", server.token));
    let account = format!("Authorization: Basic {pair}\r\n");
    assert!(!limited(&mut client, "").await);
    assert!(limited(&mut client, "").await);
    for _ in 0..2 {
        assert!(!limited(&mut client, &account).await, "a guest at its address uses nothing up");
    }
    assert!(limited(&mut client, &account).await);
    let wrong = "Authorization: Basic eDp5\r\n";
    let answer = client.ask(SHARE, wrong, "secret=x").await;
    assert_eq!((answer.status, answer.header("x-ots-intended-status")), (404, Some("401")));
}

#[tokio::test]
async fn nobody_gets_more_by_naming_another_address() {
    let (server, _clock) = server(guests(2), &[]).await;
    let mut client = server.client().await;
    let names = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"];
    for (number, name) in names.into_iter().enumerate() {
        let header = format!("{name}: 9.9.9.{number}\r\n");
        assert_eq!(limited(&mut client, &header).await, number >= 2, "{name}");
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_right_most_stranger_counts() {
    let (server, _clock) = server(guests(1), &["127.0.0.0/8"]).await;
    let mut client = server.client().await;
    let mut from = async |hops: &str| limited(&mut client, &format!("X-Forwarded-For: {hops}\r\n")).await;
    assert!(!from("9.9.9.1").await);
    assert!(from("9.9.9.1").await);
    assert!(from("8.8.8.8, 9.9.9.1").await, "what stands to its left was written by itself");
    assert!(from("8.8.8.8, 9.9.9.1, 127.0.0.7").await, "a trusted hop is passed over");
    assert!(from("8.8.8.8\r\nX-Forwarded-For: 9.9.9.1").await, "two lines are one list");
    assert!(!from("9.9.9.1, 9.9.9.2").await);
    assert!(!from("9.9.9.3:4711").await);
    assert!(from("9.9.9.3").await, "a port makes no other client");
}

#[tokio::test]
async fn one_client_of_ipv6_is_its_64() {
    let (server, _clock) = server(guests(1), &["127.0.0.0/8"]).await;
    let mut client = server.client().await;
    let mut from = async |hops: &str| limited(&mut client, &format!("X-Forwarded-For: {hops}\r\n")).await;
    assert!(!from("2001:db8:1:2::1").await);
    assert!(from("2001:db8:1:2:ffff:ffff:ffff:ffff").await);
    assert!(from("[2001:db8:1:2:3::4]:443").await);
    assert!(!from("2001:db8:1:3::1").await);
    assert!(!from("::ffff:9.9.9.9").await);
    assert!(from("9.9.9.9").await, "an IPv4 address in IPv6's dress is the same client");
}

#[tokio::test]
async fn a_full_store_says_so_and_an_opened_secret_makes_room() {
    let server = Server::start(Setup { stored_bytes: 30_000, ..Setup::default() }).await;
    let mut client = server.client().await;
    let large = format!("secret={}", "a".repeat(9_000));
    let mut keys = Vec::new();
    let full = loop {
        let answer = client.ask(SHARE, "", &large).await;
        if answer.status != 200 {
            break answer;
        }
        keys.push(answer.field("secret_key"));
    };
    assert_eq!((full.status, keys.len()), (503, 3));
    assert!(full.header("retry-after").is_some() && full.body.contains("Nothing was stored."), "{full:?}");
    assert_eq!(client.ask("GET /readyz", "", "").await.status, 200, "opening goes on");
    assert_eq!(server.reveal(&keys[0]).await.len(), 9_000);
    assert_eq!(client.ask(SHARE, "", &large).await.status, 200);
    assert_eq!(client.ask(SHARE, "", &large).await.status, 503, "room for one, not for two");
    for key in &keys[1..] {
        assert_eq!(server.reveal(key).await.len(), 9_000, "an unread secret is never put out for a new one");
    }
}
