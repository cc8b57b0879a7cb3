//! A whole copy of a store in a file of its own, while a server has the store open.
//!
//! SQLite writes the copy anew from what stands (`VACUUM INTO`): no freed page and no
//! stale copy of a row comes along, and of what has ended only its zeros do. It is a
//! picture of one moment. It is written beside its place, checked, synced and only then
//! given its name, so that no half copy ever stands there.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::inspect::{connect, inspect};
use crate::schema::{self, OpenError, beside, failed};

/// How often whoever waits hears how far it is.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Why there is no copy, or nothing was restored. What stood there stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A file can't be opened, read or written.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing stands where a store should be read.
    #[error("there is no file at {}", .0.display())]
    Missing(PathBuf),
    /// Something stands where the copy should.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A file was to be copied onto itself.
    #[error("{} is the store itself", .0.display())]
    Same(PathBuf),
    /// A process has the store open.
    #[error("{} is open in another process: stop the server, and whatever else reads the file", .0.display())]
    InUse(PathBuf),
    /// A log or journal stands where there is no store.
    #[error("{} is left over from a store that is gone: move it away", .0.display())]
    Leftover(PathBuf),
    /// SQLite found the copy broken.
    #[error("the copy of {} is broken, and was removed: {found}", path.display())]
    Broken {
        /// What was copied.
        path: PathBuf,
        /// SQLite's word for it.
        found: String,
    },
    /// Unread secrets of which nobody can say whether they were opened since.
    #[error("{0} unread secrets of the copy may have been opened since it was made")]
    Unknown(u64),
}

/// Copies the store at `store` into a new file at `to`, for its owner alone. `tell`
/// hears how many bytes were written, and of about how many.
///
/// # Errors
/// [`CopyError`]; what stands at `to` is left as it is, unless `overwrite` is said.
pub fn backup(
    store: impl AsRef<Path>,
    to: impl AsRef<Path>,
    overwrite: bool,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(), CopyError> {
    let (store, to) = (absolute(store.as_ref())?, absolute(to.as_ref())?);
    if inspect(&store)?.is_none() {
        return Err(CopyError::Missing(store));
    }
    if is_same(&store, &to) {
        return Err(CopyError::Same(to));
    }
    if !overwrite && to.try_exists().unwrap_or(true) {
        return Err(CopyError::Exists(to));
    }
    let draft = Draft::beside(&to)?;
    draft.fill_from(&store, tell)?;
    draft.check(&store)?;
    draft.sync()?;
    if overwrite { draft.replace(&to) } else { draft.link(&to) }
}

/// A file under a name of its own, removed unless it is given another.
pub(crate) struct Draft(pub(crate) PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // What was given its name is no longer here.
            fs::remove_file(beside(&self.0, suffix)).ok();
        }
    }
}

impl Draft {
    /// An empty one, in the folder where it is to stand. What one that was killed has
    /// left there is removed: it holds what may have ended since.
    pub(crate) fn beside(path: &Path) -> Result<Self, CopyError> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        if !folder.is_dir() {
            return Err(OpenError::NoFolder(folder.to_owned()).into());
        }
        remove_left(folder, path).map_err(|error| failed(path, error))?;
        Ok(Self(schema::new_draft(path).map_err(|error| failed(path, error))?))
    }

    /// Writes what stands in `store` at one moment.
    pub(crate) fn fill_from(&self, store: &Path, tell: &mut dyn FnMut(u64, u64)) -> Result<(), CopyError> {
        let conn = connect(store).map_err(|error| schema::unreadable(store, error))?;
        let length = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let bytes: i64 =
            conn.query_row(length, [], |row| row.get(0)).map_err(|error| schema::unreadable(store, error))?;
        let bytes = u64::try_from(bytes).unwrap_or_default();
        let written = || fs::metadata(&self.0).map_or(0, |found| found.len());
        let name = self.0.to_string_lossy();
        let waiting = thread::current();
        let filled = thread::scope(|threads| {
            let filling = threads.spawn(move || {
                let filled = conn.execute("VACUUM INTO ?1", [name]);
                waiting.unpark();
                filled
            });
            loop {
                // Asked first, so that the last that is told is the whole.
                let finished = filling.is_finished();
                tell(written(), bytes);
                if finished {
                    return filling.join();
                }
                thread::park_timeout(TELL_EVERY);
            }
        });
        match filled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(schema::unreadable(store, error).into()),
            Err(_) => Err(failed(store, "the copying thread panicked").into()),
        }
    }

    /// Has SQLite look whether all of it fits together.
    pub(crate) fn check(&self, of: &Path) -> Result<(), CopyError> {
        let found = Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|conn| conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)));
        match found {
            Ok(found) if found == "ok" => Ok(()),
            Ok(found) => Err(CopyError::Broken { path: of.to_owned(), found }),
            Err(error) => Err(schema::unreadable(of, error).into()),
        }
    }

    pub(crate) fn sync(&self) -> Result<(), CopyError> {
        let synced = File::open(&self.0).and_then(|file| file.sync_all());
        synced.map_err(|error| failed(&self.0, error).into())
    }

    /// Gives it its name, in the place of what stands there.
    pub(crate) fn replace(self, path: &Path) -> Result<(), CopyError> {
        let renamed = fs::rename(&self.0, path).and_then(|()| sync_folder(path));
        renamed.map_err(|error| failed(path, error).into())
    }

    /// Gives it its name, if nothing has it.
    fn link(self, path: &Path) -> Result<(), CopyError> {
        match fs::hard_link(&self.0, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(CopyError::Exists(path.to_owned()))
            }
            linked => linked.and_then(|()| sync_folder(path)).map_err(|error| failed(path, error).into()),
        }
    }
}

/// Removes drafts of `path`, with their logs.
fn remove_left(folder: &Path, path: &Path) -> io::Result<()> {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return Ok(()) };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_left = entry
            .file_name()
            .to_str()
            .and_then(|other| other.strip_prefix(name)?.strip_prefix('.'))
            .and_then(|rest| rest.split_once(".new"))
            .is_some_and(|(numbers, _)| numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
        if is_left {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, CopyError> {
    std::path::absolute(path).map_err(|error| failed(path, error).into())
}

pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/dev/null` can be opened and not be synced, as a disk that refuses.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_sync_that_fails_is_told_of_the_copy_and_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let unsynced = folder.path().join("unsynced");
        std::os::unix::fs::symlink("/dev/null", &unsynced).unwrap();
        let draft = Draft::beside(&folder.path().join("copy")).unwrap();
        draft.sync().unwrap();
        sync_folder(&draft.0).unwrap();
        assert!(sync_folder(&unsynced.join("copy")).is_err());
        assert!(Draft(unsynced).sync().is_err());
    }

    #[test]
    fn a_name_that_is_taken_meanwhile_stays_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let draft = Draft::beside(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert!(matches!(draft.link(&path), Err(CopyError::Exists(taken)) if taken == path));
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        let draft = Draft::beside(&path).unwrap();
        assert!(matches!(draft.link(&folder.path().join("no/copy")), Err(CopyError::Open(_))));
    }
}
