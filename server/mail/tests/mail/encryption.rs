//! Where TLS is asked for, nothing is said without it, and nothing to a stranger.

use std::time::Duration;

use waxseal_core::store::MailState;
use waxseal_mail::{Endpoint, Security, Timing};
use waxseal_smtp_sink::{Identity, Rules, Sink, Tls};

use crate::world::{World, credentials, plain, site, terms, timing};

const USER: &str = "relay-user";
const PASSWORD: &str = "relay-password";

/// One message by `security` to a server with this TLS, of which `trusted` is known.
async fn send(tls: Tls, security: Security, trusted: &Identity) -> (MailState, Sink) {
    let sink = Sink::start(Rules { tls, account: Some((USER, PASSWORD)), ..Rules::default() });
    let roots = trusted.pem().as_bytes().to_vec();
    let credentials = credentials(USER, PASSWORD);
    let endpoint = Endpoint { security, roots, credentials, ..plain(sink.address) };
    // The second try would come too late, so there is one.
    let world = World::new(endpoint, Timing { retries: vec![Duration::from_secs(120)], ..timing() }, site());
    let made = world.share(terms()).await;
    let end = world.end_of(&made).await;
    world.spool.close(Duration::from_secs(60)).await;
    (end, sink)
}

async fn arrives(tls: Tls, security: Security, trusted: &Identity) {
    let (end, sink) = send(tls, security, trusted).await;
    assert_eq!(end, MailState::Sent);
    let mails = sink.mails();
    assert!(mails.len() == 1 && mails[0].tls && mails[0].signed_in);
}

/// Neither a message nor a password is said.
async fn is_refused(tls: Tls, security: Security, trusted: &Identity) {
    let (end, sink) = send(tls, security, trusted).await;
    assert_eq!(end, MailState::Failed);
    let heard = sink.heard();
    assert!(sink.connections() > 0 && sink.mails().is_empty());
    assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_known_gets_it_over_tls() {
    let here = Identity::of("127.0.0.1");
    arrives(Tls::Starttls(here.clone()), Security::Starttls, &here).await;
    arrives(Tls::Implicit(here.clone()), Security::Implicit, &here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let (here, other) = (Identity::of("127.0.0.1"), Identity::of("127.0.0.1"));
    is_refused(Tls::Starttls(here.clone()), Security::Starttls, &other).await;
    is_refused(Tls::Implicit(here), Security::Implicit, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_name_gets_nothing() {
    let elsewhere = Identity::of("mail.example.com");
    is_refused(Tls::Starttls(elsewhere.clone()), Security::Starttls, &elsewhere).await;
    is_refused(Tls::Implicit(elsewhere.clone()), Security::Implicit, &elsewhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_nothing_where_tls_is_asked_for() {
    is_refused(Tls::None, Security::Starttls, &Identity::of("127.0.0.1")).await;
}

/// Whoever sits between may add lines behind the answer to STARTTLS: they must not
/// be taken for the server's own.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_slipped_in_before_tls_is_no_answer() {
    let here = Identity::of("127.0.0.1");
    is_refused(Tls::Injected(here.clone()), Security::Starttls, &here).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_fails_at_once() {
    let here = Identity::of("127.0.0.1");
    let tls = Tls::Starttls(here.clone());
    let sink = Sink::start(Rules { tls, account: Some((USER, "another")), ..Rules::default() });
    let endpoint = Endpoint {
        security: Security::Starttls,
        roots: here.pem().as_bytes().to_vec(),
        credentials: credentials(USER, PASSWORD),
        ..plain(sink.address)
    };
    let world = World::new(endpoint, timing(), site());
    let made = world.share(terms()).await;
    assert_eq!(world.end_of(&made).await, MailState::Failed);
    assert_eq!((sink.mails().len(), sink.connections()), (0, 1));
    let shown = format!("{:?}", world.spool);
    assert!(shown.contains("127.0.0.1") && !shown.contains(PASSWORD) && !shown.contains(USER), "{shown}");
}
