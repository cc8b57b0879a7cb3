//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;
use std::path::{Path, PathBuf};

use super::names::place_of;

/// Names further from what was written than this share of their length are no
/// suggestion but noise. Jaro-Winkler, 0 to 1.
const LIKENESS: f64 = 0.75;

/// One thing that is wrong with a configuration. Holds no value of a secret setting.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: cannot read the configuration: {source}", path.display())]
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
        variable: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

impl ConfigError {
    pub(super) fn in_file(path: &Path, line: usize, message: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), line, message: message.into() }
    }

    pub(super) fn in_variable(variable: &str, message: impl fmt::Display) -> Self {
        Self::Environment { variable: variable.to_owned(), message: message.to_string() }
    }
}

/// Why there is no configuration: everything that is wrong with it, in the order
/// in which it was found. As text it is the first, and where to see the others.
#[derive(Debug)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `Err` if there are any.
    ///
    /// # Errors
    /// These errors.
    pub fn none_of(errors: Vec<ConfigError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    /// Each of them; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    /// These, then `further`.
    #[must_use]
    pub fn and(mut self, further: Self) -> Self {
        self.0.extend(further.0);
        self
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("nothing is wrong"),
            [only] => only.fmt(f),
            [first, further @ ..] => {
                write!(f, "{first}\n(and {} more; see them all with: waxseal config check)", further.len())
            }
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// Makes serde's "unknown field `a`, expected one of `b`, `c`" a suggestion.
/// Serde names the candidates nowhere but in this text.
pub(super) fn suggestion(message: &str) -> Option<String> {
    let what = match message.split('`').next()? {
        "unknown field " => "unknown setting",
        "unknown variant " => "unknown value",
        _ => return None,
    };
    let mut quoted = message.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    let known: Vec<&str> = quoted.collect();
    let place = place_of(written).filter(|_| what == "unknown setting");
    Some(match (place, nearest(written, &known)) {
        (Some(place), _) => format!("{what} here: {place}"),
        (None, Some(meant)) => format!("{what} `{written}`; did you mean `{meant}`?"),
        (None, None) => format!("{what} `{written}`; known here: {}", known.join(", ")),
    })
}

/// A message of the TOML reader on one line, in the words of whoever writes the file.
pub(super) fn plain(message: &str) -> String {
    const NO_VALUE: &str = "this is no value: write true or false, a number, or a text in quotes";
    const OPEN: &str = "the text does not end on its line: a closing quote is missing";
    const WORDS: [(&str, &str); 19] = [
        ("missing field", "missing setting"),
        (
            "invalid type: map, expected a sequence",
            "write its heading in double brackets, as in [[site.domains]]",
        ),
        ("expected a sequence", "expected an array, such as [\"a\", \"b\"]"),
        ("expected a map", "expected a table"),
        ("expected path string", "expected a string"),
        ("integer number overflowed", "the number is far too large"),
        ("` as i128,", "`,"),
        ("duplicate key", "this stands here for the second time (duplicate key)"),
        ("string values must be quoted, expected literal string", NO_VALUE),
        ("invalid float, expected nothing", NO_VALUE),
        ("invalid float, expected `inf`", NO_VALUE),
        ("invalid float, expected `nan`", NO_VALUE),
        ("invalid boolean, expected `true`", NO_VALUE),
        ("invalid boolean, expected `false`", NO_VALUE),
        ("invalid basic string, expected `\"`", OPEN),
        ("invalid literal string, expected `'`", OPEN),
        (
            "missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, `u`, `U`",
            "in double quotes a backslash begins an escape: write \\\\, or put the text into single quotes",
        ),
        (
            "unexpected key or value, expected newline, `#`",
            "nothing may follow the value on its line but a comment, which begins with #",
        ),
        ("key with no value, expected `=`", "this is no setting: write NAME = VALUE"),
    ];
    let one_line = without_url(message).lines().map(str::trim).collect::<Vec<_>>().join("; ");
    WORDS.iter().fold(one_line, |message, (theirs, ours)| message.replace(theirs, ours))
}

/// A URL that stands where another kind of value must may hold a password.
fn without_url(message: &str) -> String {
    const TEXT: &str = "invalid type: string";
    let written = message.strip_prefix(TEXT).and_then(|rest| rest.rsplit_once("\", expected "));
    written
        .filter(|(text, _)| text.contains("://"))
        .map_or_else(|| message.to_owned(), |(_, expected)| format!("{TEXT}, expected {expected}"))
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

    #[test]
    fn many_errors_are_one_and_a_way_to_the_others() {
        let error = |variable: &str| ConfigErrors::from(ConfigError::in_variable(variable, "no"));
        assert_eq!(error("A").to_string(), "A: no");
        let many = error("A").and(error("B")).and(error("C"));
        assert!(many.to_string().starts_with("A: no\n(and 2 more; "), "{many}");
        assert_eq!(many.iter().count(), 3);
    }
}
