//! A disk that fails under a running server: strace makes the calls of the process come
//! back with EIO, and lets go of it again. The server is never restarted for it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

use super::clients::Crowd;
use super::ledger::check;
use super::{available, unlimited};
use crate::home::Server;

#[test]
fn syncs_that_fail_cost_answers_and_nothing_else() {
    outlives("syncs_that_fail_cost_answers_and_nothing_else", "fsync,fdatasync");
}

#[test]
fn writes_that_fail_cost_answers_and_nothing_else() {
    outlives("writes_that_fail_cost_answers_and_nothing_else", "pwrite64,ftruncate");
}

#[test]
fn reads_that_fail_cost_answers_and_nothing_else() {
    outlives("reads_that_fail_cost_answers_and_nothing_else", "pread64");
}

/// A crowd before, while and after calls fail: it is refused meanwhile and served again
/// then, and everything it was told is true, now and after a restart.
fn outlives(test: &str, calls: &str) {
    if !available(test, "strace", &["-qq", "true"]) {
        return;
    }
    let home = unlimited("sqlite:data/waxseal.db");
    let server = Arc::new(home.serve(&[]));
    let crowd = Crowd::start(&server, 4);
    crowd.until_made(10);
    for _ in 0..2 {
        let failing = Failing::start(&server, calls);
        crowd.until_refused(20);
        failing.stop();
        crowd.until_made(10);
    }
    let mut stories = crowd.stop();
    let half = stories.len() / 2;
    check(&server, &mut stories[..half]).assert_none();
    server.kill();
    check(&home.serve(&[]), &mut stories).assert_none();
}

/// Calls of a process that fail.
struct Failing {
    strace: Child,
    /// Kept open: strace ends if it can't say which further threads it holds.
    _told: BufReader<ChildStderr>,
}

impl Failing {
    fn start(server: &Server, calls: &str) -> Self {
        let pid = server.pid().to_string();
        let inject = format!("inject={calls}:error=EIO");
        let mut strace = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject, "-p", &pid])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(strace.stderr.take().unwrap());
        let mut first = String::new();
        told.read_line(&mut first).unwrap();
        assert!(first.contains("attached"), "{first}");
        Self { strace, _told: told }
    }

    /// Lets go of the process.
    fn stop(mut self) {
        let pid = self.strace.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.strace.wait().unwrap();
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        // It may have ended already.
        self.strace.kill().ok();
        self.strace.wait().ok();
    }
}
