//! The real program, set up from nothing in a folder of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::http::{self, Body};
use crate::names::Names;

/// The account of the cases.
const USER: &str = "replay@example.com";

/// Longer than a start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server and its account. Stopped on drop, its folder removed.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    token: String,
    folder: tempfile::TempDir,
}

#[derive(Deserialize)]
struct Added {
    token: String,
}

impl Server {
    /// Sets a deployment up over `store`, or over what is usual, adds the account, and
    /// waits until it answers.
    pub(crate) fn start(store: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let named = store.into_iter().flat_map(|store| ["--store", store]);
        run(folder.path(), &["init"].into_iter().chain(named).collect::<Vec<_>>());
        let added = run(folder.path(), &["account", "add", USER, "--json"]);
        let added: Added = serde_json::from_slice(&added).expect("the account as JSON");
        let address = free_address();
        let log = File::create(folder.path().join("log")).expect("a log");
        let child = waxseal(folder.path())
            .args(["serve", "--listen", &address.to_string()])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let server = Self { child, address, token: added.token, folder };
        server.wait();
        server
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What every case may name.
    pub(crate) fn names(&self) -> Names {
        let mut names = Names::default();
        names.set("host", &self.address.to_string());
        names.set("user", USER);
        names.set("token", &self.token);
        names.set("basic", &STANDARD.encode(format!("{USER}:{}", self.token)));
        names
    }

    /// What the server has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait(&self) {
        let started = Instant::now();
        let headers =
            [("Host".to_owned(), self.address.to_string()), ("Connection".to_owned(), "close".to_owned())];
        let sent = http::request("GET /api/v1/status", &headers, &Body::None);
        while http::exchange(self.address, &sent).map_or(0, |answer| answer.status) != 200 {
            assert!(started.elapsed() < PATIENCE, "the server does not answer:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only where it is gone already, which the test has noticed by then.
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

/// The program in `folder`, heeding nothing of the tester's own configuration.
fn waxseal(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.current_dir(folder).stdin(Stdio::null());
    let ours = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WAXSEAL_"));
    for (name, _) in ours {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = waxseal(folder).args(arguments).output().expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "waxseal {}: {said}", arguments.join(" "));
    output.stdout
}

/// A port of the loopback that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}
