//! The file: made whole or not at all, checked before it is trusted, brought up
//! to this release's version, and opened the same way everywhere.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use waxseal_core::store::Cause;

/// "WXSL": tells our files from those of other programs.
pub(crate) const APPLICATION_ID: i32 = 0x5758_534c;
/// What makes a file of version 1, and what leads from each version to the next. A
/// new file takes the same road as an old one, so both end alike. Every step only
/// adds: a process of an earlier release that has the file open goes on undisturbed.
const STEPS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema_2.sql")];
/// What each step adds, in words.
pub(crate) const ADDS: [&str; STEPS.len()] =
    ["records, accounts and their tokens", "custom domains of accounts"];
/// The version that the steps lead to, in the file's `user_version`.
pub(crate) const VERSION: i32 = 2;

const PAGE_BYTES: u64 = 4_096;
/// How long a writer waits for another process's.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Every statement of this crate stays prepared.
const STATEMENTS: usize = 64;

/// Why a file was not opened. Nothing was changed in it, and nothing made in its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder the file should stand in is not there.
    #[error("the folder {} does not exist: create it, or name another", .0.display())]
    NoFolder(PathBuf),
    /// A folder, a device or a socket stands there.
    #[error("{} is not a file: name a file for the store", .0.display())]
    NotAFile(PathBuf),
    /// The file holds nothing.
    #[error("{} is empty, which no store ever is: restore it from a backup, or remove it to begin anew", .0.display())]
    Empty(PathBuf),
    /// The file holds something other than a database.
    #[error("{} is not an SQLite file: name another, or restore it from a backup", .0.display())]
    NotSqlite(PathBuf),
    /// Another program's database.
    #[error("{} belongs to another program (application id {found:#010x}): name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: i32,
    },
    /// A later release of Waxseal made it.
    #[error("{} has format {found}, and this release knows {VERSION}: run the release that made it", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i32,
    },
    /// A part of the file is missing or makes no sense.
    #[error("{} is damaged or cut short: restore it from a backup", .0.display())]
    Damaged(PathBuf),
    /// The file, or what must stand beside it, can't be opened to be written.
    #[error(
        "{} can't be written: check the permissions of the file, of those beside it whose names go on with -wal \
         and -shm, and of the folder, and that their file system is not read-only",
        .0.display()
    )]
    ReadOnly(PathBuf),
    /// The machine refused.
    #[error("{} can't be opened", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What lay behind it.
        #[source]
        cause: Cause,
    },
}

/// Sees to it that a store of ours stands at `path`, and answers its absolute
/// path (a relative one could be taken for an SQLite URI).
pub(crate) fn prepare(path: &Path) -> Result<PathBuf, OpenError> {
    let path = std::path::absolute(path).map_err(|error| failed(path, error))?;
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path)?,
        Err(error) => return Err(failed(&path, error)),
        Ok(found) if !found.is_file() => return Err(OpenError::NotAFile(path)),
        Ok(found) if found.len() == 0 => return Err(OpenError::Empty(path)),
        Ok(_) => {}
    }
    check(&path)?;
    Ok(path)
}

/// A connection that writes. The file must stand: it is never created here.
pub(crate) fn connect_writer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // FULL: every commit is on the disk before it is answered. The two bounds on
    // the log are 16 MiB between checkpoints and 64 MiB left behind by a burst.
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = 4096;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(conn)
}

/// A connection that only reads.
pub(crate) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // 512 KiB of pages, not 2 MiB: it forgets them all at every commit of the writer's.
    conn.execute_batch("PRAGMA cache_size = -512;")?;
    Ok(conn)
}

/// A connection that only reads, and fails where another would have to wait.
pub(crate) fn connect_impatient_reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = connect_reader(path)?;
    conn.busy_timeout(Duration::ZERO)?;
    Ok(conn)
}

/// What SQLite adds to the name of a file that stands beside its database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection belongs to one thread, so SQLite needs no lock of its own.
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(PATIENCE)?;
    // No plan may hang on a value: where one might, SQLite would prepare the statement
    // anew for each value, at ten times the cost of running it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;")?;
    Ok(conn)
}

/// Writes a whole store under a name of its own and links it into place: another
/// process sees nothing or everything, and of two that race one file stays.
fn make(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    if !folder.is_dir() {
        return Err(OpenError::NoFolder(folder.to_owned()));
    }
    let draft = new_draft(path).map_err(|error| failed(path, error))?;
    let made = write_draft(&draft).and_then(|()| link(&draft, path));
    let removed = fs::remove_file(&draft);
    made.map_err(|cause| failed(path, cause))?;
    removed.and_then(|()| File::open(folder)?.sync_all()).map_err(|error| failed(path, error))
}

