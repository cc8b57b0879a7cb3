//! What every master says of itself, asked without changing anything.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use redis::cmd;
use waxseal_core::store::Check;

use crate::courier::Courier;
use crate::fault::{Fault, Trouble};
use crate::keys::Keys;
use crate::node::Node;
use crate::records::read;
use crate::start::lines;
use crate::topology::Topology;
use crate::url::RedisUrl;
use crate::{Options, format, start};

/// What was found where a store is, or is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspected {
    /// Every server that takes writes.
    pub masters: Vec<Master>,
    /// The box that only the store's key file opens; `None` before the first start.
    pub check: Option<Check>,
    /// The format in which the store lies; `None` before the first start.
    pub format: Option<u64>,
    /// The newest format that this release knows.
    pub newest: u64,
}

/// What one server says of itself; `None` where it does not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Master {
    /// Where it is.
    pub address: String,
    /// The version of Redis.
    pub version: Option<String>,
    /// What it does when its memory is used up.
    pub eviction: Option<String>,
    /// Whether it keeps an append-only file.
    pub append_only: Option<bool>,
    /// Bytes that it may use; 0 is no bound.
    pub max_memory: Option<u64>,
    /// Replicas that are connected.
    pub replicas: u64,
    /// Its clock, in microseconds since 1970.
    pub time_us: Option<u64>,
    /// How long one answer took.
    pub latency: Duration,
}

/// Asks every master of itself, and the store for its check.
///
/// # Errors
/// [`Trouble`] if one can't be reached or refuses us.
pub async fn inspect(url: RedisUrl, options: Options) -> Result<Inspected, Trouble> {
    let courier = Courier::new(Topology::new(url)?, options.patience);
    let mut masters = Vec::new();
    for node in courier.topology().masters().await? {
        masters.push(look(&courier, &node).await.map_err(|fault| start::told(fault, &node))?);
    }
    let keys = Keys::new(options.prefix);
    let key = keys.check();
    let check = courier.send(&key, cmd("GET").arg(&key).to_owned()).await;
    let check = check.and_then(read::<Option<Vec<u8>>>);
    let nameless = |fault: Fault| fault.trouble().unwrap_or_else(|| Trouble::Nonsense("GET".to_owned()));
    let format = format::standing(&courier, &keys).await.map_err(nameless)?;
    Ok(Inspected { masters, check: check.map_err(nameless)?.map(Check), format, newest: format::NEWEST })
}

async fn look(courier: &Courier, node: &Node) -> Result<Master, Fault> {
    // The first answer includes connecting.
    courier.ask(node, cmd("PING")).await?;
    let asked = Instant::now();
    courier.ask(node, cmd("PING")).await?;
    let latency = asked.elapsed();
    let told: String = read(courier.ask(node, cmd("INFO")).await?)?;
    Ok(Master::read(node.address(), &lines(&told), latency))
}

impl Master {
    fn read(address: &str, told: &HashMap<&str, &str>, latency: Duration) -> Self {
        let text = |name| told.get(name).map(|&text| text.to_owned());
        let number = |name| told.get(name).and_then(|text| text.parse::<u64>().ok());
        Self {
            address: address.to_owned(),
            version: text("redis_version"),
            eviction: text("maxmemory_policy"),
            append_only: number("aof_enabled").map(|enabled| enabled == 1),
            max_memory: number("maxmemory"),
            replicas: number("connected_slaves").unwrap_or_default(),
            time_us: number("server_time_usec"),
            latency,
        }
    }
}
