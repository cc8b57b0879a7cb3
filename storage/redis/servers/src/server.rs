//! One `redis-server`.

use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Starts a program and waits for the end of its input, which comes with the end
/// of the test's process at the latest; then kills the program.
const WATCH: &str = r#""$@" & child=$!; echo $child; read -r _; kill -KILL $child; wait $child 2>/dev/null"#;
/// How long a state may take to come that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    program: &'static str,
    args: Vec<String>,
    port: u16,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    watch: Child,
    pid: u32,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The end of its input is the watch's sign.
        drop(self.watch.stdin.take());
        self.watch.wait().ok();
    }
}

impl Server {
    /// A server with further settings, each a flag and its values: `["--maxmemory", "3mb"]`.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(settings: &[&str]) -> Self {
        Self::run("redis-server", folder(), |port, folder| {
            let path = |name: &str| folder.join(name).display().to_string();
            let usual = [
                ("--port", port.to_string()),
                ("--bind", "127.0.0.1".to_owned()),
                ("--unixsocket", path("redis.sock")),
                ("--dir", folder.display().to_string()),
                ("--logfile", path("redis.log")),
                ("--save", String::new()),
            ];
            let usual = usual.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]);
            usual.chain(settings.iter().map(|&word| word.to_owned())).collect()
        })
    }

    /// Takes a free port until one is still free when the program takes it.
    pub(crate) fn run(
        program: &'static str,
        folder: TempDir,
        args: impl Fn(u16, &Path) -> Vec<String>,
    ) -> Self {
        let mut server = Self { folder, program, args: Vec::new(), port: 0, running: None };
        for _ in 0..10 {
            server.port = free_port();
            server.args = args(server.port, server.folder.path());
            if server.try_run() {
                return server;
            }
        }
        panic!("{program} does not come up: {}", server.log());
    }

    fn try_run(&mut self) -> bool {
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "watch", self.program])
            .args(&self.args)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("every machine has a shell");
        let mut pid = String::new();
        let mut said = BufReader::new(watch.stdout.take().expect("it is piped"));
        said.read_line(&mut pid).expect("a shell says what it echoes");
        let pid = pid.trim().parse().expect("a shell knows its child");
        self.running = Some(Running { watch, pid });
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.answers() {
                return true;
            }
            if !is_alive(pid) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.running = None;
        false
    }

    /// Whether it is there, be it that it is still reading its data.
    fn answers(&self) -> bool {
        let said = self.cli(&["PING"]);
        ["PONG", "LOADING", "NOAUTH", "NOPERM"].iter().any(|word| said.contains(word))
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `redis://…` to it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// `redis+unix://…` to it.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("redis+unix://{}", self.folder().join("redis.sock").display())
    }

    /// Where its files lie.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("redis.log")).unwrap_or_default()
    }

    /// What `redis-cli` says to a command, errors among it.
    #[must_use]
    pub fn cli<A: AsRef<std::ffi::OsStr>>(&self, command: &[A]) -> String {
        let port = self.port.to_string();
        let mut cli = Command::new("redis-cli");
        cli.args(["-p", &port, "--no-auth-warning"]).args(command).stdin(Stdio::null());
        let output = cli.output().expect("redis-cli was there a moment ago");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Gives a command that must be answered with OK.
    ///
    /// # Panics
    /// If it is not.
    pub fn ok(&self, command: &[&str]) {
        let said = self.cli(command);
        assert_eq!(said.trim(), "OK", "{command:?}");
    }

    /// A line of `INFO` or of `CLUSTER INFO`.
    #[must_use]
    pub fn told(&self, command: &[&str], name: &str) -> String {
        let said = self.cli(command);
        let mut lines = said.lines().filter_map(|line| line.trim().split_once(':'));
        lines.find(|(told, _)| *told == name).map(|(_, value)| value.to_owned()).unwrap_or_default()
    }

    /// Sends its process a signal, such as `-STOP`.
    ///
    /// # Panics
    /// If there is none.
    pub fn signal(&self, signal: &str) {
        let pid = self.running.as_ref().expect("it runs").pid.to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "kill {signal} {pid}");
    }

    /// Its process, for whoever asks the system about it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.pid)
    }

    /// Kills it as a power cut would.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again, on the same port and with the same files.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn start_again(&mut self) {
        assert!(self.try_run(), "it does not come up again: {}", self.log());
    }

    /// Adds settings for the next start.
    pub fn set(&mut self, settings: &[&str]) {
        self.args.extend(settings.iter().map(|&word| word.to_owned()));
    }
}

/// A folder in memory where there is one: a node of a cluster syncs its list of nodes
/// to the disk whenever a slot moves, and does nothing else until that is done.
pub(crate) fn folder() -> TempDir {
    let in_memory = tempfile::Builder::new().prefix("redis-").tempdir_in("/dev/shm");
    in_memory.or_else(|_| tempfile::tempdir()).expect("a folder for a test")
}

/// A port that nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.expect("a machine that gives no port can prove nothing").port()
}

fn is_alive(pid: u32) -> bool {
    let probe = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status();
    probe.is_ok_and(|probe| probe.success())
}

/// Waits until it is so.
///
/// # Panics
/// If it never is.
pub fn eventually(what: impl Display, so: impl Fn() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < PATIENCE, "it never came: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
