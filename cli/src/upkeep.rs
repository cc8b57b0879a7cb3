//! `waxseal stats` and `waxseal sweep`: what stands in the store, and what of it can go.

use serde::Serialize;
use waxseal_core::store::{Swept, Usage};
use waxseal_core::system::SystemClock;
use waxseal_core::time::Clock;
use waxseal_server::config::Config;
use waxseal_storage::Opened;

use crate::exit::Failure;
use crate::key::hex;
use crate::progress::Progress;
use crate::{keys, out, store};

/// Records that the store goes over at a call: a server's work waits for no more than this.
const AT_ONCE: usize = 1_000;

#[derive(Serialize)]
struct Stats {
    /// Unopened secrets, those among them that expired and were not swept yet.
    new: u64,
    received: u64,
    burned: u64,
    /// What counts against `stored_bytes`.
    bytes: u64,
    /// The budget; 0 for none.
    stored_bytes: u64,
    keys: Vec<NeededKey>,
}

#[derive(Serialize)]
struct NeededKey {
    id: String,
    records: u64,
}

/// Counts what stands in the store.
pub(crate) fn stats(config: &Config, json: bool) -> Result<(), Failure> {
    let usage =
        with_store(config, async |opened: Opened| opened.store.usage().await.map_err(Failure::store))?;
    let stats = Stats::new(usage, config.stored_bytes);
    if json { out::json(&stats) } else { stats.print() }
}

impl Stats {
    fn new(usage: Usage, stored_bytes: u64) -> Self {
        let needed = |(kid, records)| NeededKey { id: hex(kid), records };
        let Usage { bytes, new, received, burned, kids } = usage;
        Self { new, received, burned, bytes, stored_bytes, keys: kids.into_iter().map(needed).collect() }
    }

    fn print(&self) -> Result<(), Failure> {
        out::line(format_args!("new\t{}", self.new))?;
        out::line(format_args!("received\t{}", self.received))?;
        out::line(format_args!("burned\t{}", self.burned))?;
        match self.stored_bytes {
            0 => out::line(format_args!("bytes\t{}", self.bytes))?,
            budget => out::line(format_args!("bytes\t{} of {budget}", self.bytes))?,
        }
        let mut keys = self.keys.iter();
        keys.try_for_each(|key| out::line(format_args!("key {}\t{} records", key.id, key.records)))
    }
}

#[derive(Serialize)]
struct Removed {
    expired: u64,
    forgotten: u64,
}

/// Removes what has expired, all of it.
pub(crate) fn sweep(config: &Config, json: bool) -> Result<(), Failure> {
    let removed = with_store(config, async |opened: Opened| sweep_all(&opened).await)?;
    if json {
        return out::json(&removed);
    }
    let Removed { expired, forgotten } = removed;
    out::line(format_args!("expired\t{expired}"))?;
    out::line(format_args!("forgotten\t{forgotten}"))
}

async fn sweep_all(opened: &Opened) -> Result<Removed, Failure> {
    let now = SystemClock::default().now().timestamp();
    let mut removed = Removed { expired: 0, forgotten: 0 };
    let mut progress = Progress::new("removed");
    loop {
        let Swept { expired, forgotten, more } =
            opened.store.sweep(AT_ONCE, now).await.map_err(Failure::store)?;
        removed.expired += expired;
        removed.forgotten += forgotten;
        progress.tell(removed.expired + removed.forgotten, 0);
        if !more {
            return Ok(removed);
        }
    }
}

fn with_store<T>(
    config: &Config,
    work: impl AsyncFnOnce(Opened) -> Result<T, Failure>,
) -> Result<T, Failure> {
    store::must_stand(config)?;
    let keyring = keys::load(config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::other)?.block_on(async { work(store::open(config, &keyring).await?).await })
}
