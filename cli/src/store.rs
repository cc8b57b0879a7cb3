//! Opens the store, and makes sure that it belongs to the keys.

use anyhow::anyhow;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::system::SystemEntropy;
use waxseal_server::config::Config;
use waxseal_storage::{Opened, Options, StoreUrl};

use crate::exit::Failure;
use crate::folder;

/// Opens the store that the configuration names. A new store is bound to these
/// keys; one that is bound to others is refused.
pub(crate) async fn open(config: &Config, keyring: &Keyring) -> Result<Opened, Failure> {
    let options = Options { stored_bytes: config.stored_bytes, redis: config.redis.clone() };
    let opened = waxseal_storage::open(&config.store, options).await.map_err(Failure::store)?;
    let check = keyring.check(&SystemEntropy::default()).map_err(Failure::other)?;
    let standing = opened.store.bind(check).await.map_err(Failure::store)?;
    if keyring.opens(&standing) {
        return Ok(opened);
    }
    let key = config.key.path().map_or("WAXSEAL_KEY".to_owned(), |path| path.display().to_string());
    Err(Failure::config(anyhow!(
        "the store {} was made with another key file than {key}: restore the one it was made with, for nothing \
         else opens it",
        config.store
    )))
}

/// Makes the folder that a new store is to stand in.
pub(crate) fn make_folder(config: &Config) -> Result<(), Failure> {
    config.store.path().map_or(Ok(()), folder::make_for).map_err(Failure::store)
}

/// Refuses what no process but the server's own can look into, and a store that would
/// only be made.
pub(crate) fn must_stand(config: &Config) -> Result<(), Failure> {
    let store = &config.store;
    match store.path() {
        Some(path) if !path.try_exists().unwrap_or(true) => {
            Err(Failure::store(anyhow!("there is no store at {store} yet: waxseal serve makes it")))
        }
        None if *store == StoreUrl::Memory => Err(Failure::config(anyhow!(
            "the store memory: stands in the server's process alone; name another with --store"
        ))),
        _ => Ok(()),
    }
}
