//! What is logged, and in which form.

use std::fmt;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use super::value::{BadValue, bad};

/// What our own crates' targets begin with.
const OUR_TARGETS: &str = "waxseal";
/// The target of the access lines.
pub const ACCESS_TARGET: &str = "waxseal::access";

/// What is logged, and in which form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
    /// How much is logged.
    pub levels: LogLevels,
    /// Whether every request gets a line, at level info.
    pub access: bool,
}

/// How a line of the log is written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl LogFormat {
    /// As it stands in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl FromStr for LogFormat {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => bad(format!("`{text}` is no format of the log; allowed: text, json")),
        }
    }
}

/// How much is logged: a level for all, and levels for parts of the program, as
/// in `info,waxseal_sqlite=debug`.
///
/// Beyond `info` only our own parts can be heard: other libraries print request
/// heads there, and with them what is secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLevels {
    all: LevelFilter,
    parts: Vec<(String, LevelFilter)>,
}

impl Default for LogLevels {
    fn default() -> Self {
        Self { all: LevelFilter::INFO, parts: Vec::new() }
    }
}

impl LogLevels {
    /// The level of other libraries: never beyond info.
    #[must_use]
    pub fn others(&self) -> LevelFilter {
        self.all.min(LevelFilter::INFO)
    }

    /// Levels by the beginning of the target, those of `waxseal` among them.
    pub fn parts(&self) -> impl Iterator<Item = (&str, LevelFilter)> {
        let named = self.parts.iter().map(|(target, level)| (target.as_str(), *level));
        [(OUR_TARGETS, self.all)].into_iter().chain(named)
    }

    fn add(&mut self, directive: &str) -> Result<(), BadValue> {
        let Some((target, written)) = directive.split_once('=') else {
            self.all = level(directive)?;
            return Ok(());
        };
        let level = level(written)?;
        if !is_target(target) {
            return bad(format!("`{target}` is no part of a program; {ALLOWED}"));
        }
        if level > LevelFilter::INFO && !is_ours(target) {
            return bad(format!(
                "`{directive}`: beyond info only waxseal's own parts can be heard, such as waxseal_server or \
                 waxseal_sqlite; other libraries would print what is secret"
            ));
        }
        self.parts.push((target.to_owned(), level));
        Ok(())
    }
}

const ALLOWED: &str =
    "allowed: off, error, warn, info, debug, trace, and PART=LEVEL for a part of it, with commas between";

fn level(text: &str) -> Result<LevelFilter, BadValue> {
    let named = ["off", "error", "warn", "info", "debug", "trace"].contains(&text.to_lowercase().as_str());
    match text.parse() {
        Ok(level) if named => Ok(level),
        _ => bad(format!("`{text}` is no level of the log; {ALLOWED}")),
    }
}

fn is_target(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte))
}

/// Whether what begins like this is a crate of ours, or within one.
fn is_ours(target: &str) -> bool {
    let rest = target.strip_prefix(OUR_TARGETS);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', ':']))
}

impl FromStr for LogLevels {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let mut levels = Self::default();
        text.split(',').try_for_each(|directive| levels.add(directive.trim()))?;
        Ok(levels)
    }
}

impl fmt::Display for LogLevels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.fmt(f)?;
        self.parts.iter().try_for_each(|(target, level)| write!(f, ",{target}={level}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(text: &str) -> LogLevels {
        text.parse().unwrap()
    }

    #[test]
    fn others_are_never_heard_beyond_info() {
        for (text, others) in
            [("trace", "info"), ("debug", "info"), ("info", "info"), ("warn", "warn"), ("off", "off")]
        {
            assert_eq!(levels(text).others().to_string(), others);
        }
        for refused in ["hyper=debug", "info,tokio=trace", "waxsealed=debug", "waxseal-x=trace"] {
            let refusal = refused.parse::<LogLevels>().unwrap_err().to_string();
            assert!(refusal.contains("only waxseal's own parts"), "{refusal}");
        }
        assert!(
            "hyper=error,waxseal=trace,waxseal_server=debug,waxseal::access=trace"
                .parse::<LogLevels>()
                .is_ok()
        );
    }

    #[test]
    fn levels_are_written_as_they_are_read() {
        for text in ["info", "warn,waxseal_sqlite=debug", "trace,hyper=off"] {
            assert_eq!(levels(text).to_string(), text);
        }
        assert_eq!(levels("waxseal_sqlite=debug").to_string(), "info,waxseal_sqlite=debug");
        for none in
            ["", "inf", "3", "info,", "a=b=c", "=info", "waxseal_server", "a b=info", "waxseal[span]=info"]
        {
            assert!(none.parse::<LogLevels>().is_err(), "{none}");
        }
    }
}
