//! Lines on their way to standard error, many in one write: a write for each would
//! cost a busy server a tenth of its time. None is older than [`DELAY`] when it is
//! written, and a warning never waits.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line may wait for others.
const DELAY: Duration = Duration::from_millis(100);
/// Bytes that may wait.
const MOST: usize = 32 * 1024;

/// Where lines gather before they are written to `W`.
pub(super) struct Lines<W: Write>(Arc<Shared<W>>);

struct Shared<W> {
    gathered: Mutex<Gathered<W>>,
    /// Told of the first line that waits.
    waits: Condvar,
}

struct Gathered<W> {
    lines: Vec<u8>,
    out: W,
}

/// The one way to [`Lines`] for one event.
pub(super) struct Line<'a, W> {
    shared: &'a Shared<W>,
    waits: bool,
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Writes to `out`, from a thread of its own what nobody else wrote in time.
    pub(super) fn to(out: W) -> io::Result<Self> {
        let gathered = Mutex::new(Gathered { lines: Vec::new(), out });
        let shared = Arc::new(Shared { gathered, waits: Condvar::new() });
        let theirs = shared.clone();
        thread::Builder::new().name("waxseal-log".to_owned()).spawn(move || write_in_time(&theirs))?;
        Ok(Self(shared))
    }
}

impl<W: Write> Lines<W> {
    /// Writes what waits.
    pub(super) fn flush(&self) {
        self.0.gathered().write();
    }
}

impl<W: Write> Clone for Lines<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<'a, W: Write + 'static> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Line<'a, W> {
        Line { shared: &self.0, waits: false }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a, W> {
        Line { shared: &self.0, waits: *of.level() > Level::WARN }
    }
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut gathered = self.shared.gathered();
        let first = gathered.lines.is_empty();
        gathered.lines.extend_from_slice(line);
        if !self.waits || gathered.lines.len() >= MOST {
            gathered.write();
        } else if first {
            self.shared.waits.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W> Shared<W> {
    fn gathered(&self) -> MutexGuard<'_, Gathered<W>> {
        // A panic while it is held leaves at worst a line that is cut short.
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> Gathered<W> {
    fn write(&mut self) {
        // Nobody is there to be told that the log can't be written.
        self.out.write_all(&self.lines).ok();
        self.lines.clear();
    }
}

fn write_in_time<W: Write>(shared: &Shared<W>) {
    loop {
        let waiting = shared.waits.wait_while(shared.gathered(), |gathered| gathered.lines.is_empty());
        drop(waiting);
        thread::sleep(DELAY);
        shared.gathered().write();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Tells each write.
    struct Told(Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An empty write writes nothing.
            if !bytes.is_empty() {
                self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).ok();
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines() -> (Lines<Told>, Receiver<String>) {
        let (told, writes) = channel();
        (Lines::to(Told(told)).unwrap(), writes)
    }

    fn say(lines: &Lines<Told>, waits: bool, line: &str) {
        Line { shared: &lines.0, waits }.write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn a_line_that_waits_is_written_without_further_ado() {
        let (lines, writes) = lines();
        say(&lines, true, "one\n");
        assert_eq!(writes.recv().unwrap(), "one\n");
        say(&lines, true, "two\n");
        assert_eq!(writes.recv().unwrap(), "two\n");
    }

    #[test]
    fn a_warning_takes_along_what_waits_before_it() {
        let (lines, writes) = lines();
        let held = lines.clone();
        say(&lines, true, "first\n");
        say(&lines, false, "warning\n");
        say(&held, true, "last\n");
        held.flush();
        let mut said = String::new();
        while said.lines().count() < 3 {
            said += &writes.recv().unwrap();
        }
        assert_eq!(said, "first\nwarning\nlast\n");
    }

    #[test]
    fn no_more_waits_than_may() {
        let (lines, writes) = lines();
        let line = "x".repeat(MOST);
        say(&lines, true, &line);
        assert_eq!(writes.recv().unwrap(), line);
    }
}
