//! TLS on the server's own sockets.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use waxseal_core::store::Store;

use crate::identity::{Identity, Pair, allow, files, open, write};
use crate::server::{SHORT, Server, Setup};
use crate::wire::{Client, plain};

async fn server() -> Server {
    Server::start(Setup { identity: Some(Identity::new()), ..Setup::default() }).await
}

#[tokio::test]
async fn a_secret_goes_its_way_over_both_versions_of_tls() {
    let server = server().await;
    let identity = server.identity.as_ref().unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = identity.greet_as(plain(server.address).await, &[version], &[]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        let answer = Client::over(stream).ask("POST /api/v1/share", "", "secret=over tls").await;
        assert_eq!(server.reveal(&answer.field("secret_key")).await, "over tls");
    }
}

#[tokio::test]
async fn only_http_1_is_agreed_on() {
    let server = server().await;
    let identity = server.identity.as_ref().unwrap();
    let greet = async |protocols: &[&str]| {
        let stream = plain(server.address).await;
        identity.greet_as(stream, rustls::DEFAULT_VERSIONS, protocols).await
    };
    let both = greet(&["h2", "http/1.1"]).await.unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert!(greet(&["h2"]).await.is_err());
}

#[tokio::test]
async fn every_answer_says_that_only_tls_is_spoken_here() {
    let server = server().await;
    for line in ["GET /", "GET /healthz", "POST /api/v1/share", "GET /nowhere", "BAD", "GET /a\u{0}b"] {
        let answer = server.client().await.ask(line, "", "").await;
        let said = answer.header("strict-transport-security");
        assert_eq!(said, Some("max-age=31536000"), "{line}: {answer:?}");
    }
    let plain = Server::start(Setup::default()).await;
    let answer = plain.client().await.ask("GET /", "", "").await;
    assert_eq!(answer.header("strict-transport-security"), None, "a proxy in front may not speak TLS");
}

/// Who looks in plain text is led to the site, whatever host it asked for.
#[tokio::test]
async fn looking_in_plain_text_leads_to_the_configured_host() {
    let server = server().await;
    let cases = [
        ("/", "https://secrets.example/"),
        ("/secret/abc?x=1", "https://secrets.example/secret/abc?x=1"),
        ("//evil.example/x", "https://secrets.example//evil.example/x"),
        ("/@evil.example", "https://secrets.example/@evil.example"),
        ("http://evil.example/x", "https://secrets.example/x"),
    ];
    for address in [server.redirect, server.address] {
        for method in ["GET", "HEAD"] {
            for (target, place) in cases {
                let mut client = Client::connect(address).await;
                let head = format!("{method} {target} HTTP/1.1\r\nHost: evil.example\r\n\r\n");
                client.send(head.as_bytes()).await;
                let answer = client.answers(method == "HEAD").await.remove(0);
                assert_eq!(answer.status, 308, "{target}");
                assert_eq!(answer.header("location"), Some(place), "{method} {target}");
                assert_eq!(answer.header("strict-transport-security"), None);
                assert_eq!(answer.header("connection"), Some("close"));
            }
        }
    }
}

/// Who sends something in plain text is refused, and nothing becomes of it.
#[tokio::test]
async fn sending_in_plain_text_is_refused_and_stores_nothing() {
    let server = server().await;
    let key = server.share("kept").await;
    for address in [server.redirect, server.address] {
        for line in ["POST /api/v1/share", "POST /", "PUT /x", &format!("POST /api/v1/secret/{key}")] {
            let answer = Client::connect(address).await.ask(line, "", "secret=overheard").await;
            assert_eq!(answer.status, 403, "{line}");
            assert!(answer.body.contains("Use https") && answer.body.contains("nothing was stored"));
            assert_eq!(answer.header("location"), None, "a redirect would send it again");
        }
    }
    assert_eq!(server.store.usage().await.unwrap().new, 1);
    assert_eq!(server.reveal(&key).await, "kept");
}

#[tokio::test]
async fn what_is_hostile_in_plain_text_is_refused_there_too() {
    let server = server().await;
    for address in [server.redirect, server.address] {
        for (head, status) in [
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", 400),
        ] {
            let mut client = Client::connect(address).await;
            client.send(head.as_bytes()).await;
            assert_eq!(client.answers(false).await[0].status, status, "{head:?}");
        }
    }
}

/// A client that begins a handshake and goes on slowly, or not at all, is cut, and its
/// place is given to another.
#[tokio::test]
async fn a_slow_handshake_is_cut_and_gives_its_place_back() {
    let identity = Some(Identity::new());
    let server = Server::start(Setup { patience: SHORT, connections: 4, identity, ..Setup::default() }).await;
    for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut slow = Vec::new();
        for _ in 0..4 {
            let mut stream = plain(server.address).await;
            stream.write_all(begun).await.unwrap();
            slow.push(stream);
        }
        for stream in &mut slow {
            let mut rest = Vec::new();
            // A reset is an end, too.
            stream.read_to_end(&mut rest).await.ok();
        }
        assert_eq!(server.reveal(&server.share("after").await).await, "after");
    }
}

#[tokio::test]
async fn what_is_no_tls_ends_and_costs_nobody_else_anything() {
    let server = server().await;
    for bytes in [&b"\x00\x01\x02"[..], b"\x16\x03\x01\xff\xff\x01", b"\x80\x2e\x01\x00\x02", b"ssh-2.0\r\n"]
    {
        let mut stream = plain(server.address).await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.ok();
        assert!(!rest.starts_with(b"HTTP"), "{bytes:?}");
    }
    assert_eq!(server.reveal(&server.share("x").await).await, "x");
}

