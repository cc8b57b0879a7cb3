//! A handler that panics costs one answer, and tells nobody what it held.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::pin::pin;
use std::task::Poll;

/// From now on a panic is logged with its place in the code and without its
/// payload, which may quote what was being handled. For the whole process.
pub fn hide_panic_payloads() {
    set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
}

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
