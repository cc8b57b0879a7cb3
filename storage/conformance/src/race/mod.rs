//! Races: many tasks that start at one moment, futures that are dropped on the way, and
//! races by the thousand, over several stores or processes too.
//!
//! The laws race [`RACERS`] tasks a few hundred times. A store that is right nearly always
//! passes that: [`race_often`] counts what came of as many [`Round`]s of races as one wants,
//! and [`Processes`] lets them be run by processes that share nothing but the store.

mod processes;
mod round;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Barrier;

pub use processes::{Processes, STORE, serve};
pub use round::{Contest, Outcome, Round, Tally, race_often, wanted};

/// How many tasks race.
pub const RACERS: usize = 64;

/// Starts [`RACERS`] tasks, lets all of them go at once, and answers what each brought back,
/// in the racers' order.
///
/// # Panics
/// If a racer does.
pub async fn race<F, Run, T>(racer: F) -> Vec<T>
where
    F: Fn(usize) -> Run,
    Run: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let barrier = Arc::new(Barrier::new(RACERS));
    let racers: Vec<_> = (0..RACERS)
        .map(|n| {
            let (barrier, run) = (barrier.clone(), racer(n));
            tokio::spawn(async move {
                barrier.wait().await;
                run.await
            })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(RACERS);
    for running in racers {
        outcomes.push(running.await.expect("a racer that panics breaches the law it runs for"));
    }
    outcomes
}

/// Polls a future so many times at most, then drops it: what a closed connection
/// does to a handler. Answers the outcome if it came in time.
pub async fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
