//! Races: many tasks that start at one moment, and futures that are dropped on the way.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many tasks race.
pub const RACERS: usize = 64;

/// Starts [`RACERS`] tasks, lets all of them go at once, and answers what each brought back.
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
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (barrier, run) = (barrier.clone(), racer(n));
        racers.spawn(async move {
            barrier.wait().await;
            run.await
        });
    }
    racers.join_all().await
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