/// An empty file of a new name. A crash may have left one of an earlier process
/// of the same number, which in a container is every process.
pub(crate) fn new_draft(path: &Path) -> io::Result<PathBuf> {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = beside(path, &format!(".{}-{number}.new", std::process::id()));
        match options.open(&draft) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|_| draft),
        }
    }
}

fn write_draft(draft: &Path) -> Result<(), Cause> {
    let conn = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         BEGIN IMMEDIATE;
         {}
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {VERSION};
         COMMIT;",
        STEPS.concat()
    ))?;
    // The last connection to close writes the log back, syncs, and removes it.
    conn.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Gives the draft its name, unless another process was first.
fn link(draft: &Path, path: &Path) -> Result<(), Cause> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

/// Reads who made the file and in what format, through SQLite alone: to open and
/// close a database file by other means drops the locks this process holds on it.
fn check(path: &Path) -> Result<(), OpenError> {
    let stamps = connect_reader(path).and_then(|conn| Stamps::read(&conn));
    let Stamps { application, version, pages } = stamps.map_err(|error| unreadable(path, error))?;
    let path = path.to_owned();
    match (application, version) {
        (APPLICATION_ID, found) if found > VERSION => Err(OpenError::Newer { path, found }),
        (APPLICATION_ID, VERSION) if is_whole(&path, pages) => writable(&path),
        (APPLICATION_ID, 1..VERSION) if is_whole(&path, pages) => {
            writable(&path)?;
            bring_up(&path).map_err(|error| failed(&path, error))
        }
        (APPLICATION_ID, _) => Err(OpenError::Damaged(path)),
        (found, _) => Err(OpenError::Foreign { path, found }),
    }
}

/// Who made a file, in which format, and how long it says it is.
pub(crate) struct Stamps {
    pub(crate) application: i32,
    pub(crate) version: i32,
    pub(crate) pages: u64,
}

impl Stamps {
    pub(crate) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let small = |value: i64| i32::try_from(value).unwrap_or_default();
        Ok(Self {
            application: small(pragma("application_id")?),
            version: small(pragma("user_version")?),
            pages: u64::try_from(pragma("page_count")?).unwrap_or_default(),
        })
    }
}

/// Why a file can't be read, or be written.
pub(crate) fn unreadable(path: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotSqlite(path.to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged(path.to_owned()),
        _ if is_read_only(&error) => OpenError::ReadOnly(path.to_owned()),
        _ => failed(path, error),
    }
}

/// Whether the file is as long as it says. While a log stands beside it, the rest
/// may be in there, and SQLite sees to it.
pub(crate) fn is_whole(path: &Path, pages: u64) -> bool {
    let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    length(&beside(path, "-wal")) > 0 || length(path) >= pages * PAGE_BYTES
}

/// SQLite opens what it may not write as read-only, without a word, and misses a
/// log that it can't make beside the file only when it begins to write.
fn writable(path: &Path) -> Result<(), OpenError> {
    let tried = connect_writer(path).and_then(|conn| {
        let begun = conn.execute_batch("BEGIN IMMEDIATE; ROLLBACK;");
        // Whoever makes us wait can write, and so can we in our turn.
        begun.or_else(|error| if is_busy(&error) { Ok(()) } else { Err(error) })?;
        conn.is_readonly("main")
    });
    let is_read_only = tried.map_err(|error| unreadable(path, error))?;
    if is_read_only { Err(OpenError::ReadOnly(path.to_owned())) } else { Ok(()) }
}

/// Takes the steps that the file lacks, in one transaction: after a crash or on a
/// full disk it is what it was. Of processes that race, the first takes them.
fn bring_up(path: &Path) -> rusqlite::Result<()> {
    let mut conn = connect_writer(path)?;
    let change = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i32 = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", VERSION.max(found))?;
    change.commit()
}

/// Whether another connection is in the way.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

pub(crate) fn failed(path: &Path, cause: impl Into<Cause>) -> OpenError {
    OpenError::Failed { path: path.to_owned(), cause: cause.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_takes_no_name_that_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        for number in 0..1_000 {
            fs::write(beside(&path, &format!(".{}-{number}.new", std::process::id())), "left").unwrap();
        }
        assert_eq!(fs::read(new_draft(&path).unwrap()).unwrap(), b"");
        let nowhere = new_draft(&folder.path().join("no/store"));
        assert_eq!(nowhere.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn of_two_that_make_the_file_the_first_one_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let [first, second] = [(); 2].map(|()| new_draft(&path).unwrap());
        fs::write(&first, "first").unwrap();
        link(&first, &path).unwrap();
        link(&second, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert!(link(&first, &folder.path().join("no/store")).is_err());
    }
}
