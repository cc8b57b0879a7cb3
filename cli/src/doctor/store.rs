//! The store: reachable, in a format of this release, kept, and of these keys.

use std::cmp::Ordering;
use std::path::Path;
use std::time::{Duration, Instant};

use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Check;
use waxseal_server::config::Config;
use waxseal_storage::{Inspected, Master, OpenError, Options, SqliteFile};

use super::Finding;

const CHECK: &str = "store";
/// Beyond, people notice.
const SLOW: Duration = Duration::from_millis(50);
/// Below, there is no room to go on for long.
const LEAST_FREE: u64 = 256 << 20;

/// Looks at the store, and whether the keys are its own.
pub(super) async fn look(
    config: &Config,
    keyring: Option<&Keyring>,
    findings: &mut Vec<Finding>,
) -> Option<Inspected> {
    let options = Options { stored_bytes: config.stored_bytes, redis: config.redis.clone() };
    let begun = Instant::now();
    let found = match waxseal_storage::inspect(&config.store, options).await {
        Ok(found) => found,
        Err(error) => {
            findings.push(unreadable(&error));
            return None;
        }
    };
    match &found {
        Inspected::Memory => findings.push(Finding::warning(
            CHECK,
            "memory: keeps nothing when the server stops",
            "set store = \"sqlite:data/waxseal.db\" for anything but a trial",
        )),
        Inspected::Sqlite(None) => findings.push(absent(config)),
        Inspected::Sqlite(Some(file)) => {
            findings.push(format(config, file, begun.elapsed()));
            findings.extend(belongs(config, keyring, file.check.as_ref()));
        }
        Inspected::Redis(redis) => {
            findings.extend(redis.masters.iter().map(|master| of_master(config, master)));
            findings.extend(redis.format.map(|found| redis_format(found, redis.newest)));
            findings.extend(belongs(config, keyring, redis.check.as_ref()));
        }
    }
    findings.extend(config.store.path().and_then(|path| space(config, path)));
    Some(found)
}

fn unreadable(error: &OpenError) -> Finding {
    match error {
        OpenError::Sqlite(error) => {
            Finding::of_error(CHECK, error, "let the server's user read and write the file and its folder")
        }
        OpenError::Redis(error) => Finding::failed(
            CHECK,
            error.to_string(),
            "start Redis, or mend `store` in the configuration: host, port, user and password",
        ),
    }
}

fn absent(config: &Config) -> Finding {
    let folder = config.store.path().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    // Without a configuration file, serve makes the folder, too.
    match folder.filter(|folder| config.file.is_some() && !folder.is_dir()) {
        Some(folder) => {
            let folder = folder.display();
            let mend = format!("mkdir -m 700 {folder}, or name another place in `store`");
            Finding::failed(CHECK, format!("the folder {folder} does not exist"), mend)
        }
        None => Finding::ok(CHECK, format!("{} is not there yet: the first start makes it", config.store)),
    }
}

fn format(config: &Config, file: &SqliteFile, took: Duration) -> Finding {
    let SqliteFile { format, newest, adds, .. } = file;
    let store = &config.store;
    if !config.store.path().is_some_and(writable) {
        let mend =
            "give file and folder to the user that the server runs as (chown), on a file system to write to";
        return Finding::failed(CHECK, format!("{store} can't be written"), mend);
    }
    if format < newest {
        return Finding::warning(
            CHECK,
            format!("{store} has format {format}, and this release writes {newest}"),
            format!(
                "back it up; the next start adds {} in one transaction, and earlier releases then refuse it",
                adds.join(", ")
            ),
        );
    }
    Finding::ok(CHECK, format!("{store}, format {format}, read in {} ms", took.as_millis()))
}

fn redis_format(found: u64, newest: u64) -> Finding {
    let told = format!("the store in Redis has format {found}");
    match found.cmp(&newest) {
        Ordering::Equal => Finding::ok(CHECK, told),
        Ordering::Less => Finding::warning(
            CHECK,
            format!("{told}, and this release writes {newest}"),
            "back it up; the next start brings it up, and earlier releases then refuse it",
        ),
        Ordering::Greater => Finding::failed(
            CHECK,
            format!("{told}, and this release knows {newest}"),
            "run the release that made it, or a later one",
        ),
    }
}

fn belongs(config: &Config, keyring: Option<&Keyring>, check: Option<&Check>) -> Option<Finding> {
    let (keyring, check) = (keyring?, check?);
    Some(if keyring.opens(check) {
        Finding::ok("key and store", "they belong together")
    } else {
        Finding::failed(
            "key and store",
            format!("{} was made with another key file", config.store),
            "restore the key file that it was made with: nothing else opens it",
        )
    })
}

fn of_master(config: &Config, master: &Master) -> Finding {
    let at = format!("Redis at {}", master.address);
    let needed = config.redis.min_replicas;
    match master {
        Master { eviction: None, .. } => Finding::failed(
            CHECK,
            format!("{at} does not tell its eviction policy"),
            "allow INFO to its user",
        ),
        Master { eviction: Some(policy), .. } if policy != "noeviction" => Finding::failed(
            CHECK,
            format!("{at} throws unread secrets away when memory is short ({policy})"),
            "set maxmemory-policy noeviction in redis.conf",
        ),
        Master { replicas, .. } if *replicas < needed => Finding::failed(
            CHECK,
            format!(
                "{at} has {replicas} replicas, and min_replicas asks for {needed}: nothing can be stored"
            ),
            "connect more replicas, or lower min_replicas in [redis]",
        ),
        Master { append_only: Some(false), .. } => Finding::warning(
            CHECK,
            format!("{at} keeps no append-only file: what it acknowledged is lost when it stops"),
            "set appendonly yes in redis.conf",
        ),
        Master { max_memory: Some(most), .. } if *most > 0 && *most < config.stored_bytes => {
            Finding::warning(
                CHECK,
                format!("{at} may use {most} bytes, and stored_bytes allows {}", config.stored_bytes),
                "raise maxmemory in redis.conf, or lower stored_bytes in [limits]",
            )
        }
        Master { latency, .. } if *latency > SLOW => Finding::warning(
            CHECK,
            format!("{at} takes {} ms to answer", latency.as_millis()),
            "bring Redis nearer, or find what keeps it busy (redis-cli --latency)",
        ),
        Master { version, latency, .. } => {
            let version = version.as_deref().unwrap_or("unknown");
            Finding::ok(CHECK, format!("{at}, version {version}, answers in {} µs", latency.as_micros()))
        }
    }
}

#[cfg(unix)]
fn writable(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    let may = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    may(path) && may(folder(path))
}

#[cfg(not(unix))]
fn writable(_: &Path) -> bool {
    true
}

/// Room for what may still come, where the store stands in a file.
#[cfg(unix)]
fn space(config: &Config, path: &Path) -> Option<Finding> {
    // A folder that is not there yet says nothing.
    let found = rustix::fs::statvfs(folder(path)).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let standing = std::fs::metadata(path).map_or(0, |file| file.len());
    let wanted = LEAST_FREE.max(config.stored_bytes.saturating_sub(standing));
    let told = format!("{} MiB free beside the store", free >> 20);
    Some(if free < wanted {
        let mend = "make room on that disk, or lower stored_bytes in [limits]";
        Finding::warning("disk", format!("{told}; {} MiB may be wanted", wanted >> 20), mend)
    } else {
        Finding::ok("disk", told)
    })
}

#[cfg(not(unix))]
fn space(_: &Config, _: &Path) -> Option<Finding> {
    None
}

#[cfg(unix)]
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
