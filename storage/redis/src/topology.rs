//! Which server to ask: the one there is, the master that Sentinels name, or the
//! node of the cluster that serves a slot.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use futures_util::future::select_ok;
use redis::{Pipeline, Value};
use tokio::time::Instant as Deadline;

use crate::fault::{Trouble, unreachable};
use crate::node::Node;
use crate::url::{Host, Place, RedisUrl};

/// How long asking for the topology may take.
const ASKING: Duration = Duration::from_millis(300);
/// How long an answer, or none, stands before it is asked again.
const ASKED: Duration = Duration::from_millis(100);

/// The servers of a URL.
#[derive(Debug)]
pub(crate) struct Topology {
    url: RedisUrl,
    /// Every server met so far, with its connections.
    nodes: RwLock<HashMap<Host, Arc<Node>>>,
    map: RwLock<Map>,
    /// Held while asking, so that one does it for all. When, and what came of it.
    asking: tokio::sync::Mutex<Option<(Instant, Result<(), Trouble>)>>,
}

/// Who serves which slots.
#[derive(Default, Debug)]
struct Map {
    ranges: Ranges,
    stale: bool,
}

impl Map {
    fn of_one(node: Arc<Node>) -> Self {
        Self { ranges: vec![(0, u16::MAX, node)], stale: false }
    }

    fn find(&self, slot: u16) -> Option<Arc<Node>> {
        let serving = self.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&slot));
        serving.map(|(_, _, node)| Arc::clone(node))
    }
}

impl Topology {
    /// Asks nobody yet.
    pub(crate) fn new(url: RedisUrl) -> Result<Self, Trouble> {
        let topology = Self {
            url,
            nodes: RwLock::default(),
            map: RwLock::default(),
            asking: tokio::sync::Mutex::default(),
        };
        let only = match &topology.url.place {
            Place::One(host) => Some(topology.node_at(host)?),
            Place::Socket(path) => {
                let address = path.display().to_string();
                let info = topology.url.at_socket(path);
                let info = info.map_err(|error| unreachable(&address, &error))?;
                Some(Node::new(address, info)?)
            }
            Place::Sentinel { .. } | Place::Cluster(_) => None,
        };
        if let Some(only) = only {
            *topology.map.write().unwrap_or_else(PoisonError::into_inner) = Map::of_one(only);
        }
        Ok(topology)
    }

    pub(crate) fn url(&self) -> &RedisUrl {
        &self.url
    }

