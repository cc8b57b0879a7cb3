//! Questions before what can't be undone.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, anyhow};

use crate::exit::Failure;
use crate::out;

/// Says what `doing` brings with it, and goes on if `--yes` was said or a person
/// agrees. Where nobody can be asked, `--yes` must be said.
///
/// # Errors
/// The refusal, if it was not agreed to.
pub(crate) fn confirm(yes: bool, warning: &str, doing: &str) -> Result<(), Failure> {
    out::remark(warning);
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(anyhow!("nobody is here to ask; say --yes to {doing}")));
    }
    if agreed(doing).context("cannot ask").map_err(Failure::other)? {
        Ok(())
    } else {
        Err(Failure::other(anyhow!("nothing was changed")))
    }
}

fn agreed(doing: &str) -> io::Result<bool> {
    write!(io::stderr(), "Go on, and {doing}? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
