//! Three masters, each with a replica.

use std::process::{Command, Stdio};

use crate::server::{Server, eventually, free_port};

/// A cluster.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes; the first three were the masters to begin with.
    pub nodes: Vec<Server>,
}

impl Cluster {
    /// Starts it, and waits until every node finds it sound.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start() -> Self {
        let nodes: Vec<Server> = (0..6).map(|_| node()).collect();
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(nodes.iter().map(Server::address))
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .stdin(Stdio::null())
            .output()
            .expect("redis-cli was there a moment ago");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        let cluster = Self { nodes };
        cluster.await_sound();
        cluster
    }

    /// Waits until every running node finds the cluster sound and every replica has its master's data.
    ///
    /// # Panics
    /// If that never comes.
    pub fn await_sound(&self) {
        let up = || self.nodes.iter().filter(|node| node.pid().is_some());
        eventually("every node finds the cluster sound", || {
            up().all(|node| node.told(&["CLUSTER", "INFO"], "cluster_state") == "ok")
        });
        eventually("every replica is up to date", || {
            let replicas = up().filter(|node| node.told(&["INFO", "replication"], "role") == "slave");
            let linked = |node: &Server| node.told(&["INFO", "replication"], "master_link_status") == "up";
            replicas.into_iter().all(linked)
        });
    }

    /// `redis-cluster://…` to two of its nodes, whichever serves.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis-cluster://{},{}", self.nodes[0].address(), self.nodes[4].address())
    }

    /// The nodes that are masters by what the first running one says.
    #[must_use]
    pub fn masters(&self) -> Vec<usize> {
        let master =
            |node: &Server| node.pid().is_some() && node.told(&["INFO", "replication"], "role") == "master";
        (0..self.nodes.len()).filter(|n| master(&self.nodes[*n])).collect()
    }
}

fn node() -> Server {
    // Its own port beside the usual one, which is 10,000 above and may be taken.
    let bus = free_port().to_string();
    Server::start(&[
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus,
        "--cluster-node-timeout",
        "2000",
        "--repl-diskless-sync-delay",
        "0",
    ])
}
