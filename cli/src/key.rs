//! `waxseal key`: turns the ring of master keys in the key file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::id::Kid;
use waxseal_core::policy::Plans;
use waxseal_core::seal::keyring::{Keyring, Use};
use waxseal_core::seal::ring::RingError;
use waxseal_core::store::RECEIPT_LIVES;
use waxseal_core::system::SystemEntropy;
use waxseal_server::config::{Config, Key};
use waxseal_server::key_file::{self, KeyError};
use waxseal_storage::StoreUrl;

use crate::args::KeyCommand;
use crate::exit::Failure;
use crate::{ask, keys, out, store};

/// Does what `command` says to the key file.
pub(crate) fn run(config: &Config, command: &KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::List { json } => list(config, *json),
        KeyCommand::Add { json } => add(config, *json),
        KeyCommand::Promote { id, json, yes } => promote(config, *id, *json, *yes),
        KeyCommand::Retire { id, json, yes } => retire(config, *id, *json, *yes),
    }
}

#[derive(Serialize)]
struct Row {
    id: String,
    #[serde(rename = "use")]
    usage: &'static str,
    /// Records that need the key; unknown where no store can be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
}

fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let keyring = keys::load(config)?;
    let counted = if stands(config) { Some(counts(config, &keyring)?) } else { None };
    let row = |kid: Kid, usage| {
        let records = counted.as_ref().map(|counts| counts.get(&kid).copied().unwrap_or_default());
        Row { id: hex(kid), usage, records }
    };
    let mut rows: Vec<Row> = keyring.ring().iter().map(|key| row(key.kid(), word(key.usage()))).collect();
    let lost = counted.iter().flatten().filter(|(kid, _)| keyring.master(**kid).is_none());
    rows.extend(lost.map(|(kid, _)| row(*kid, "missing")));
    if json {
        return out::json(&rows);
    }
    rows.iter().try_for_each(|Row { id, usage, records }| match records {
        Some(records) => out::line(format_args!("{id}\t{usage}\t{records} records")),
        None => out::line(format_args!("{id}\t{usage}")),
    })
}

const fn word(usage: Use) -> &'static str {
    match usage {
        Use::Seals => "seals",
        Use::Opens => "opens",
    }
}

fn add(config: &Config, json: bool) -> Result<(), Failure> {
    let path = file(config)?;
    keys::load(config)?;
    let kid =
        key_file::change(path, |keyring| keyring.add(&SystemEntropy::default()).map_err(Failure::other))?;
    tell(kid, "opens", json)?;
    out::remark(format_args!(
        "It opens only. Have every server reload (kill -HUP PID), then: waxseal key promote {}",
        hex(kid)
    ));
    Ok(())
}

fn promote(config: &Config, kid: Kid, json: bool, yes: bool) -> Result<(), Failure> {
    let path = file(config)?;
    known(&keys::load(config)?, kid)?;
    let (id, warning) = (
        hex(kid),
        "A server that has not reloaded since the key was added can't open what is sealed under it.",
    );
    ask::confirm(yes, warning, &format!("seal under {id}"))?;
    key_file::change(path, |keyring| {
        known(keyring, kid)?;
        keyring.promote(kid).map_err(Failure::other)
    })?;
    tell(kid, "seals", json)?;
    out::remark("Have every server reload (kill -HUP PID): it seals under the key from then on.");
    Ok(())
}

fn retire(config: &Config, kid: Kid, json: bool, yes: bool) -> Result<(), Failure> {
    let path = file(config)?;
    check_unneeded(config, &keys::load(config)?, kid)?;
    let warning = "What the key sealed opens for nobody any more. A server that has not reloaded since another key \
                   was promoted still seals under this one.";
    ask::confirm(yes, warning, &format!("retire {}", hex(kid)))?;
    key_file::change(path, |keyring| {
        check_unneeded(config, keyring, kid)?;
        keyring.retire(kid).map_err(Failure::other)
    })?;
    tell(kid, "retired", json)?;
    out::remark(
        "Have every server reload (kill -HUP PID), and destroy the copies of the key file that hold the key.",
    );
    Ok(())
}

fn check_unneeded(config: &Config, keyring: &Keyring, kid: Kid) -> Result<(), Failure> {
    known(keyring, kid)?;
    let id = hex(kid);
    if keyring.sealing() == kid {
        return Err(Failure::other(anyhow!("{id}: {}; promote another key first", RingError::Seals)));
    }
    if !stands(config) {
        return Err(Failure::config(anyhow!(
            "the store {} can't be asked whether a record needs the key {id}",
            config.store
        )));
    }
    match counts(config, keyring)?.get(&kid) {
        None | Some(0) => Ok(()),
        Some(records) => Err(Failure::other(anyhow!(
            "{records} records, receipts among them, still need the key {id}. The last of them goes {} at the latest \
             after another key was promoted: twice the longest life that any plan allows. `waxseal key list` \
             shows when none is left",
            spoken(longest(&config.plans))
        ))),
    }
}

/// How long a receipt may stand, in seconds, as the plans are now.
fn longest(plans: &Plans) -> u64 {
    let lives =
        plans.named.values().chain([&plans.anonymous, &plans.default]).map(|plan| plan.max_ttl.secs());
    lives.max().unwrap_or_default().saturating_mul(RECEIPT_LIVES)
}

fn spoken(secs: u64) -> String {
    let units = [("days", 86_400), ("hours", 3_600), ("minutes", 60)];
    let unit = units.into_iter().find(|(_, length)| secs >= 2 * length);
    unit.map_or_else(
        || format!("{secs} seconds"),
        |(name, length)| format!("{} {name}", secs.div_ceil(length)),
    )
}

fn known(keyring: &Keyring, kid: Kid) -> Result<(), Failure> {
    if keyring.master(kid).is_some() {
        return Ok(());
    }
    let ids: Vec<_> = keyring.ring().iter().map(|key| hex(key.kid())).collect();
    Err(Failure::usage(anyhow!("there is no key {} in the key file; it holds: {}", hex(kid), ids.join(", "))))
}

/// Records by the key they need.
fn counts(config: &Config, keyring: &Keyring) -> Result<BTreeMap<Kid, u64>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let usage = runtime.map_err(Failure::other)?.block_on(async {
        let opened = store::open(config, keyring).await?;
        opened.store.usage().await.map_err(Failure::store)
    })?;
    Ok(usage.kids.into_iter().collect())
}

/// Whether there is a store that this process can ask.
fn stands(config: &Config) -> bool {
    config.store != StoreUrl::Memory && config.store.path().is_none_or(Path::exists)
}

/// The file to change.
fn file(config: &Config) -> Result<&Path, Failure> {
    match &config.key {
        Key::File(path) => Ok(path),
        Key::Credential(path) => Err(Failure::config(anyhow!(
            "the key file {} is a credential that was handed in; say --key-file FILE to change the one it comes from",
            path.display()
        ))),
        Key::Text(_) => Err(Failure::config(anyhow!(
            "the keys come from WAXSEAL_KEY, which no program can change for you; say --key-file FILE to change a file"
        ))),
    }
}

fn tell(kid: Kid, usage: &'static str, json: bool) -> Result<(), Failure> {
    let id = hex(kid);
    if json { out::json(&Row { id, usage, records: None }) } else { out::line(id) }
}

/// As it is typed and shown.
pub(crate) fn hex(kid: Kid) -> String {
    format!("{:08x}", u32::from_be_bytes(kid.0))
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::config(error)
    }
}
