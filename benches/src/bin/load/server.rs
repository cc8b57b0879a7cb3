//! A server as a process of its own: started, watched from outside, and stopped by its pid.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use tempfile::TempDir;
use waxseal_redis_servers::{Cluster, Server as Redis};

/// All clients come from one address, so that the limits, which stay on, must let
/// one guest do all of it.
const CONFIG: &str = "\
listen = \"127.0.0.1:0\"
key_file = \"data/waxseal.key\"
[limits]
guest_creates_per_20m = 4000000000
guest_reveals_per_20m = 4000000000
stored_bytes = 34359738368
";
/// Ticks of a second in `/proc`: USER_HZ, which Linux fixes at 100.
const TICKS: u64 = 100;

/// Where the program keeps its secrets.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum Store {
    Memory,
    Sqlite,
    /// One server, by its socket.
    Redis,
    /// Three masters, each with a replica.
    RedisCluster,
}

/// Redis servers of a deployment: gone when dropped.
enum Servers {
    None,
    One(Redis),
    Cluster(Cluster),
}

impl Servers {
    /// Starts what a store needs. Redis keeps its append-only file in `folder`, written
    /// to the disk every second; a cluster's nodes keep none.
    fn start(store: Store, folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.to_str().context("a folder whose name is no text")?;
        Ok(match store {
            Store::Memory | Store::Sqlite => Self::None,
            Store::Redis => Self::One(Redis::start(&[
                "--appendonly",
                "yes",
                "--appendfsync",
                "everysec",
                "--dir",
                folder,
            ])),
            Store::RedisCluster => Self::Cluster(Cluster::start()),
        })
    }

    fn pids(&self) -> Vec<u32> {
        match self {
            Self::None => Vec::new(),
            Self::One(server) => server.pid().into_iter().collect(),
            Self::Cluster(cluster) => cluster.nodes.iter().filter_map(Redis::pid).collect(),
        }
    }

    fn url(&self, store: Store) -> String {
        match self {
            Self::None if store == Store::Memory => "memory:".to_owned(),
            Self::None => "sqlite:data/waxseal.db".to_owned(),
            Self::One(server) => server.socket_url(),
            Self::Cluster(cluster) => cluster.url(),
        }
    }
}

impl Store {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
            Self::RedisCluster => "redis-cluster",
        }
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A server of this program that works over a store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OwnServer {
    Minimal,
    Embedded,
}

impl OwnServer {
    pub(crate) const ALL: [Self; 2] = [Self::Minimal, Self::Embedded];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Embedded => "embedded",
        }
    }
}

/// A folder in which the program can be started again and again.
pub(crate) struct Home {
    store: Store,
    // Stopped before their folder goes.
    redis: Servers,
    folder: TempDir,
}

/// A running server. Stopped when dropped.
pub(crate) struct Server {
    child: Child,
    /// Processes that work for it, and count as its own.
    helpers: Vec<u32>,
    /// Kept open: a server may go on talking.
    _said: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Home {
    /// A new deployment: configuration and keys, and no store yet.
    pub(crate) fn new(program: &Path, store: Store) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let redis = Servers::start(store, folder.path())?;
        let config = format!("store = \"{}\"\n{CONFIG}", redis.url(store));
        fs::write(folder.path().join("waxseal.toml"), config)?;
        let done = Command::new(program).arg("init").current_dir(&folder).output()?;
        ensure!(done.status.success(), "waxseal init failed: {}", String::from_utf8_lossy(&done.stderr));
        Ok(Self { store, redis, folder })
    }

    /// The program in this folder, its log at info in a file beside the store.
    pub(crate) fn serve(&self, program: &Path) -> anyhow::Result<Server> {
        self.serve_on(program, None)
    }

    /// The same, on some of the processors alone.
    pub(crate) fn serve_on(&self, program: &Path, cpus: Option<&str>) -> anyhow::Result<Server> {
        let log = File::create(self.folder.path().join("log"))?;
        let mut command = Command::new(program);
        if let Some(cpus) = cpus {
            // It becomes the program, under the same pid.
            command = Command::new("taskset");
            command.args(["-c", cpus]).arg(program);
        }
        let mut server = Server::start(command.arg("serve").current_dir(&self.folder).stderr(log))?;
        server.helpers = self.redis.pids();
        Ok(server)
    }

    /// A server of this program, over the same store.
    pub(crate) fn serve_own(&self, kind: OwnServer) -> anyhow::Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        let command = command.arg(kind.name()).arg("--store").arg(self.redis.url(self.store));
        let mut server = Server::start(command.current_dir(&self.folder))?;
        server.helpers = self.redis.pids();
        Ok(server)
    }

    /// Bytes of the store's files.
    pub(crate) fn disk(&self) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for entry in fs::read_dir(self.folder.path().join("data"))? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("waxseal.db") {
                bytes += entry.metadata()?.len();
            }
        }
        Ok(bytes)
    }
}

impl Server {
    /// The bare hyper server of this program.
    pub(crate) fn bare() -> anyhow::Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg("bare"))
    }

    /// The minimal server of this program.
    pub(crate) fn minimal() -> anyhow::Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).arg("minimal"))
    }

    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start")?;
        let mut said = BufReader::new(child.stdout.take().context("a server without a voice")?);
        let address = listening(&mut said)?;
        Ok(Self { child, helpers: Vec::new(), _said: said, address })
    }

    /// Processor time that all its threads took so far, and its Redis servers'.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        self.processes().map(cpu_of).sum()
    }

    /// Memory that it holds now, in bytes, with its Redis servers.
    pub(crate) fn rss(&self) -> anyhow::Result<u64> {
        self.processes().map(|pid| status(pid, "VmRSS:")).sum()
    }

    /// The most memory that it ever held, in bytes, with its Redis servers.
    pub(crate) fn peak_rss(&self) -> anyhow::Result<u64> {
        self.processes().map(|pid| status(pid, "VmHWM:")).sum()
    }

    fn processes(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.child.id()).chain(self.helpers.iter().copied())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already can't be killed, and need not be.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

fn cpu_of(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // Behind the name, which may hold blanks: state, ten more, utime, stime.
    let (_, fields) = stat.rsplit_once(')').context("a stat without a name")?;
    let mut times = fields.split_whitespace().skip(11).take(2);
    let mut ticks = || anyhow::Ok(times.next().context("a stat without times")?.parse::<u64>()?);
    Ok(Duration::from_millis((ticks()? + ticks()?) * 1_000 / TICKS))
}

fn status(pid: u32, name: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such figure")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1_024)
}

fn listening(said: &mut impl BufRead) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    while said.read_line(&mut line)? > 0 {
        if let Some(address) = line.trim().strip_prefix("listening on http://") {
            return Ok(address.parse()?);
        }
        line.clear();
    }
    bail!("the server ended before it listened")
}
