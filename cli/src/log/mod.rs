//! The log: on standard error, as the configuration says.

mod lines;
mod text;

use std::io::{self, IsTerminal, Stderr};

use anyhow::{Context, anyhow};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};
use waxseal_server::config::{ACCESS_TARGET, Log, LogFormat};

use crate::exit::Failure;
use lines::Lines;
use text::Text;

/// What waits to be written when the program ends. Writes it when dropped.
#[must_use = "what waits is lost with it"]
pub(crate) struct Ending(Lines<Stderr>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Logs from here on, what other libraries say among it.
pub(crate) fn start(log: &Log) -> Result<Ending, Failure> {
    let lines = Lines::to(io::stderr()).context("cannot log").map_err(Failure::other)?;
    let begun = subscriber(log, lines.clone(), io::stderr().is_terminal()).try_init();
    begun.map_err(|error| Failure::other(anyhow!("cannot log: {error}")))?;
    Ok(Ending(lines))
}

fn subscriber<W>(log: &Log, writer: W, colours: bool) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    let layer = match log.format {
        LogFormat::Text => layer.with_ansi(colours).event_format(Text::default()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(targets(log)))
}

/// What is let through. At debug and trace, libraries print request heads: they
/// are never heard beyond info.
fn targets(log: &Log) -> Targets {
    let targets = Targets::new().with_default(log.levels.others()).with_targets(log.levels.parts());
    if log.access { targets } else { targets.with_target(ACCESS_TARGET, LevelFilter::OFF) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `say` leaves in the log.
    pub(crate) fn logged(format: &str, levels: &str, access: bool, say: impl FnOnce()) -> String {
        let kept = Kept::default();
        let log = Log { format: format.parse().unwrap(), levels: levels.parse().unwrap(), access };
        let writer = kept.clone();
        let subscriber = subscriber(&log, move || writer.clone(), false);
        tracing::subscriber::with_default(subscriber, say);
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn at_trace_only_our_own_parts_are_heard_beyond_info() {
        let said = logged("text", "trace", true, || {
            tracing::trace!(target: "hyper::proto", "a head");
            tracing::debug!(target: "rustls", "a hello");
            tracing::info!(target: "hyper", "a start");
            tracing::trace!(target: "waxseal_server::connection", "ours");
        });
        assert!(!said.contains("a head") && !said.contains("a hello"), "{said}");
        assert!(said.contains("a start") && said.contains("ours"), "{said}");
    }

    #[test]
    fn a_part_may_have_a_level_of_its_own() {
        let said = logged("text", "warn,waxseal_sqlite=debug", true, || {
            tracing::debug!(target: "waxseal_sqlite::engine", "deep");
            tracing::info!(target: "waxseal_server", "plain");
            tracing::info!(target: "hyper", "foreign");
        });
        assert!(said.contains("deep") && said.lines().count() == 1, "{said}");
    }

    #[test]
    fn access_lines_can_be_switched_off() {
        let say = || {
            tracing::info!(target: ACCESS_TARGET, "answered");
            tracing::error!(target: "waxseal_server::exchange", "failed");
        };
        assert_eq!(logged("text", "info", true, say).lines().count(), 2);
        assert!(!logged("text", "trace", false, say).contains("answered"));
    }

    #[test]
    fn in_json_every_line_is_an_object() {
        let said =
            logged("json", "info", true, || tracing::info!(request = "a\"b", status = 200, "answered"));
        let line: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&line["request"], &line["status"]), (&"a\"b".into(), &200.into()));
        assert_eq!((&line["message"], &line["level"]), (&"answered".into(), &"INFO".into()));
    }
}
