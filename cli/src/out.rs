//! Standard output: what was asked for, and nothing else. Words about it go to
//! standard error.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::Context;

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
