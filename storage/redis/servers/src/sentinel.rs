//! A master, two replicas, and three Sentinels that watch them.

use crate::server::{Server, eventually, folder};

/// What the Sentinels call the master.
const NAME: &str = "main";

/// A master with replicas, watched.
#[derive(Debug)]
pub struct Watched {
    /// The servers; the first was the master to begin with.
    pub servers: Vec<Server>,
    /// The Sentinels.
    pub sentinels: Vec<Server>,
}

impl Watched {
    /// Starts them, and waits until all know of each other.
    ///
    /// # Panics
    /// If they do not come up.
    #[must_use]
    pub fn start() -> Self {
        let master = Server::start(&["--repl-diskless-sync-delay", "0"]);
        let port = master.port().to_string();
        let mut servers = vec![master];
        for _ in 0..2 {
            servers.push(Server::start(&["--replicaof", "127.0.0.1", &port]));
        }
        eventually("both replicas are connected", || {
            (0..2).all(|n| {
                servers[0].told(&["INFO", "replication"], &format!("slave{n}")).contains("state=online")
            })
        });
        let sentinels: Vec<Server> = (0..3).map(|_| sentinel(&port)).collect();
        eventually("every Sentinel knows all", || sentinels.iter().all(knows_all));
        Self { servers, sentinels }
    }

    /// `redis-sentinel://…` to them.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.sentinels.iter().map(Server::address).collect();
        format!("redis-sentinel://{}/{NAME}", hosts.join(","))
    }

    /// Which of the servers the Sentinels call the master.
    #[must_use]
    pub fn master(&self) -> usize {
        let named = self.sentinels[0].cli(&["SENTINEL", "get-master-addr-by-name", NAME]);
        let port = named.lines().nth(1).and_then(|port| port.parse().ok());
        self.servers.iter().position(|server| Some(server.port()) == port).unwrap_or(0)
    }
}

fn sentinel(master: &str) -> Server {
    let master = master.to_owned();
    Server::run("redis-sentinel", folder(), move |port, folder| {
        let log = folder.join("redis.log");
        let config = format!(
            "port {port}\nbind 127.0.0.1\nlogfile {}\nsentinel monitor {NAME} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {NAME} 1000\nsentinel failover-timeout {NAME} 3000\n",
            log.display()
        );
        let path = folder.join("sentinel.conf");
        std::fs::write(&path, config).expect("the folder is ours");
        vec![path.display().to_string()]
    })
}

fn knows_all(sentinel: &Server) -> bool {
    let count = |what: &str| {
        let listed = sentinel.cli(&["SENTINEL", what, NAME]);
        listed.lines().filter(|line| *line == "name").count()
    };
    count("replicas") == 2 && count("sentinels") == 2
}
