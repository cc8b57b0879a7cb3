//! Real Redis servers for tests: one alone, a master with replicas and Sentinels,
//! a cluster. Each listens on a free loopback port in a folder of its own, and is
//! gone when its value is dropped, and when the test's process dies.
//!
//! The programs `redis-server`, `redis-sentinel` and `redis-cli` are found by PATH.
//! Where they are missing a test is skipped aloud, unless `WAXSEAL_REQUIRE_ALL=1`
//! says that nothing may be: then it fails.

#![forbid(unsafe_code)]

mod cluster;
mod sentinel;
mod server;

pub use cluster::Cluster;
pub use sentinel::Watched;
pub use server::{Server, eventually};

use std::process::{Command, Stdio};

/// Whether the programs are there.
///
/// # Panics
/// If they are not, and `WAXSEAL_REQUIRE_ALL=1` is set.
#[must_use]
#[allow(clippy::print_stdout, reason = "a skipped test must be seen")]
pub fn available(test: &str) -> bool {
    let missing = ["redis-server", "redis-sentinel", "redis-cli"].into_iter().find(|name| {
        let asked = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        !asked.is_ok_and(|status| status.success())
    });
    let Some(missing) = missing else { return true };
    let required = std::env::var("WAXSEAL_REQUIRE_ALL").is_ok_and(|all| all == "1");
    assert!(!required, "{test} needs {missing}, and WAXSEAL_REQUIRE_ALL=1 allows nothing to be skipped");
    println!("SKIPPED {test}: {missing} is not installed");
    false
}
