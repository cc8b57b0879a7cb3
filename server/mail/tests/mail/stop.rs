//! The spool's bounds: how much it takes, and how it ends.

use std::time::Duration;

use waxseal_core::store::MailState;
use waxseal_mail::{CAPACITY, Timing};
use waxseal_smtp_sink::{Act, Fault, Rules, Stage};

use crate::world::{terms, timing, with};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_room_it_takes_none_and_the_receipt_says_so() {
    let always = Some(Fault::new(Stage::Greeting, Act::Stall));
    let (sink, world) = with(Rules { always, ..Rules::default() }, timing());
    let mut queued = Vec::new();
    for _ in 0..CAPACITY {
        queued.push(world.share(terms()).await);
    }
    assert!(queued.iter().all(|made| made.mail == MailState::Queued));
    let beyond = world.share(terms()).await;
    assert_eq!((beyond.mail, world.told(&beyond).await), (MailState::Failed, MailState::Failed));

    world.spool.close(Duration::from_millis(100)).await;
    for made in &queued {
        assert_eq!(world.told(made).await, MailState::Failed, "none is left without an end");
    }
    assert!(sink.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_its_end_it_tries_once_more_what_waits() {
    let faults = vec![Some(Fault::new(Stage::Recipient, Act::Say("451 greylisted")))];
    let (sink, world) =
        with(Rules { faults, ..Rules::default() }, Timing { retries: vec![LONG / 2], ..timing() });
    let made = world.share(terms()).await;
    sink.wait_for_connections(1);
    sink.wait_for_quiet();
    assert_eq!(world.told(&made).await, MailState::Queued);
    world.spool.close(LONG).await;
    assert_eq!(world.told(&made).await, MailState::Sent);
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_once_more_at_the_end_has_failed() {
    let always = Some(Fault::new(Stage::Recipient, Act::Say("451 greylisted")));
    let (_sink, world) =
        with(Rules { always, ..Rules::default() }, Timing { retries: vec![LONG / 2], ..timing() });
    let made = world.share(terms()).await;
    world.spool.close(LONG).await;
    assert_eq!(world.told(&made).await, MailState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_it_has_ended_it_takes_none() {
    let (sink, world) = with(Rules::default(), timing());
    world.spool.close(LONG).await;
    assert_eq!(world.share(terms()).await.mail, MailState::Failed);
    assert_eq!(sink.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_nothing_comes_for_is_given_up() {
    let (sink, world) = with(Rules::default(), Timing { idle: Duration::from_millis(20), ..timing() });
    let made = world.share(terms()).await;
    assert_eq!(world.end_of(&made).await, MailState::Sent);
    sink.wait_for_quiet();
    assert!(sink.heard().ends_with("QUIT\n"), "it says goodbye");
}
