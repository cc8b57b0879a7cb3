//! A handler that panics costs one answer. In a process of its own, since the
//! panic hook is the whole process's.

#[allow(dead_code, reason = "shared with another test, which uses all of it")]
#[path = "../raw/identity.rs"]
mod identity;
#[allow(dead_code, reason = "shared with another test, which uses all of it")]
#[path = "../raw/server.rs"]
mod server;
#[allow(dead_code, reason = "shared with another test, which uses all of it")]
#[path = "../raw/wire.rs"]
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use waxseal_core::system::SystemClock;
use waxseal_core::time::{Clock, Moment};

use server::{Server, Setup};

/// A clock that breaks on demand.
#[derive(Default, Debug)]
struct Fragile {
    clock: SystemClock,
    broken: AtomicBool,
}

impl Clock for Fragile {
    fn now(&self) -> Moment {
        assert!(!self.broken.load(Ordering::SeqCst));
        self.clock.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_costs_one_answer() {
    // What a panic prints is the program's affair; here it would only be noise.
    std::panic::set_hook(Box::new(|_| {}));
    let clock = Arc::new(Fragile::default());
    let server = Server::start(Setup { clock: clock.clone(), ..Setup::default() }).await;
    let (mut struck, mut other) = (server.client().await, server.client().await);
    let key = server.share("kept").await;

    clock.broken.store(true, Ordering::SeqCst);
    let answer = struck.ask("POST /api/v1/share", "", "secret=x").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert!(answer.body.starts_with("{\"message\":\"Something failed here."), "{}", answer.body);
    if cfg!(feature = "pages") {
        let page = struck.ask("GET /", "X-Request-Id: mine-7\r\n", "").await;
        assert_eq!((page.status, page.header("content-language")), (503, Some("en")));
        assert!(page.body.contains("mine-7"), "{}", page.body);
    }
    assert_eq!(other.ask("GET /healthz", "", "").await.status, 200);

    clock.broken.store(false, Ordering::SeqCst);
    assert_eq!(struck.ask("POST /api/v1/share", "", "secret=x").await.status, 200);
    assert_eq!(other.ask(&format!("POST /api/v1/secret/{key}"), "", "").await.field("value"), "kept");
}
