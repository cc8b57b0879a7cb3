//! Whatever goes wrong, wherever: a message arrives once or never, and the receipt
//! tells which.

use std::net::TcpListener;
use std::time::Duration;

use waxseal_core::id::ClientId;
use waxseal_core::metadata::Metadata;
use waxseal_core::store::MailState;
use waxseal_mail::Timing;
use waxseal_smtp_sink::{Act, Fault, Rules, Sink, Stage};

use crate::world::{World, credentials, plain, sent, site, terms, timing, with};

const ACCOUNT: (&str, &str) = ("relay-user", "relay-password");

/// Before the content is sent, nothing is.
const BEFORE_CONTENT: [Stage; 6] =
    [Stage::Greeting, Stage::Hello, Stage::SignIn, Stage::Sender, Stage::Recipient, Stage::Data];

/// Where a server can refuse.
const REFUSALS: [Stage; 7] =
    [Stage::Greeting, Stage::Hello, Stage::SignIn, Stage::Sender, Stage::Recipient, Stage::Data, Stage::Dot];

/// One message to a server where `act` happens at `stage` once: whether it says sent,
/// how many messages arrived, and over how many connections.
async fn once(stage: Stage, act: Act, timing: Timing) -> (bool, usize, usize) {
    let faults = vec![Some(Fault::new(stage, act))];
    let sink = Sink::start(Rules { account: Some(ACCOUNT), faults, ..Rules::default() });
    let mut endpoint = plain(sink.address);
    endpoint.credentials = credentials(ACCOUNT.0, ACCOUNT.1);
    let world = World::new(endpoint, timing, site());
    let made = world.share(terms()).await;
    let sent = sent(world.end_of(&made).await);
    // Whatever might still come would come now.
    world.spool.close(Duration::from_secs(60)).await;
    (sent, sink.mails().len(), sink.connections())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_refusal_at_any_step_fails_at_once() {
    for stage in REFUSALS {
        let outcome = once(stage, Act::Say("550 5.7.1 <ann@example.org> never"), timing()).await;
        assert_eq!(outcome, (false, 0, 1), "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_refusal_at_any_step_is_tried_again_and_arrives_once() {
    for stage in REFUSALS {
        let outcome = once(stage, Act::Say("451 4.7.1 greylisted"), timing()).await;
        assert_eq!(outcome, (true, 1, 2), "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_before_the_content_is_tried_again_and_gets_it_once() {
    for stage in BEFORE_CONTENT {
        assert_eq!(once(stage, Act::HangUp, timing()).await, (true, 1, 2), "{stage:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_before_the_content_is_given_up_on_and_gets_it_once() {
    let short = Duration::from_millis(300);
    for stage in BEFORE_CONTENT {
        let (sent, mails, connections) =
            once(stage, Act::Stall, Timing { connect: short, command: short, ..timing() }).await;
        // On a busy machine a sound try may run out of time, too.
        assert!(sent && mails == 1 && connections >= 2, "{stage:?}: {connections}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_answer_comes_to_the_last_dot_it_is_never_sent_again() {
    assert_eq!(once(Stage::Dot, Act::HangUp, timing()).await, (false, 1, 1));
    let short = Timing { answer: Duration::from_millis(300), ..timing() };
    assert_eq!(once(Stage::Dot, Act::Stall, short).await, (false, 1, 1));
}

/// Whether the last dot was written before the server was seen to be gone is the
/// machine's to say. Either way the receipt tells what the server has.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_amid_the_content_gets_it_once_or_never() {
    for _ in 0..20 {
        let (sent, mails, _) = once(Stage::Content, Act::HangUp, timing()).await;
        assert_eq!(usize::from(sent), mails);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_greylisted_for_ever_is_given_up() {
    let always = Some(Fault::new(Stage::Recipient, Act::Say("450 4.2.0 greylisted")));
    let rules = Rules { always, ..Rules::default() };
    let (sink, world) = with(rules, Timing { give_up: Duration::from_secs(1), ..timing() });
    let made = world.share(terms()).await;
    assert_eq!(world.end_of(&made).await, MailState::Failed);
    assert!(sink.mails().is_empty() && sink.connections() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_given_up() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let short = Timing { give_up: Duration::from_millis(100), ..timing() };
    let world = World::new(plain(nobody), short, site());
    let made = world.share(terms()).await;
    assert_eq!(made.mail, MailState::Queued);
    assert_eq!(world.end_of(&made).await, MailState::Failed);
}

/// By then its receipt may read "failed", and its sender may have sent the link by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_turn_comes_too_late_is_not_tried() {
    let (sink, world) = with(Rules::default(), Timing { give_up: Duration::ZERO, ..timing() });
    let made = world.share(terms()).await;
    assert_eq!(world.end_of(&made).await, MailState::Failed);
    assert_eq!(sink.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_arrive_once_each_over_few_connections() {
    let rules =
        Rules { faults: vec![Some(Fault::new(Stage::Data, Act::Say("451 not now"))); 3], ..Rules::default() };
    let (sink, world) = with(rules, timing());
    let mut made = Vec::new();
    for _ in 0..100 {
        made.push(world.share(terms()).await);
    }
    for metadata in &made {
        assert_eq!(world.end_of(metadata).await, MailState::Sent);
    }
    assert_eq!(sink.mails().len(), 100);
    assert!(sink.connections() <= 3 + 4, "{} connections", sink.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_closed_meanwhile_costs_no_message() {
    // The first connection takes one message, and hangs up at the next one's sign of life.
    let (sink, world) = with(Rules { mails_each: Some(1), ..Rules::default() }, timing());
    for count in 1..=5 {
        let made = world.share(terms()).await;
        assert_eq!(world.end_of(&made).await, MailState::Sent);
        assert_eq!(sink.mails().len(), count);
    }
}

/// A message that was greylisted, and is not tried again before the spool closes.
async fn greylisted() -> (Sink, World, Metadata) {
    let faults = vec![Some(Fault::new(Stage::Recipient, Act::Say("451 greylisted")))];
    let later = Timing { retries: vec![Duration::from_secs(30)], ..timing() };
    let (sink, world) = with(Rules { faults, ..Rules::default() }, later);
    let made = world.share(terms()).await;
    sink.wait_for_connections(1);
    sink.wait_for_quiet();
    (sink, world, made)
}

/// The try that was to come later comes now, and finds that it is not wanted.
async fn is_not_sent((sink, world, made): (Sink, World, Metadata)) {
    world.spool.close(Duration::from_secs(60)).await;
    assert_eq!(world.told(&made).await, MailState::Failed);
    assert!(sink.mails().is_empty() && sink.connections() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_opens_nothing_any_more_is_not_sent() {
    let (sink, world, made) = greylisted().await;
    world.vault.burn(&made.metadata_key, None, ClientId::LOCAL).await.unwrap();
    is_not_sent((sink, world, made)).await;
}

/// As it does after an hour, of which a machine may have slept most.
#[tokio::test(flavor = "multi_thread")]
async fn what_its_receipt_calls_failed_is_not_sent() {
    let (sink, world, made) = greylisted().await;
    let id = world.vault.keyring().record_id(&made.link_key);
    world.vault.ports().store.note_mail(&id, MailState::Failed, made.created).await.unwrap();
    is_not_sent((sink, world, made)).await;
}
