//! More connections than there are places.

use crate::server::{Server, Setup};
use crate::wire::Client;

/// A connection that is served, and stays.
async fn guest(server: &Server) -> Client {
    let mut client = server.client().await;
    assert!(served(&mut client).await);
    client
}

async fn served(client: &mut Client) -> bool {
    let answer = client.ask("GET /api/v1/status", "", "").await;
    match answer.status {
        200 => true,
        503 => {
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert_eq!(answer.header("connection"), Some("close"));
            assert_eq!(answer.body, r#"{"message":"Too many connections"}"#);
            false
        }
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_this_machine_all_places_may_be_taken() {
    let server = Server::start(Setup { connections: 2, ..Setup::default() }).await;
    let mut first = guest(&server).await;
    let second = guest(&server).await;
    assert!(!served(&mut server.client().await).await);
    assert!(served(&mut first).await, "who has a place keeps it");
    drop(second);
    // Its place is free once the server has seen it go.
    while !served(&mut server.client().await).await {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_all_places_are_one_clients() {
    let server =
        Server::start(Setup { connections: 4, proxies: &["127.0.0.1/32"], ..Setup::default() }).await;
    let mut guests = Vec::new();
    for _ in 0..4 {
        guests.push(guest(&server).await);
    }
    assert!(!served(&mut server.client().await).await);
    for guest in &mut guests {
        assert!(served(guest).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_turned_away_at_once_and_those_inside_notice_nothing() {
    let server = Server::start(Setup { connections: 1, ..Setup::default() }).await;
    let mut inside = guest(&server).await;
    let key = server_share(&mut inside).await;
    let mut crowd = Vec::new();
    for _ in 0..300 {
        crowd.push(server.client().await);
    }
    for client in crowd {
        // Nobody hangs, and each is told, however many they are.
        let statuses: Vec<_> = client.answers(false).await.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses, [503]);
    }
    let answer = inside.ask(&format!("POST /api/v1/secret/{key}"), "", "").await;
    assert_eq!(answer.field("value"), "inside");
}

async fn server_share(client: &mut Client) -> String {
    client.ask("POST /api/v1/share", "", "secret=inside").await.field("secret_key")
}
