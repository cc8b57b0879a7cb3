//! `waxseal store verify`: whether everything in the store can be read and fits together.

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::{Audit, Flaw};
use waxseal_core::system::SystemClock;
use waxseal_core::time::Clock;
use waxseal_server::config::Config;
use waxseal_storage::{Options, VerifyError};

use crate::exit::Failure;
use crate::key::hex;
use crate::progress::Progress;
use crate::{keys, out, store};

/// What a reading of a whole store found, as it is told.
#[derive(Serialize)]
pub(crate) struct Findings {
    records: u64,
    undecoded: u64,
    new: u64,
    received: u64,
    burned: u64,
    expired: u64,
    orphaned: u64,
    accounts: u64,
    tokens: u64,
    domains: u64,
    /// Lines of accounts' lists whose record is gone; they go when the list is read.
    stale_lines: u64,
    /// Figures that changed too fast to be compared.
    uncompared: u64,
    keys: Vec<Key>,
    flaws: u64,
    named: Vec<Named>,
}

#[derive(Serialize)]
struct Key {
    id: String,
    records: u64,
    /// Whether the key file lacks it.
    missing: bool,
}

#[derive(Serialize)]
struct Named {
    of: String,
    what: &'static str,
}

/// Reads everything, and says what is there and what is wrong with it.
pub(crate) fn run(config: &Config, json: bool) -> Result<(), Failure> {
    store::must_stand(config)?;
    let keyring = keys::load(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let audit = runtime.map_err(Failure::other)?.block_on(audit(config))?;
    let findings = Findings::new(audit, &keyring);
    if json {
        out::json(&findings)?
    } else {
        findings.print()?
    }
    findings.verdict()
}

async fn audit(config: &Config) -> Result<Audit, Failure> {
    let options = Options { stored_bytes: config.stored_bytes, redis: config.redis.clone() };
    let now = SystemClock::default().now().timestamp();
    let mut progress = Progress::new("reading");
    let mut tell = |done, all| progress.tell(done, all);
    let audit = waxseal_storage::verify(&config.store, options, now, &mut tell).await;
    let audit = audit.map_err(|error: VerifyError| Failure::store(error))?;
    audit.ok_or_else(|| Failure::store(anyhow!("there is nothing to read at {}", config.store)))
}

impl Findings {
    pub(crate) fn new(audit: Audit, keyring: &Keyring) -> Self {
        let states = audit.states;
        let key = |(kid, records)| Key { id: hex(kid), records, missing: keyring.master(kid).is_none() };
        let named = |Flaw { of, what }| Named { of, what };
        Self {
            records: audit.decoded,
            undecoded: audit.undecoded,
            new: states.new,
            received: states.received,
            burned: states.burned,
            expired: states.expired,
            orphaned: states.orphaned,
            accounts: audit.accounts,
            tokens: audit.tokens,
            domains: audit.domains,
            stale_lines: audit.stale_lines,
            uncompared: audit.uncompared,
            keys: audit.kids.into_iter().map(key).collect(),
            flaws: audit.flaws,
            named: audit.named.into_iter().map(named).collect(),
        }
    }

    pub(crate) fn print(&self) -> Result<(), Failure> {
        let figures = [
            ("records", self.records),
            ("undecoded", self.undecoded),
            ("new", self.new),
            ("received", self.received),
            ("burned", self.burned),
            ("expired", self.expired),
            ("orphaned", self.orphaned),
            ("accounts", self.accounts),
            ("tokens", self.tokens),
            ("domains", self.domains),
            ("stale lines", self.stale_lines),
            ("uncompared", self.uncompared),
            ("flaws", self.flaws),
        ];
        figures.iter().try_for_each(|(name, figure)| out::line(format_args!("{name}\t{figure}")))?;
        for Key { id, records, missing } in &self.keys {
            let missing = if *missing { ", missing in the key file" } else { "" };
            out::line(format_args!("key {id}\t{records} records{missing}"))?;
        }
        self.named.iter().try_for_each(|Named { of, what }| out::line(format_args!("{of}\t{what}")))
    }

    /// A failure if something is wrong.
    fn verdict(&self) -> Result<(), Failure> {
        if self.flaws > 0 {
            return Err(Failure::damaged(anyhow!(
                "{} flaws: what can be read goes on working; docs/backup.md says how to restore the rest",
                self.flaws
            )));
        }
        if self.keys.iter().any(|key| key.missing) {
            return Err(Failure::damaged(anyhow!(
                "records need keys that the key file lacks: restore the key file from your copy"
            )));
        }
        Ok(())
    }
}