    /// Whether slots may be served by different nodes.
    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self.url.place, Place::Cluster(_))
    }

    /// The server to ask about `slot`, as far as we know without asking.
    pub(crate) fn known(&self, slot: u16) -> Option<Arc<Node>> {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        (!map.stale).then(|| map.find(slot)).flatten()
    }

    /// The server to ask about `slot`.
    pub(crate) async fn node(&self, slot: u16) -> Result<Arc<Node>, Trouble> {
        if let Some(node) = self.known(slot) {
            return Ok(node);
        }
        let asked = self.ask().await;
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        match (map.find(slot), asked) {
            (Some(node), _) => Ok(node),
            (None, Err(trouble)) => Err(trouble),
            (None, Ok(())) => Err(Trouble::NoNode(slot)),
        }
    }

    /// Every server that takes writes.
    pub(crate) async fn masters(&self) -> Result<Vec<Arc<Node>>, Trouble> {
        self.node(0).await?;
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        let mut masters: Vec<Arc<Node>> = Vec::new();
        for (_, _, node) in &map.ranges {
            if !masters.iter().any(|other| Arc::ptr_eq(other, node)) {
                masters.push(Arc::clone(node));
            }
        }
        Ok(masters)
    }

    /// Something about a server is not as we thought: ask again before the next use.
    pub(crate) fn doubt(&self) {
        if matches!(self.url.place, Place::Sentinel { .. } | Place::Cluster(_)) {
            self.map.write().unwrap_or_else(PoisonError::into_inner).stale = true;
        }
    }

    /// A server by the address that another one gave, `HOST:PORT`.
    pub(crate) fn node_by_address(&self, address: &str) -> Option<Arc<Node>> {
        let (name, port) = address.rsplit_once(':')?;
        let host = Host { name: name.to_owned(), port: port.parse().ok()? };
        self.node_at(&host).ok()
    }

    fn node_at(&self, host: &Host) -> Result<Arc<Node>, Trouble> {
        if let Some(node) = self.nodes.read().unwrap_or_else(PoisonError::into_inner).get(host) {
            return Ok(Arc::clone(node));
        }
        let info = self.url.at(host);
        let info = info.map_err(|error| unreachable(&host.to_string(), &error))?;
        let node = Node::new(host.to_string(), info)?;
        let mut nodes = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(nodes.entry(host.clone()).or_insert(node)))
    }

    /// Asks who serves what, unless somebody just has.
    async fn ask(&self) -> Result<(), Trouble> {
        let mut asked = self.asking.lock().await;
        if let Some((_, outcome)) = asked.as_ref().filter(|(at, _)| at.elapsed() < ASKED) {
            return outcome.clone();
        }
        let found = match &self.url.place {
            Place::Sentinel { sentinels, master } => self.ask_sentinels(sentinels, master).await,
            Place::Cluster(seeds) => self.ask_nodes(seeds).await,
            Place::One(_) | Place::Socket(_) => return Ok(()),
        };
        let outcome = found.map(|ranges| {
            *self.map.write().unwrap_or_else(PoisonError::into_inner) = Map { ranges, stale: false };
        });
        *asked = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// The first Sentinel that names a master which says itself that it is one. All
    /// are asked at once: one that does not answer must not keep the others.
    async fn ask_sentinels(&self, sentinels: &[Host], master: &str) -> Result<Ranges, Trouble> {
        let asked = sentinels.iter().map(|sentinel| Box::pin(self.ask_sentinel(sentinel, master)));
        match select_ok(asked).await {
            Ok((node, _)) => Ok(vec![(0, u16::MAX, node)]),
            Err(last) => Err(Trouble::NoMaster(master.to_owned(), last.to_string())),
        }
    }

    async fn ask_sentinel(&self, sentinel: &Host, master: &str) -> Result<Arc<Node>, Trouble> {
        let address = sentinel.to_string();
        let info = self.url.at_sentinel(sentinel);
        let info = info.map_err(|error| unreachable(&address, &error))?;
        let asked = Node::new(address.clone(), info)?;
        let answer = ask_one(&asked, &["SENTINEL", "get-master-addr-by-name", master]).await?;
        let named: Option<(String, u16)> = redis::from_redis_value(answer).unwrap_or_default();
        let Some((name, port)) = named else {
            return Err(Trouble::NoMaster(master.to_owned(), format!("{address} does not know it")));
        };
        let node = self.node_at(&Host { name, port })?;
        let role = ask_one(&node, &["ROLE"]).await?;
        if first_word(&role).is_some_and(|role| role == b"master") {
            return Ok(node);
        }
        Err(Trouble::Refused(node.address().to_owned(), "READONLY".to_owned()))
    }

    /// The first node that tells, of those in the URL and those met since.
    async fn ask_nodes(&self, seeds: &[Host]) -> Result<Ranges, Trouble> {
        let mut hosts: HashSet<Host> = seeds.iter().cloned().collect();
        hosts.extend(self.nodes.read().unwrap_or_else(PoisonError::into_inner).keys().cloned());
        let asked = hosts.iter().map(|host| Box::pin(self.ask_node(host)));
        select_ok(asked).await.map(|(ranges, _)| ranges)
    }

    async fn ask_node(&self, host: &Host) -> Result<Ranges, Trouble> {
        let node = self.node_at(host)?;
        let answer = ask_one(&node, &["CLUSTER", "SLOTS"]).await?;
        let nonsense = || Trouble::Nonsense(node.address().to_owned());
        let Value::Array(rows) = answer else { return Err(nonsense()) };
        let mut ranges = Vec::with_capacity(rows.len());
        for row in rows {
            let (first, last, serving) = range(row, host).ok_or_else(nonsense)?;
            ranges.push((first, last, self.node_at(&serving)?));
        }
        // A node that has been told to forget its cluster serves nothing.
        if ranges.is_empty() { Err(Trouble::NoNode(0)) } else { Ok(ranges) }
    }
}

/// First and last slot, and who serves them.
type Ranges = Vec<(u16, u16, Arc<Node>)>;

/// One question to one server, which changes nothing there.
async fn ask_one(node: &Node, question: &[&str]) -> Result<Value, Trouble> {
    let mut flight = Pipeline::new();
    let command = flight.cmd(question[0]);
    for word in &question[1..] {
        command.arg(word);
    }
    let mut line = node.line().await?;
    let answers = line.send(node, &flight, Deadline::now() + ASKING).await;
    let nonsense = || Trouble::Nonsense(node.address().to_owned());
    let answers = answers.map_err(|fault| fault.trouble().unwrap_or_else(nonsense))?;
    match answers.into_iter().next() {
        Some(Value::ServerError(error)) => {
            Err(Trouble::Refused(node.address().to_owned(), error.code().to_owned()))
        }
        Some(value) => Ok(value),
        None => Err(nonsense()),
    }
}

fn first_word(answer: &Value) -> Option<&[u8]> {
    let Value::Array(words) = answer else { return None };
    let Value::BulkString(word) = words.first()? else { return None };
    Some(word)
}

/// A row of CLUSTER SLOTS: first slot, last slot, the master's host and port, and
/// more. A master without a host is where the one that tells of it is.
fn range(row: Value, asked: &Host) -> Option<(u16, u16, Host)> {
    let Value::Array(row) = row else { return None };
    let mut row = row.into_iter();
    let (first, last) = (number(row.next()?)?, number(row.next()?)?);
    let Value::Array(master) = row.next()? else { return None };
    let mut master = master.into_iter();
    let name = match master.next()? {
        Value::BulkString(name) => String::from_utf8(name).ok()?,
        _ => String::new(),
    };
    let name = if name.is_empty() || name == "?" { asked.name.clone() } else { name };
    Some((first, last, Host { name, port: number(master.next()?)? }))
}

fn number(value: Value) -> Option<u16> {
    match value {
        Value::Int(number) => u16::try_from(number).ok(),
        _ => None,
    }
}
