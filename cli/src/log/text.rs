//! The log as text. Access lines, of which a busy server writes tens of thousands a
//! second, are written here, in a third of the time that it takes to write any event
//! in any colour.

use std::cell::RefCell;
use std::fmt::{self, Debug, Write};
use std::iter;

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use waxseal_server::config::ACCESS_TARGET;

/// Text without colours.
#[derive(Default)]
pub(super) struct Text(Format<Full>);

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        if metadata.target() != ACCESS_TARGET || writer.has_ansi_escapes() {
            return self.0.format_event(context, writer, event);
        }
        let mut line = String::with_capacity(USUAL);
        add_time(&mut line, Timestamp::now());
        let level = metadata.level().as_str();
        line.extend(iter::repeat_n(' ', 6 - level.len()));
        line.extend([level, " ", ACCESS_TARGET]);
        line.push(':');
        event.record(&mut Fields(&mut line));
        line.push('\n');
        writer.write_str(&line)
    }
}

/// Bytes of nearly every access line.
const USUAL: usize = 256;

thread_local! {
    /// The second of the thread's last line, in Unix seconds and as text: thousands of lines share it.
    static SECOND: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Adds a time, in microseconds, as any event's is written.
fn add_time(line: &mut String, time: Timestamp) {
    let (micros, million) = (time.as_microsecond(), 1_000_000);
    let this = micros.div_euclid(million);
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != this {
            *text = Timestamp::from_second(this).map_or_else(|_| String::new(), |second| second.to_string());
            *second = this;
        }
        line.push_str(text.trim_end_matches('Z'));
    });
    let mut fraction = itoa::Buffer::new();
    // The leading one keeps the zeros behind it, and gives its place to the point.
    line.push('.');
    line.push_str(&fraction.format(million + micros.rem_euclid(million))[1..]);
    line.push('Z');
}

/// Adds one field after another. A line takes all that is written.
struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(' ');
        if field.name() != "message" {
            self.0.push_str(field.name());
            self.0.push('=');
        }
    }
}

impl Visit for Fields<'_> {
    /// Most texts are words of ours, in which nothing is escaped.
    fn record_str(&mut self, field: &Field, value: &str) {
        if !value.bytes().fold(true, |all, byte| all & is_plain(byte)) {
            return self.record_debug(field, &value);
        }
        self.name(field);
        self.0.push('"');
        self.0.push_str(value);
        self.0.push('"');
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        self.0.push_str(itoa::Buffer::new().format(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        write!(self.0, "{value:?}").ok();
    }
}

/// Whether `Debug` shows it as it is. Without branches, so that many are looked at together.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::logged;

    /// What stands behind the time.
    fn said(say: impl FnOnce()) -> String {
        let line = logged("text", "info", true, say);
        let (time, rest) = line.split_once("Z ").unwrap();
        assert_eq!(time.len(), "2026-11-23T00:00:00.000000".len());
        rest.to_owned()
    }

    #[test]
    fn a_time_has_six_digits_behind_its_second() {
        let written = |micros| {
            let mut line = String::new();
            add_time(&mut line, Timestamp::from_microsecond(micros).unwrap());
            line
        };
        for (micros, text) in [
            (1_795_910_400_000_000, "2026-11-29T00:00:00.000000Z"),
            (1_795_910_400_000_007, "2026-11-29T00:00:00.000007Z"),
            (1_795_910_399_999_999, "2026-11-28T23:59:59.999999Z"),
            (1_795_910_400_120_000, "2026-11-29T00:00:00.120000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (-500_000, "1969-12-31T23:59:59.500000Z"),
        ] {
            assert_eq!(written(micros), text);
        }
    }

    #[test]
    fn an_access_line_is_what_any_event_would_be() {
        for id in ["a\"b", "plain 'words'", "", "\\", "caf\u{e9}\n"] {
            let access =
                said(|| tracing::info!(target: "waxseal::access", request = id, status = 200, "answered"));
            let other =
                said(|| tracing::info!(target: "waxseal::others", request = id, status = 200, "answered"));
            assert_eq!(access, format!(" INFO waxseal::access: answered request={id:?} status=200\n"));
            assert_eq!(access.replace("access", "others"), other);
        }
    }
}
