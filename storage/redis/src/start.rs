//! What is looked at before a store is used.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::cmd;
use tokio::time::{Instant, sleep};

use crate::courier::Courier;
use crate::fault::{Fault, Trouble};
use crate::node::Node;
use crate::records::read;

/// Why a store was not opened. Says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nobody can be reached, or it refuses us.
    #[error("{0}")]
    Trouble(Trouble),
    /// It would throw secrets away to make room.
    #[error(
        "Redis at {address} has the eviction policy {policy}: it would throw unread secrets away to make room; \
         set maxmemory-policy to noeviction"
    )]
    Evicts {
        /// Where it is.
        address: String,
        /// What it says.
        policy: String,
    },
    /// A later release of Waxseal has used it.
    #[error(
        "the store in Redis has format {found}, and this release knows {newest}: run the release that made it, \
         or name another prefix"
    )]
    Newer {
        /// Its format.
        found: u64,
        /// The newest that this release knows.
        newest: u64,
    },
    /// What it says of itself can't be read.
    #[error("Redis at {0} does not tell its eviction policy; allow INFO to its user")]
    Untold(String),
}

/// How long a start waits for servers that are starting, too.
const STARTING: Duration = Duration::from_secs(2);
/// How often it looks.
const EVERY: Duration = Duration::from_millis(100);

/// Looks at every master; waits a little for what may pass.
pub(crate) async fn check(courier: &Arc<Courier>, min_replicas: u64) -> Result<(), OpenError> {
    let begun = Instant::now();
    loop {
        match look(courier, min_replicas).await {
            Err(OpenError::Trouble(trouble)) if trouble.may_pass() && begun.elapsed() < STARTING => {
                sleep(EVERY).await;
            }
            outcome => return outcome,
        }
    }
}

/// Asks every master what it does when its memory is used up, and whether it
/// keeps what it is given.
async fn look(courier: &Courier, min_replicas: u64) -> Result<(), OpenError> {
    let masters = courier.topology().masters().await.map_err(OpenError::Trouble)?;
    for master in masters {
        let told = courier.ask(&master, cmd("INFO")).await;
        let told: String = told.and_then(read).map_err(|fault| trouble(fault, &master))?;
        judge(master.address(), &lines(&told), min_replicas)?;
        courier.prepare(&master).await.map_err(|fault| trouble(fault, &master))?;
    }
    Ok(())
}

fn judge(address: &str, told: &HashMap<&str, &str>, min_replicas: u64) -> Result<(), OpenError> {
    match told.get("maxmemory_policy") {
        Some(&"noeviction") => {}
        Some(policy) => {
            return Err(OpenError::Evicts { address: address.to_owned(), policy: (*policy).to_owned() });
        }
        None => return Err(OpenError::Untold(address.to_owned())),
    }
    if told.get("aof_enabled") == Some(&"0") {
        tracing::warn!(
            redis = address,
            "Redis keeps no append-only file: what it acknowledged can be lost when it stops; set appendonly yes"
        );
    }
    let connected = told.get("connected_slaves").and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
    if connected < min_replicas {
        tracing::warn!(
            redis = address,
            connected,
            min_replicas,
            "fewer replicas are connected than min_replicas asks for: no secret can be stored or opened until there are more"
        );
    }
    Ok(())
}

fn trouble(fault: Fault, node: &Node) -> OpenError {
    OpenError::Trouble(told(fault, node))
}

/// A fault of a server, in words.
pub(crate) fn told(fault: Fault, node: &Node) -> Trouble {
    fault.trouble().unwrap_or_else(|| Trouble::Nonsense(node.address().to_owned()))
}

pub(crate) fn lines(told: &str) -> HashMap<&str, &str> {
    told.lines().filter_map(|line| line.trim().split_once(':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_noeviction_will_do() {
        let judged = |told: &str| judge("db", &lines(told), 0);
        assert!(judged("# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n").is_ok());
        assert!(judged("maxmemory_policy:noeviction\r\naof_enabled:0\r\n").is_ok(), "warned of, not refused");
        for policy in ["allkeys-lru", "volatile-ttl", "volatile-lru", "allkeys-random"] {
            let refused = judged(&format!("maxmemory_policy:{policy}\r\n")).unwrap_err().to_string();
            assert!(refused.contains(policy) && refused.contains("noeviction"), "{refused}");
        }
        assert!(matches!(judged("x:y"), Err(OpenError::Untold(_))));
    }
}
