//! The keys: read where the configuration says, or made where nothing stands yet.

use std::path::Path;

use anyhow::anyhow;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::system::SystemEntropy;
use waxseal_server::config::{Config, Key};
use waxseal_server::key_file::{self, KeyError};

use crate::exit::Failure;
use crate::folder;

/// The keys that the configuration names. If they are missing, the refusal says
/// what to do about it.
pub(crate) fn load(config: &Config) -> Result<Keyring, Failure> {
    key_file::load(&config.key).map_err(|error| match error {
        KeyError::Missing(path) => missing(config, &path),
        error => Failure::config(error),
    })
}

/// Whether the keys will do. That none are there yet is no fault, unless a store is.
pub(crate) fn check(config: &Config) -> Result<(), Failure> {
    match key_file::load(&config.key) {
        Ok(_) => Ok(()),
        Err(KeyError::Missing(_)) if !stands(config) => Ok(()),
        Err(KeyError::Missing(path)) => Err(missing(config, &path)),
        Err(error) => Err(Failure::config(error)),
    }
}

/// Makes the key file that the configuration names. `false` if it is there
/// already, or the key does not come from a file of ours. A store that is there
/// is never given another key file.
pub(crate) fn make(config: &Config) -> Result<bool, Failure> {
    let Key::File(path) = &config.key else { return Ok(false) };
    // One that can't be looked at may be there: reading it will say why it can't.
    if path.try_exists().unwrap_or(true) {
        return Ok(false);
    }
    if stands(config) {
        return Err(missing(config, path));
    }
    folder::make_for(path).map_err(Failure::config)?;
    let keyring = Keyring::generate(&SystemEntropy::default()).map_err(Failure::other)?;
    key_file::create(path, &keyring).map_err(Failure::config)?;
    Ok(true)
}

fn missing(config: &Config, path: &Path) -> Failure {
    let path = path.display();
    if stands(config) {
        let store = &config.store;
        return Failure::config(anyhow!(
            "there is no key file at {path}, but there is a store at {store}: restore the key file from your \
             copy, for nothing else opens that store"
        ));
    }
    let flag = config.file.as_ref().map(|file| format!(" --config {}", file.display())).unwrap_or_default();
    Failure::config(anyhow!("there is no key file at {path}; make one with: waxseal init{flag}"))
}

fn stands(config: &Config) -> bool {
    // A place that can't be looked at may hold one.
    config.store.path().is_some_and(|path| path.try_exists().unwrap_or(true))
}
