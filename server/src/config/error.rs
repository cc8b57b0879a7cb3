//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::path::{Path, PathBuf};

/// Names further from what was written than this share of their length are no
/// suggestion but noise. Jaro-Winkler, 0 to 1.
const LIKENESS: f64 = 0.75;

/// Why there is no configuration. Holds no value of a secret setting.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: cannot read the configuration", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file says something that is no configuration.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// An environment variable says something that is no configuration.
    #[error("{variable}: {message}")]
    Environment {
        /// The variable's name.
        variable: &'static str,
        /// What is wrong and what is allowed.
        message: String,
    },
}

impl ConfigError {
    pub(super) fn in_file(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = &text.as_bytes()[..start];
        let line = before.iter().filter(|byte| **byte == b'\n').count();
        let message = match (suggestion(error.message()), setting(text.lines().nth(line))) {
            (Some(suggestion), _) => suggestion,
            (None, Some(setting)) => format!("{setting}: {}", one_line(error.message())),
            (None, None) => one_line(error.message()),
        };
        Self::Invalid { path: path.to_owned(), line: line + 1, message }
    }

    pub(super) fn in_variable(variable: &'static str, message: impl fmt::Display) -> Self {
        Self::Environment { variable, message: message.to_string() }
    }
}

/// Makes serde's "unknown field `a`, expected one of `b`, `c`" a suggestion.
/// Serde names the candidates nowhere but in this text.
fn suggestion(message: &str) -> Option<String> {
    let what = match message.split('`').next()? {
        "unknown field " => "unknown setting",
        "unknown variant " => "unknown value",
        _ => return None,
    };
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    Some(match nearest(written, &known) {
        Some(meant) => format!("{what} `{written}`; did you mean `{meant}`?"),
        None => format!("{what} `{written}`; known here: {}", known.join(", ")),
    })
}

/// The name that a line sets. Never the rest of the line, which may be a password.
fn setting(line: Option<&str>) -> Option<&str> {
    let (name, _) = line?.split_once('=')?;
    let name = name.trim();
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().all(is_bare).then_some(name)
}

fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

fn nearest<'a>(written: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&written.to_lowercase(), name);
    known
        .iter()
        .map(|name| (likeness(name), *name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_gets_the_nearest_known_one() {
        let known = ["listen", "store", "key_file", "trusted_proxies"];
        assert_eq!(nearest("lisen", &known), Some("listen"));
        assert_eq!(nearest("keyfile", &known), Some("key_file"));
        assert_eq!(nearest("Trusted-Proxies", &known), Some("trusted_proxies"));
        assert_eq!(nearest("colour", &known), None);
    }

    #[test]
    fn where_nothing_is_near_all_are_named() {
        assert_eq!(suggestion("invalid type: `x`"), None);
        assert_eq!(
            suggestion("unknown field `colour`, expected `a` or `b`").as_deref(),
            Some("unknown setting `colour`; known here: a, b")
        );
    }
}
