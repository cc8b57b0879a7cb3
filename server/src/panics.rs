//! A handler that panics costs one answer, not every client of its connection.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What `work` makes; `None` if it panicked. What it shares with others must bear
/// that, as everything in an [`App`](crate::App) does: locks outlive a panic.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let polled = |cx: &mut std::task::Context<'_>| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))
            .map_or(Poll::Ready(None), |polled| polled.map(Some))
    };
    poll_fn(polled).await
}
