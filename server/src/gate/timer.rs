//! A clock that runs while something is waited for.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    Head,
    Idle,
    Body,
    Stall,
    Linger,
}

/// Stopped, or running for one wait.
///
/// The alarm behind it is not put back for every wait, which would cost each request
/// a lock that all share: it rings at the end of an earlier wait, and is set anew then.
#[derive(Default, Debug)]
pub(super) struct Timer {
    wait: Option<(Of, Instant)>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// Whether `patience` is over since the wait of this kind began. It begins with
    /// the first call. While it is not over, the task is woken when it will be.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>, of: Of, patience: Duration) -> bool {
        let (_, end) = match self.wait {
            Some(wait) if wait.0 == of => wait,
            _ => *self.wait.insert((of, Instant::now() + patience)),
        };
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        if end < alarm.deadline() {
            alarm.as_mut().reset(end);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if alarm.deadline() >= end {
                return true;
            }
            alarm.as_mut().reset(end);
        }
        false
    }

    pub(super) fn stop(&mut self) {
        self.wait = None;
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::time::sleep;

    use super::*;

    /// How many seconds a wait takes.
    async fn waited(timer: &mut Timer, of: Of, patience: u64) -> u64 {
        let (start, patience) = (Instant::now(), Duration::from_secs(patience));
        poll_fn(|cx| if timer.is_over(cx, of, patience) { Poll::Ready(()) } else { Poll::Pending }).await;
        timer.stop();
        start.elapsed().as_secs()
    }

    /// Begins a wait, and gives it up after so many seconds.
    async fn given_up(timer: &mut Timer, of: Of, patience: u64, after: u64) {
        let wait = waited(timer, of, patience);
        assert!(tokio::time::timeout(Duration::from_secs(after), wait).await.is_err());
        timer.stop();
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_takes_its_time_whatever_alarm_was_set_before() {
        let mut timer = Timer::default();
        given_up(&mut timer, Of::Idle, 60, 10).await;
        assert_eq!(waited(&mut timer, Of::Head, 10).await, 10, "an alarm that is late is put forward");
        given_up(&mut timer, Of::Head, 10, 3).await;
        assert_eq!(waited(&mut timer, Of::Idle, 60).await, 60, "one that rings early is set anew");
        given_up(&mut timer, Of::Head, 10, 3).await;
        sleep(Duration::from_secs(100)).await;
        assert_eq!(waited(&mut timer, Of::Idle, 60).await, 60, "so is one that rang unheard");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_goes_on_until_it_is_stopped_or_another_begins() {
        let mut timer = Timer::default();
        let patience = Duration::from_secs(10);
        let mut over = async |of| poll_fn(|cx| Poll::Ready(timer.is_over(cx, of, patience))).await;
        assert!(!over(Of::Head).await);
        sleep(Duration::from_secs(6)).await;
        assert!(!over(Of::Head).await);
        sleep(Duration::from_secs(6)).await;
        assert!(over(Of::Head).await);
        assert!(!over(Of::Body).await);
    }
}
