//! How much memory secrets take in Redis beyond their text, and how fast they come
//! and go: the figures of docs/redis.md.
//!
//! ```sh
//! cargo run --release -p waxseal-redis --example footprint -- redis://127.0.0.1:6379 100000 100
//! ```
//!
//! over an empty Redis: that many guests' secrets, of that many bytes each.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use redis::Client;
use waxseal_core::id::ClientId;
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::secret::Plaintext;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::vault::{Caller, Ports, Terms, Vault};
use waxseal_redis::{Options, RedisStore};

/// Secrets on their way at once.
const AT_ONCE: usize = 64;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("say redis://HOST:PORT, how many secrets, how many bytes")?;
    let count: usize = args.next().unwrap_or_default().parse()?;
    let bytes: usize = args.next().unwrap_or_default().parse()?;
    let client = Client::open(url.as_str())?;
    let vault = vault(RedisStore::open(url.parse()?, Options::default()).await?)?;
    let before = used(&client).await?;
    let started = Instant::now();
    for first in (0..count).step_by(AT_ONCE) {
        let shared = join_all((first..count.min(first + AT_ONCE)).map(|_| share(&vault, bytes))).await;
        shared.into_iter().collect::<Result<(), _>>()?;
    }
    let beyond = (used(&client).await? - before) as f64 / count as f64 - bytes as f64;
    let rate = count as f64 / started.elapsed().as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{count} secrets of {bytes} bytes: {beyond:.0} bytes each beyond the text, {rate:.0} made a second"
    )?;
    Ok(())
}

fn vault(store: RedisStore) -> Result<Vault, Box<dyn Error>> {
    let entropy = Arc::new(SystemEntropy::default());
    let keyring = Arc::new(Keyring::generate(&*entropy)?);
    let (store, clock) = (Arc::new(store), Arc::new(SystemClock::default()));
    let ports = Ports { store, clock, entropy, stretch: Arc::new(InlineStretch) };
    Ok(Vault::new(ports, keyring, Policy::default()))
}

async fn share(vault: &Vault, bytes: usize) -> Result<(), Box<dyn Error>> {
    let text = Plaintext::from_utf8(vec![b'x'; bytes].into()).ok_or("x is text")?;
    vault.share(text, Terms::default(), &Caller::guest(ClientId::LOCAL)).await?;
    Ok(())
}

async fn used(client: &Client) -> Result<i64, Box<dyn Error>> {
    let mut connection = client.get_multiplexed_async_connection().await?;
    let told: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
    let line = told.lines().find_map(|line| line.strip_prefix("used_memory:")).ok_or("no used_memory")?;
    Ok(line.trim().parse()?)
}
