//! How far long work is: a bar on standard error, if that is a terminal and the work
//! takes longer than a second. Nothing otherwise.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How long work may take without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that may come. Gone when dropped.
pub(crate) struct Progress {
    what: &'static str,
    begun: Instant,
    is_seen: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For work that `what` names.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, begun: Instant::now(), is_seen: io::stderr().is_terminal(), bar: None }
    }

    /// `done` of about `all` is done; of nobody knows how much, if `all` is 0.
    pub(crate) fn tell(&mut self, done: u64, all: u64) {
        if !self.is_seen || self.begun.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| bar(self.what, all));
        // More may come than was there at the start.
        bar.set_length(all.max(done));
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn bar(what: &'static str, all: u64) -> ProgressBar {
    let shown = if all == 0 { "{msg} {human_pos}" } else { "{msg} [{bar:30}] {percent}% {eta} left" };
    let style = ProgressStyle::with_template(shown).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(all).with_style(style).with_message(what)
}