#[tokio::test]
async fn where_tls_is_spoken_a_crowd_is_told_nothing_in_plain_text() {
    let identity = Some(Identity::new());
    let server = Server::start(Setup { connections: 1, identity, ..Setup::default() }).await;
    let mut inside = server.client().await;
    assert_eq!(inside.ask("GET /healthz", "", "").await.status, 200);
    let answers = Client::connect(server.address).await.answers(false).await;
    assert!(answers.is_empty(), "{answers:?}");
    assert_eq!(inside.ask("GET /healthz", "", "").await.status, 200);
}

/// No patience is waited out: whoever has not asked for anything is let go.
#[tokio::test]
async fn a_stop_does_not_wait_for_handshakes_or_idle_connections() {
    let server = server().await;
    let mut idle = server.client().await;
    assert_eq!(idle.ask("GET /healthz", "", "").await.status, 200);
    let mut begun = plain(server.address).await;
    begun.write_all(b"\x16\x03").await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(60), server.stop());
    stopped.await.expect("it stops");
    assert!(!idle.receive().await);
    let mut rest = Vec::new();
    begun.read_to_end(&mut rest).await.ok();
}

/// Clients come and go while the certificate changes. None of them may notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_costs_no_request() {
    let mut server = server().await;
    let mut open = server.client().await;
    assert_eq!(open.ask("GET /healthz", "", "").await.status, 200);
    let next = Pair::new();
    let identity = server.identity.as_mut().unwrap();
    identity.write(&next);
    identity.tls.reload().unwrap();
    assert!(identity.greet(plain(server.address).await).await.is_err(), "new connections get the new one");
    server.identity.as_mut().unwrap().trust(&next);
    let server = Arc::new(server);
    let mut crowd = Vec::new();
    for _ in 0..4 {
        let server = server.clone();
        crowd.push(tokio::spawn(async move {
            for _ in 0..25 {
                assert_eq!(server.reveal(&server.share("s").await).await, "s");
            }
        }));
    }
    while !crowd.iter().all(tokio::task::JoinHandle::is_finished) {
        server.identity.as_ref().unwrap().tls.reload().unwrap();
        tokio::task::yield_now().await;
    }
    for one in crowd {
        one.await.unwrap();
    }
    assert_eq!(open.ask("GET /healthz", "", "").await.status, 200, "what was open goes on");
}

#[tokio::test]
async fn a_certificate_that_will_not_do_changes_nothing() {
    let server = server().await;
    let identity = server.identity.as_ref().unwrap();
    let (one, other) = (Pair::new(), Pair::new());
    identity.write(&Pair { cert: one.cert, key: other.key });
    let refusal = identity.tls.reload().unwrap_err().to_string();
    assert!(refusal.contains("is not that of the certificate"), "{refusal}");
    assert_eq!(server.reveal(&server.share("x").await).await, "x");
}

/// What is wrong, and what the refusal says of it.
#[test]
fn files_that_will_not_do_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (pair, other) = (Pair::new(), Pair::new());
    let files = files(folder.path());
    let said = |cert: &str, key: &str, mode: u32| {
        write(folder.path(), &Pair { cert: cert.to_owned(), key: key.to_owned() });
        allow(&files.key, mode);
        open(folder.path()).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(said(&pair.cert, &pair.key, 0o600), "");
    assert_eq!(said(&pair.cert, &pair.key, 0o640), "", "a group of servers may share it");
    assert_eq!(said(&format!("{}{}", pair.cert, other.cert), &pair.key, 0o600), "", "a chain");
    let wrong_order = format!("{}{}", other.cert, pair.cert);
    let broken = pair.key.replace('\n', "\n*");
    for (cert, key, mode, word) in [
        (pair.cert.as_str(), pair.key.as_str(), 0o644, "chmod 600"),
        (&pair.cert, &pair.key, 0o660, "chmod 600"),
        (&pair.cert, &other.key, 0o600, "is not that of the certificate"),
        (&wrong_order, &pair.key, 0o600, "the server's own comes first"),
        ("", &pair.key, 0o600, "holds no certificate in PEM"),
        (&pair.key, &pair.key, 0o600, "holds no certificate in PEM"),
        (&pair.cert, "", 0o600, "holds no private key"),
        (&pair.cert, &pair.cert, 0o600, "holds no private key"),
        (&pair.cert, &broken, 0o600, "holds no private key"),
    ] {
        let refusal = said(cert, key, mode);
        assert!(refusal.contains(word), "{word}: {refusal}");
        let secret = pair.key.lines().nth(1).unwrap();
        assert!(!refusal.contains(&secret[..16]), "{refusal}");
    }
    std::fs::remove_file(&files.cert).unwrap();
    let missing = open(folder.path()).unwrap_err().to_string();
    assert!(missing.contains("tls.cert: there is no file"), "{missing}");
}

#[test]
fn a_certificate_that_clients_will_refuse_is_warned_of() {
    use waxseal_core::time::Timestamp;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &Pair::until(2_001));
    let tls = open(folder.path()).unwrap();
    // The first second of 2001.
    assert_eq!(tls.expires(), Some(Timestamp::from_secs(978_307_200)));
    assert!(tls.warnings(Timestamp::from_secs(978_307_199)).is_empty());
    assert!(tls.warnings(Timestamp::from_secs(978_307_200))[0].contains("has expired"));
    for (host, warned) in
        [("secrets.example:8443", 0), ("other.example", 1), ("127.0.0.1", 1), ("[::1]:1", 1)]
    {
        let tls = waxseal_server::Tls::open(&files(folder.path()), Some(host)).unwrap();
        assert_eq!(tls.warnings(Timestamp::from_secs(0)).len(), warned, "{host}");
    }
}
