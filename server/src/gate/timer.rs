//! A clock that runs while something is waited for.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    Head,
    Idle,
    Stall,
    Linger,
}

/// Stopped, or running for one wait.
#[derive(Default, Debug)]
pub(super) struct Timer(Option<(Of, Pin<Box<Sleep>>)>);

impl Timer {
    /// Whether `patience` is over since the wait of this kind began. It begins with
    /// the first call. While it is not over, the task is woken when it will be.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>, of: Of, patience: Duration) -> bool {
        if self.0.as_ref().is_none_or(|(running, _)| *running != of) {
            self.0 = Some((of, Box::pin(sleep(patience))));
        }
        self.0.as_mut().is_some_and(|(_, sleep)| sleep.as_mut().poll(cx).is_ready())
    }

    pub(super) fn stop(&mut self) {
        self.0 = None;
    }
}
