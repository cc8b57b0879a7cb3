//! How long everything may take.

use std::time::Duration;

/// How long a message may take, and its steps. The defaults keep to one bound: a
/// message is sent within [`waxseal_core::store::MAIL_PATIENCE`] of its queueing, or
/// never, for from then on its receipt reads "failed".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timing {
    /// How long to wait after each failure; the last one is kept to.
    pub retries: Vec<Duration>,
    /// No try begins later than this after the queueing.
    pub give_up: Duration,
    /// To connect, greet, encrypt and sign in, all together.
    pub connect: Duration,
    /// For each answer before the content is sent.
    pub command: Duration,
    /// For the answer to the content. Giving up on it means never to know.
    pub answer: Duration,
    /// How long a connection is kept for the next message.
    pub idle: Duration,
    /// For noting what became of a message, when a store does not answer.
    pub note: Duration,
}

impl Default for Timing {
    /// Greylisting lets a message pass after one minute to fifteen, as a rule. The
    /// last try begins 50 minutes after the queueing, and takes 8 at most.
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            retries: [vec![Duration::from_secs(15)], [1, 2, 4, 8, 10].map(minutes).to_vec()].concat(),
            give_up: minutes(50),
            connect: minutes(1),
            command: minutes(1),
            answer: minutes(4),
            idle: Duration::from_secs(30),
            note: minutes(1),
        }
    }
}

impl Timing {
    /// How long to wait after so many failed tries.
    pub(crate) fn pause(&self, tries: usize) -> Duration {
        let last = self.retries.len().saturating_sub(1);
        self.retries.get(tries.saturating_sub(1).min(last)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_core::store::MAIL_PATIENCE;

    #[test]
    fn a_message_is_sent_within_the_hour_or_never() {
        let timing = Timing::default();
        let longest = timing.connect + 3 * timing.command + timing.answer;
        assert!(timing.give_up + longest < Duration::from_secs(MAIL_PATIENCE.secs()));
    }

    #[test]
    fn greylisting_gets_several_tries_of_the_usual_lengths() {
        let timing = Timing::default();
        let tries = (1..).scan(Duration::ZERO, |at, tries| {
            *at += timing.pause(tries);
            Some(*at)
        });
        let minutes: Vec<f64> =
            tries.take_while(|at| *at <= timing.give_up).map(|at| at.as_secs_f64() / 60.0).collect();
        assert_eq!(minutes, [0.25, 1.25, 3.25, 7.25, 15.25, 25.25, 35.25, 45.25]);
    }
}
