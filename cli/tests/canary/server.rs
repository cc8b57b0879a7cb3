//! The real program at its most talkative, with all that it says kept.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use waxseal_redis_servers::Server as Redis;

use crate::post;
use crate::search::Search;

/// The account that exists.
pub(crate) const USER: &str = "canarylocalpart@example.com";
/// What Redis asks for.
const REDIS_PASSWORD: &str = "Rd8canaryREDISq6";
/// Longer than a start or a stop takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    folder: TempDir,
    redis: Option<Redis>,
    address: String,
    /// The account's token.
    pub(crate) token: String,
}

/// Where secrets are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Sqlite,
    Redis,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where it redirects to.
    #[cfg(feature = "pages")]
    pub(crate) location: Option<String>,
    pub(crate) body: String,
}

impl Server {
    /// Sets a deployment up whose keys, account and password for Redis are among the secrets.
    pub(crate) fn start(format: &str, over: Over, search: &mut Search) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = (over == Over::Redis).then(|| Redis::start(&["--requirepass", REDIS_PASSWORD]));
        let store = redis.as_ref().map(|redis| {
            search.keep("Redis' password", REDIS_PASSWORD);
            format!("store = \"{}\"\n", redis.url().replace("://", &format!("://:{REDIS_PASSWORD}@")))
        });
        let store = store.unwrap_or_default();
        let config = format!(
            "{store}listen = \"127.0.0.1:0\"\nmetrics_listen = \"127.0.0.1:0\"\ntrusted_proxies = [\"127.0.0.1\"]\n[plans.anonymous]\nmax_secret_bytes = 2000\n{}",
            post::config(search)
        );
        fs::write(folder.path().join("waxseal.toml"), config).unwrap();
        assert!(waxseal(&folder).arg("init").output().unwrap().status.success());
        let key_file = fs::read_to_string(folder.path().join("data/waxseal.key")).unwrap();
        for secret in key_file.split_whitespace().filter(|word| word.len() == 64) {
            search.keep("a master key", secret);
        }
        let added = waxseal(&folder).args(["account", "add", USER]).output().unwrap();
        let token = String::from_utf8(added.stdout).unwrap().trim().to_owned();
        search.keep("the account's name", USER.split('@').next().unwrap());
        search.keep("the account's token", &token);
        let log = |name: &str| File::create(folder.path().join(name)).unwrap();
        let child = waxseal(&folder)
            .args(["serve", "--log-level", "trace", "--log-format", format])
            .stdout(log("out"))
            .stderr(log("err"))
            .spawn()
            .unwrap();
        let mut server = Self { child, folder, redis, address: String::new(), token };
        server.address = server.listening();
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Spoils the files of the store, or kills its Redis.
    pub(crate) fn break_store(&mut self) {
        if let Some(redis) = &mut self.redis {
            return redis.kill();
        }
        for name in ["data/waxseal.db", "data/waxseal.db-wal"] {
            let path = self.path(name);
            let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
            fs::write(path, vec![0xA5; length]).unwrap();
        }
    }

    /// Changes the accounts, as an operator would beside the running server.
    pub(crate) fn account(&self, arguments: &[&str]) -> String {
        let done = waxseal(&self.folder).arg("account").args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Sends bytes as they are; `None` where no HTTP answer came back.
    pub(crate) fn send(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The server may close before it has read everything: that is an answer, too.
        stream.write_all(bytes).and_then(|()| stream.shutdown(std::net::Shutdown::Write)).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer {
            status,
            #[cfg(feature = "pages")]
            location: head.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned),
            body: body.to_owned(),
        })
    }

    /// What Prometheus would read.
    pub(crate) fn figures(&self) -> String {
        // All that was asked before has been written by now: the log is never late by more
        // than a moment, and this line was its first.
        let said = self.said("err");
        let (_, place) = said.split_once("figures stand at http://").unwrap();
        let (address, _) = place.split_once("/metrics").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
        body.to_owned()
    }

    /// Stops it as a service manager would: all that it said.
    pub(crate) fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        self.said("out") + &self.said("err")
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn listening(&mut self) -> String {
        let started = Instant::now();
        loop {
            let said = self.said("out");
            let address = said.lines().find_map(|line| line.strip_prefix("listening on http://"));
            if let Some(address) = address {
                return address.to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && started.elapsed() < PATIENCE, "{}", self.said("err"));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn waxseal(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.current_dir(folder.path()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WAXSEAL_") || name == "CREDENTIALS_DIRECTORY" {
            command.env_remove(name);
        }
    }
    command
}
