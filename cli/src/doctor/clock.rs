//! The clock: lifetimes hang on it. It is compared with what others wrote down.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use waxseal_server::config::Config;
use waxseal_storage::Inspected;

use super::Finding;

const CHECK: &str = "clock";
const MEND: &str = "set the clock right and keep it so, before the next start: timedatectl set-ntp true";
/// Clocks of machines that are kept right differ less.
const TOLERANCE: Duration = Duration::from_secs(60);
/// 2026 began. No release of Waxseal is older.
const EARLIEST: Duration = Duration::from_secs(1_767_225_600);

/// Compares the clock with the files of this deployment and with Redis.
pub(super) fn look(config: &Config, found: Option<&Inspected>) -> Finding {
    let now = SystemTime::now();
    if now < UNIX_EPOCH + EARLIEST {
        return Finding::failed(CHECK, "it is set to a time before Waxseal was made", MEND);
    }
    if let Some(path) = files(config).into_iter().find(|path| is_later(path, now + TOLERANCE)) {
        let finding = format!("it is behind: {} was changed in what is the future here", path.display());
        return Finding::failed(CHECK, finding, MEND);
    }
    match found {
        Some(Inspected::Redis(redis)) => {
            beside(now, redis.masters.iter().filter_map(|master| master.time_us))
        }
        _ => Finding::ok(CHECK, "no file of this deployment speaks against it"),
    }
}

fn files(config: &Config) -> Vec<PathBuf> {
    let named = [config.file.as_deref(), config.key.path(), config.store.path()];
    named.into_iter().flatten().map(Path::to_owned).collect()
}

fn is_later(path: &Path, than: SystemTime) -> bool {
    fs::metadata(path).and_then(|file| file.modified()).is_ok_and(|changed| changed > than)
}

fn beside(now: SystemTime, others: impl Iterator<Item = u64>) -> Finding {
    let difference = |micros: u64| {
        let other = UNIX_EPOCH + Duration::from_micros(micros);
        now.duration_since(other).unwrap_or_else(|behind| behind.duration())
    };
    match others.map(difference).max() {
        Some(most) if most > TOLERANCE => {
            Finding::failed(CHECK, format!("it differs from Redis' by {} s", most.as_secs()), MEND)
        }
        Some(most) => Finding::ok(CHECK, format!("within {} ms of Redis'", most.as_millis())),
        None => Finding::ok(CHECK, "no file of this deployment speaks against it"),
    }
}
