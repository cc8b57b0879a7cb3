//! The key file: there, whole, and its owner's alone.

use waxseal_core::seal::keyring::Keyring;
use waxseal_server::config::Config;
use waxseal_server::key_file::{self, KeyError};

use super::Finding;

const CHECK: &str = "key file";

/// The keys, if they will do.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) -> Option<Keyring> {
    let place = config.key.path().map_or("WAXSEAL_KEY".to_owned(), |path| path.display().to_string());
    match key_file::load(&config.key) {
        Ok(keyring) => {
            let keys = keyring.ring().len();
            let count = if keys == 1 { "one key".to_owned() } else { format!("{keys} keys") };
            findings.push(Finding::ok(CHECK, format!("{place} holds {count}")));
            Some(keyring)
        }
        Err(error) => {
            findings.push(refused(config, &place, error));
            None
        }
    }
}

fn refused(config: &Config, place: &str, error: KeyError) -> Finding {
    let stands = config.store.path().is_some_and(|path| path.try_exists().unwrap_or(true));
    let mend = match &error {
        KeyError::Missing(_) if stands => {
            "restore it from your copy: nothing else opens the store that is there".to_owned()
        }
        KeyError::Missing(_) => "waxseal init makes one".to_owned(),
        KeyError::Exposed { path, mode } => {
            let finding = format!("others may read {} (mode {mode:04o})", path.display());
            return Finding::failed(CHECK, finding, format!("chmod 600 {}", path.display()));
        }
        KeyError::Unreadable { .. } => format!("let the server's user read {place}"),
        _ => "restore it from your copy".to_owned(),
    };
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Finding::failed(CHECK, format!("{error}{cause}"), mend)
}
