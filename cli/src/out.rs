//! Standard output: what was asked for, and nothing else. Words about it go to
//! standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use serde::Serialize;

use crate::exit::Failure;

/// Prints a line at once, so that whoever waits for it goes on.
pub(crate) fn line(line: impl Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let printed = writeln!(out, "{line}").and_then(|()| out.flush());
    printed.context("cannot write to standard output").map_err(Failure::other)
}

/// Says a line about what is going on. Nobody may be listening.
pub(crate) fn remark(line: impl Display) {
    writeln!(io::stderr(), "{line}").ok();
}

/// Prints one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    line(serde_json::to_string(value).map_err(Failure::other)?)
}

/// A time in Unix seconds, for a person.
pub(crate) fn date(secs: u64) -> String {
    // Beyond the year 9999, which the format can't write.
    const LAST: u64 = 253_402_300_799;
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs.min(LAST)))
}
