//! `waxseal doctor`: looks at everything that a deployment hangs on, and says how
//! to mend what is wrong. Makes and changes nothing, and sends no message.
//!
//! One file a check. Each answers what it found; this one asks them all and tells.

mod clock;
mod domains;
mod keys;
mod limits;
#[cfg(feature = "mail")]
mod mail;
mod public;
mod store;
mod web;

use anyhow::anyhow;
use serde::Serialize;
use waxseal_server::config::{Config, ConfigErrors};

use crate::args::Doctor;
use crate::config::Sources;
use crate::exit::Failure;
use crate::out;

/// Asks every check and tells what they found.
pub(crate) fn run(sources: Sources, command: &Doctor) -> Result<(), Failure> {
    let findings = match sources.load_or_all_errors() {
        Ok(config) => examine(&config)?,
        Err(errors) => misread(&errors),
    };
    let failed = findings.iter().filter(|finding| finding.level == Level::Failed).count();
    if command.json {
        out::json(&Report { healthy: failed == 0, findings: &findings })?;
    } else {
        findings.iter().try_for_each(Finding::print)?;
    }
    match failed {
        0 => Ok(()),
        1 => Err(Failure::other(anyhow!("one check has failed"))),
        count => Err(Failure::other(anyhow!("{count} checks have failed"))),
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Failed,
}

/// What a check found, in a line, and what to do about it in another.
#[derive(Serialize, Debug)]
struct Finding {
    check: &'static str,
    level: Level,
    finding: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    healthy: bool,
    findings: &'a [Finding],
}

impl Finding {
    fn ok(check: &'static str, finding: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, finding: finding.into(), mend: None }
    }

    fn warning(check: &'static str, finding: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, level: Level::Warning, finding: finding.into(), mend: Some(mend.into()) }
    }

    fn failed(check: &'static str, finding: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Failed, ..Self::warning(check, finding, mend) }
    }

    /// An error whose text ends with what to do, behind its last colon.
    fn of_error(check: &'static str, error: &dyn std::fmt::Display, otherwise: &str) -> Self {
        let text = error.to_string();
        match text.rsplit_once(": ") {
            Some((finding, mend)) => Self::failed(check, finding, mend),
            None => Self::failed(check, text, otherwise),
        }
    }

    fn print(&self) -> Result<(), Failure> {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Failed => "FAILED",
        };
        out::line(format_args!("{level:<8} {:<14} {}", self.check, self.finding))?;
        self.mend.as_ref().map_or(Ok(()), |mend| out::line(format_args!("{:<23} mend: {mend}", "")))
    }
}

fn misread(errors: &ConfigErrors) -> Vec<Finding> {
    let mend =
        "mend that place; `waxseal init` in an empty folder writes a file with every setting explained";
    errors.iter().map(|error| Finding::failed("configuration", error.to_string(), mend)).collect()
}

fn examine(config: &Config) -> Result<Vec<Finding>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(Failure::other)?.block_on(every(config)))
}

async fn every(config: &Config) -> Vec<Finding> {
    let file = config.file.as_ref().map(|file| file.display().to_string());
    let mut findings = vec![Finding::ok(
        "configuration",
        file.unwrap_or_else(|| "there is no file, and none is needed".to_owned()),
    )];
    let keyring = keys::look(config, &mut findings);
    let found = store::look(config, keyring.as_ref(), &mut findings).await;
    findings.push(clock::look(config, found.as_ref()));
    let served = public::look(config, &mut findings).await;
    domains::look(config, served, &mut findings).await;
    #[cfg(feature = "mail")]
    findings.push(mail::look(config).await);
    limits::look(config, &mut findings);
    findings
}
