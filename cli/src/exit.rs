//! How the program ends: exit codes, and what is said with them.

use std::fmt;
use std::process::ExitCode;

use anyhow::Error;

/// An end other than success. The numbers are those of BSD's sysexits.h, where
/// it has one; 2 is what argument parsers use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Code {
    Failure = 1,
    Usage = 2,
    Unknown = 3,
    Passphrase = 4,
    Limited = 5,
    Damaged = 65,
    Unavailable = 69,
    NotAuthorized = 77,
    Config = 78,
}

/// Why the program can't do what it was asked to, for a person to read.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    error: Error,
}

impl Failure {
    /// Asked for something that can't be asked for.
    pub(crate) fn usage(error: impl Into<Error>) -> Self {
        Self { code: Code::Usage, error: error.into() }
    }

    /// The store can't be opened, read or written.
    pub(crate) fn store(error: impl Into<Error>) -> Self {
        Self { code: Code::Unavailable, error: error.into() }
    }

    /// What is stored does not fit together.
    pub(crate) fn damaged(error: impl Into<Error>) -> Self {
        Self { code: Code::Damaged, error: error.into() }
    }

    /// The configuration or the key file will not do.
    pub(crate) fn config(error: impl Into<Error>) -> Self {
        Self { code: Code::Config, error: error.into() }
    }

    /// A server can't be reached, or can't at present.
    pub(crate) fn unreachable(error: impl Into<Error>) -> Self {
        Self { code: Code::Unavailable, error: error.into() }
    }

    /// A secret is unknown, has ended or was opened.
    pub(crate) fn unknown(error: impl Into<Error>) -> Self {
        Self { code: Code::Unknown, error: error.into() }
    }

    /// A passphrase is wrong or missing.
    pub(crate) fn passphrase(error: impl Into<Error>) -> Self {
        Self { code: Code::Passphrase, error: error.into() }
    }

    /// A server takes no more, or not as much.
    pub(crate) fn limited(error: impl Into<Error>) -> Self {
        Self { code: Code::Limited, error: error.into() }
    }

    /// A server does not know the credentials.
    pub(crate) fn not_authorized(error: impl Into<Error>) -> Self {
        Self { code: Code::NotAuthorized, error: error.into() }
    }

    /// Anything else.
    pub(crate) fn other(error: impl Into<Error>) -> Self {
        Self { code: Code::Failure, error: error.into() }
    }

    /// The same, said of what was typed.
    pub(crate) fn into_usage(self) -> Self {
        Self { code: Code::Usage, ..self }
    }

    /// The code, for the system.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            // Many errors say their cause themselves.
            if !said.contains(&cause) {
                said = format!("{said}: {cause}");
            }
        }
        write!(f, "waxseal: {said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_cause_is_said_once() {
        let error = Error::msg("no room").context("cannot write x: no room");
        assert_eq!(Failure::other(error).to_string(), "waxseal: cannot write x: no room");
        let error = Err::<(), _>(Error::msg("no room")).context("cannot write x");
        assert_eq!(Failure::other(error.unwrap_err()).to_string(), "waxseal: cannot write x: no room");
    }
}
