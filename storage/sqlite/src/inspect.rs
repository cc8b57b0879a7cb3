//! Looks at a file without making, changing or bringing up anything, while a
//! server has it open or not.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use waxseal_core::store::Check;

use crate::schema::{self, OpenError, PATIENCE, Stamps, VERSION, beside};

/// What a look at a file found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspected {
    /// The format of the file.
    pub format: i32,
    /// The format that this release brings files up to, when it next opens them to write.
    pub newest: i32,
    /// What the steps between these add, in words; none where both are one.
    pub adds: Vec<&'static str>,
    /// The box that only the store's key file opens; `None` before the first start.
    pub check: Option<Check>,
}

/// Looks at the store at `path`; `None` if nothing stands there.
///
/// # Errors
/// [`OpenError`] as [`SqliteStore::open`](crate::SqliteStore::open) gives it, except
/// that nobody tries to write.
pub fn inspect(path: impl AsRef<Path>) -> Result<Option<Inspected>, OpenError> {
    let path = std::path::absolute(path.as_ref()).map_err(|error| schema::failed(path.as_ref(), error))?;
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(schema::failed(&path, error)),
        Ok(found) if !found.is_file() => return Err(OpenError::NotAFile(path)),
        Ok(found) if found.len() == 0 => return Err(OpenError::Empty(path)),
        Ok(_) => {}
    }
    let unreadable = |error| schema::unreadable(&path, error);
    let conn = connect(&path).map_err(unreadable)?;
    let Stamps { application, version, pages } = Stamps::read(&conn).map_err(unreadable)?;
    match (application, version) {
        (schema::APPLICATION_ID, found) if found > VERSION => Err(OpenError::Newer { path, found }),
        (schema::APPLICATION_ID, 1..) if schema::is_whole(&path, pages) => {
            let check = check(&conn).map_err(|error| schema::unreadable(&path, error))?;
            let taken = usize::try_from(version).unwrap_or_default();
            let adds = schema::ADDS.iter().skip(taken).copied().collect();
            Ok(Some(Inspected { format: version, newest: VERSION, adds, check }))
        }
        (schema::APPLICATION_ID, _) => Err(OpenError::Damaged(path)),
        (found, _) => Err(OpenError::Foreign { path, found }),
    }
}

fn check(conn: &Connection) -> rusqlite::Result<Option<Check>> {
    let row = conn.query_row("SELECT value FROM meta WHERE name = 'check'", [], |row| row.get(0));
    Ok(row.optional()?.map(Check))
}

/// A connection that leaves nothing beside the file. Where a log stands, a server
/// may write it, and SQLite's locks and its index of the log are needed, which then
/// stand, too. Without one, all there is is in the file.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    if beside(path, "-wal").exists() {
        return schema::connect_reader(path);
    }
    let access =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(immutable(path), access)?;
    conn.busy_timeout(PATIENCE)?;
    Ok(conn)
}

/// The file as an SQLite URI that promises that nobody writes.
fn immutable(path: &Path) -> PathBuf {
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    PathBuf::from(format!("file:{escaped}?immutable=1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, SqliteStore};

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_look_makes_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a #1%?.db");
        assert_eq!(inspect(&path).unwrap(), None);
        assert_eq!(names(folder.path()), [""; 0]);
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        let beside_a_server = names(folder.path());
        assert_eq!(inspect(&path).unwrap().unwrap().format, VERSION);
        assert_eq!(names(folder.path()), beside_a_server);
        store.close();
        let (before, bytes) = (names(folder.path()), fs::read(&path).unwrap());
        assert_eq!(inspect(&path).unwrap().unwrap().check, None);
        assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (before, bytes));
    }

    #[test]
    fn an_older_file_stays_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = include_bytes!("../tests/version-1/store.db");
        fs::write(&path, old).unwrap();
        let found = inspect(&path).unwrap().unwrap();
        assert_eq!((found.format, found.newest, found.check.is_some()), (1, VERSION, true));
        assert_eq!(fs::read(&path).unwrap(), old);
        assert_eq!(names(folder.path()), ["old.db"]);
    }
}
