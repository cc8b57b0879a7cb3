//! A handler that panics costs one answer. In a process of its own, since the
//! panic hook is the whole process's.

#[allow(dead_code, reason = "shared with another test, which uses all of it")]
#[path = "../raw/server.rs"]
mod server;
#[allow(dead_code, reason = "shared with another test, which uses all of it")]
#[path = "../raw/wire.rs"]
mod wire;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use waxseal_core::system::SystemClock;
use waxseal_core::time::{Clock, Moment};

use server::{Server, Setup};

const PAYLOAD: &str = "the value of a secret";

/// A clock that breaks on demand, with words that nobody may read.
#[derive(Default, Debug)]
struct Fragile {
    clock: SystemClock,
    broken: AtomicBool,
}

impl Clock for Fragile {
    fn now(&self) -> Moment {
        assert!(!self.broken.load(Ordering::SeqCst), "{PAYLOAD}");
        self.clock.now()
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_costs_one_answer_and_is_not_quoted() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).init();
    waxseal_server::hide_panic_payloads();
    let clock = Arc::new(Fragile::default());
    let server = Server::start(Setup { clock: clock.clone(), ..Setup::default() }).await;
    let (mut struck, mut other) = (server.client().await, server.client().await);
    let key = server.share("kept").await;

    clock.broken.store(true, Ordering::SeqCst);
    let answer = struck.ask("POST /api/v1/share", "", "secret=x").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert!(answer.body.starts_with("{\"message\":\"Something failed here."), "{}", answer.body);
    assert_eq!(other.ask("GET /healthz", "", "").await.status, 200);

    clock.broken.store(false, Ordering::SeqCst);
    assert_eq!(struck.ask("POST /api/v1/share", "", "secret=x").await.status, 200);
    assert_eq!(other.ask(&format!("POST /api/v1/secret/{key}"), "", "").await.field("value"), "kept");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("panicked") && log.contains("main.rs"), "{log}");
    assert!(!log.contains(PAYLOAD), "{log}");
}
