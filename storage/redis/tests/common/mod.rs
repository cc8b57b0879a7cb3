//! What several of the tests need.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use waxseal_redis::{Options, RedisStore};

/// Something that is started once for all who need it at one time, and goes with
/// the last of them.
pub(crate) struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    pub(crate) fn get(&self, start: impl FnOnce() -> T) -> Arc<T> {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.upgrade().unwrap_or_else(|| {
            let started = Arc::new(start());
            *standing = Arc::downgrade(&started);
            started
        })
    }
}

/// Options under which an empty store stands, whatever else the server holds.
/// Patient: a law is about answers, and the machine may be busy.
pub(crate) fn apart(budget: u64) -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed)).parse().unwrap();
    let patience = Duration::from_secs(20);
    Options { prefix, stored_bytes_budget: budget, patience, ..Options::default() }
}

/// The usual options, and time enough for a busy machine.
pub(crate) fn patient() -> Options {
    Options { patience: Duration::from_secs(20), ..Options::default() }
}

pub(crate) async fn open(url: &str, options: Options) -> Arc<RedisStore> {
    Arc::new(RedisStore::open(url.parse().unwrap(), options).await.unwrap())
}

/// Awaits a state that must come.
pub(crate) async fn lasting(what: &str, reached: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while !reached().await {
        assert!(tokio::time::Instant::now() < deadline, "it never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
