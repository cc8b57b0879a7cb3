//! Why a server did not do it. Its status is 404 for nearly everything, so its words count.

use std::fmt;

/// What a refusal means, as far as servers tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Unknown, ended or already opened; or, to a reveal, a wrong or missing passphrase.
    Unknown,
    /// The passphrase is wrong or missing.
    Passphrase,
    /// The credentials are wrong, or there are none where they are needed.
    NotAuthorized,
    /// Too much or too often.
    Limited {
        /// The server's words.
        message: String,
        /// Seconds until it may be tried again, where the server says it.
        retry_after: Option<u64>,
    },
    /// The server can't at present.
    Unavailable {
        /// The server's words.
        message: String,
        /// Seconds until it may be tried again, where the server says it.
        retry_after: Option<u64>,
    },
    /// Anything else, such as an unknown domain.
    Other {
        /// The server's words.
        message: String,
    },
}

impl Refusal {
    /// What `status` and `message` mean. `intended` is the status that newer servers say
    /// they mean by 404.
    pub(crate) fn of(status: u16, intended: Option<u16>, message: &str, retry_after: Option<u64>) -> Self {
        let message = clean(message);
        let lower = message.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match intended.unwrap_or(status) {
            429 | 413 => Self::Limited { message, retry_after },
            _ if says(&["rate limit", "exceeds the maximum"]) => Self::Limited { message, retry_after },
            401 => Self::NotAuthorized,
            _ if says(&["not authorized"]) => Self::NotAuthorized,
            500.. => Self::Unavailable { message, retry_after },
            _ if says(&["check that passphrase", "incorrect passphrase"]) => Self::Passphrase,
            _ if says(&["unknown secret"]) || lower == "not found" => Self::Unknown,
            _ => Self::Other { message },
        }
    }
}

/// Words of a stranger's, for a terminal: no control characters, and not without end.
pub(crate) fn clean(message: &str) -> String {
    const ENOUGH: usize = 300;
    message.chars().filter(|c| !c.is_control()).take(ENOUGH).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown, ended or already opened"),
            Self::Passphrase => f.write_str("the passphrase is wrong or missing"),
            Self::NotAuthorized => f.write_str("not authorized"),
            Self::Limited { message, retry_after } | Self::Unavailable { message, retry_after } => {
                write!(f, "the server says: {message}")?;
                retry_after.map_or(Ok(()), |secs| write!(f, " (try again in {secs} s)"))
            }
            Self::Other { message } => write!(f, "the server says: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_age_are_understood() {
        let of = |message| Refusal::of(404, None, message, None);
        let limited = |message: &str| Refusal::Limited { message: message.to_owned(), retry_after: None };
        for (message, meant) in [
            ("Unknown secret", Refusal::Unknown),
            ("Not Found", Refusal::Unknown),
            ("Not authorized", Refusal::NotAuthorized),
            ("Double check that passphrase", Refusal::Passphrase),
            ("Incorrect passphrase", Refusal::Passphrase),
            ("Cripes! You have been rate limited.", limited("Cripes! You have been rate limited.")),
            (
                "Rate limit exceeded. Please try again later.",
                limited("Rate limit exceeded. Please try again later."),
            ),
            ("Unknown domain: x", Refusal::Other { message: "Unknown domain: x".to_owned() }),
        ] {
            assert_eq!(of(message), meant);
        }
        assert_eq!(Refusal::of(404, Some(401), "?", None), Refusal::NotAuthorized);
        assert!(matches!(Refusal::of(404, Some(429), "?", Some(3)), Refusal::Limited { .. }));
        assert!(matches!(Refusal::of(503, None, "Unknown", None), Refusal::Unavailable { .. }));
    }

    #[test]
    fn a_strangers_words_cannot_steer_a_terminal() {
        let said = Refusal::of(404, None, &format!("\u{1b}[2J{}", "x".repeat(1000)), None).to_string();
        assert!(!said.contains('\u{1b}') && said.len() < 400, "{said}");
    }
}
