//! A handler that panics costs one answer, not every client of its connection.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// What `work` makes; `None` if it panicked. What it shares with others must bear
/// that, as everything in an [`App`](crate::App) does: locks outlive a panic.
///
/// The work lies in a box of its own: hyper keeps a place for each connection's
/// answering, used or not, and thousands of connections are idle.
pub(crate) fn caught<T>(work: impl Future<Output = T>) -> impl Future<Output = Option<T>> {
    let mut work = Box::pin(work);
    poll_fn(move |cx| {
        catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)))
            .map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
}
