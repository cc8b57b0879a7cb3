//! A system clock that steps by an hour under a running server, either way. libfaketime
//! shows the process the time that a file says; the steady clock goes on as it was.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::clients::Crowd;
use super::ledger::check;
use super::{available, unlimited};
use crate::home::{Home, Server, eventually};

#[test]
fn a_clock_that_steps_ahead_ends_what_is_due_and_harms_nothing_else() {
    let name = "a_clock_that_steps_ahead_ends_what_is_due_and_harms_nothing_else";
    let Some(stepping) = Stepping::start(name) else { return };
    let server = &stepping.server;
    let (short, long) = (share(server, 1_800), share(server, 7_200));
    let crowd = Crowd::start(server, 2);
    crowd.until_made(5);
    stepping.step("+1h");
    // What was due within the hour is over at once, and its bytes with the next sweep.
    assert_eq!(open(server, &short), Value::Null);
    assert!(stepping.expired() < 2, "only the short one has expired");
    eventually(|| stepping.expired() == 0);
    crowd.until_made(5);
    assert_eq!(crowd.told().refused.load(Ordering::Relaxed), 0);
    check(server, &mut crowd.stop()).assert_none();
    assert_eq!(open(server, &long), "value");
}

#[test]
fn a_clock_that_steps_back_stops_nothing() {
    let Some(stepping) = Stepping::start("a_clock_that_steps_back_stops_nothing") else { return };
    let server = &stepping.server;
    let kept = share(server, 7_200);
    let crowd = Crowd::start(server, 2);
    crowd.until_made(5);
    stepping.step("-1h");
    let brief = share(server, 60);
    let ttl = || server.ask("GET", &private(&brief), "", None).1["secret_ttl"].as_u64().unwrap();
    // Its life runs on, though the system's clock is behind what was read before.
    let at_first = ttl();
    eventually(|| ttl() < at_first);
    crowd.until_made(5);
    assert_eq!(crowd.told().refused.load(Ordering::Relaxed), 0);
    let mut stories = crowd.stop();
    let half = stories.len() / 2;
    check(server, &mut stories[..half]).assert_none();
    assert_eq!(open(server, &kept), "value");
    // A restarted one believes the clock again, and keeps what was made in between.
    server.kill();
    let again = stepping.start_again();
    check(&again, &mut stories).assert_none();
    assert_eq!(open(&again, &brief), "value");
}

/// An allowance that is used up comes back at its pace, and not an hour later.
#[test]
fn a_clock_that_steps_back_gives_allowances_back() {
    let Some(stepping) = Stepping::limited("a_clock_that_steps_back_gives_allowances_back") else { return };
    let server = &stepping.server;
    let shared = || server.ask("POST", "/api/v1/share", "secret=x", None).1["state"] == "new";
    while shared() {}
    stepping.step("-1h");
    eventually(shared);
}

#[cfg(feature = "pages")]
#[test]
fn a_page_outlives_a_step_of_the_clock() {
    let Some(stepping) = Stepping::start("a_page_outlives_a_step_of_the_clock") else { return };
    let server = &stepping.server;
    for offset in ["+1h", "+0", "-1h"] {
        let shared = share(server, 40_000);
        let path = format!("/secret/{}", shared["secret_key"].as_str().unwrap());
        let (_, front) = server.send_with("GET", &path, "Host: a\r\n", "").unwrap();
        let (_, token) = front.split_once("name=\"token\" value=\"").unwrap();
        let form = format!("token={}", token.split_once('"').unwrap().0);
        stepping.step(offset);
        let (_, shown) = server.send_with("POST", &path, "Host: a\r\n", &form).unwrap();
        assert!(shown.contains("value</textarea>"), "{offset}: {shown}");
    }
}

fn share(server: &Server, ttl: u64) -> Value {
    let (status, shared) = server.ask("POST", "/api/v1/share", &format!("secret=value&ttl={ttl}"), None);
    assert_eq!(status, 200, "{shared}");
    shared
}

fn open(server: &Server, shared: &Value) -> Value {
    server.reveal(shared)
}

fn private(shared: &Value) -> String {
    format!("/api/v1/private/{}", shared["metadata_key"].as_str().unwrap())
}

/// A server whose wall clock is moved.
struct Stepping {
    home: Home,
    server: Arc<Server>,
}

impl Stepping {
    fn start(test: &str) -> Option<Self> {
        Self::over(test, unlimited("sqlite:data/waxseal.db"))
    }

    /// One where a guest's allowance comes back within seconds.
    fn limited(test: &str) -> Option<Self> {
        let home = Home::new();
        home.run(&["init"]).ok();
        let limits = "[limits]\nguest_creates_per_20m = 240\n";
        home.write("waxseal.toml", &format!("{}\n{limits}", home.read("waxseal.toml")));
        Self::over(test, home)
    }

    fn over(test: &str, home: Home) -> Option<Self> {
        if library().is_none() && !available(test, "faketime", &["+1h", "true"]) {
            return None;
        }
        home.write("offset", "+0");
        let server = Arc::new(Self::serve(&home));
        Some(Self { home, server })
    }

    fn serve(home: &Home) -> Server {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("LD_PRELOAD", library().unwrap()).env("FAKETIME_TIMESTAMP_FILE", home.path("offset"));
        // Read at every look at the clock; of the clocks, the wall's alone is moved.
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let server = Server::start(&mut command);
        forget(server.pid());
        server
    }

    /// The same, after the end of the one before.
    fn start_again(&self) -> Server {
        Self::serve(&self.home)
    }

    /// Moves the clock: so far it is from the true time now.
    fn step(&self, offset: &str) {
        // In one step: the process may look at any time.
        self.home.write("offset.new", offset);
        fs::rename(self.home.path("offset.new"), self.home.path("offset")).unwrap();
    }

    /// Secrets that are over within an hour from now, and whose bytes stand.
    fn expired(&self) -> u32 {
        let conn = rusqlite::Connection::open(self.home.path("data/waxseal.db")).unwrap();
        let sql = "SELECT count(*) FROM bodies WHERE live = 1 AND expires < unixepoch() + 3600";
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// Where libfaketime stands.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let stands = |folder: fs::DirEntry| folder.path().join("faketime/libfaketime.so.1");
    folders.flatten().map(stands).find(|path| path.exists())
}

/// Unlinks what libfaketime shares between a process and its children. It does so
/// itself at an orderly end; what a killed one leaves would stop the next process
/// that is given the same number.
fn forget(pid: u32) {
    for name in ["faketime_shm_", "sem.faketime_sem_"] {
        fs::remove_file(format!("/dev/shm/{name}{pid}")).ok();
    }
}
