//! Puts a copy in the place of the store, and wakes nothing that has ended.
//!
//! A copy holds secrets that were opened after it was made. The store that stands knows
//! them, and its endings are carried over into what takes its place. What it does not
//! know, nobody knows: whoever restores must say what is to become of that.
//!
//! The new file is made beside the old one, which nobody else may have open, and takes
//! its name in one step: whenever it is cut off, the one or the other stands, whole. The
//! old one stays, under another name.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use waxseal_core::state::Stored;
use waxseal_core::store::{Audit, Check};
use waxseal_core::time::Timestamp;

use crate::batch::Batch;
use crate::copy::{CopyError, Draft, absolute, is_same};
use crate::fault::Fault;
use crate::inspect::{connect, inspect};
use crate::ops;
use crate::rows::secs;
use crate::schema::{self, OpenError, beside, connect_writer, failed};
use crate::verify::verify;

/// Records of one transaction.
const AT_ONCE: usize = 1_000;
/// How long whoever else has the store open may take to close it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is to become of unread secrets of which the present store knows nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unknown {
    /// If there is one, nothing is restored.
    Refuse,
    /// Their content is destroyed: their links open nothing, their receipts stay.
    End,
    /// They can be opened, a second time for all that is known.
    Keep,
}

/// What a copy holds, and what a restore of it means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preview {
    /// The format of the copy.
    pub format: i32,
    /// The format that this release brings it up to when it next opens it.
    pub newest: i32,
    /// The box that only its key file opens.
    pub check: Option<Check>,
    /// All that stands in the copy.
    pub audit: Audit,
    /// What comes of its unread secrets; of these, those that have expired are not counted.
    pub unread: Unread,
    /// Whether a store stands where it would be restored.
    pub replaces: bool,
    /// Unread secrets that the present store alone has, and that would be lost.
    pub lost: u64,
    /// Tokens that the present store does not have: revoked since, for all that is known.
    pub revoked: u64,
}

/// What comes of the unread secrets of a copy.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Unread {
    /// Unread in the present store, too.
    pub same: u64,
    /// Ended in the present store: they stay ended.
    pub ended: u64,
    /// Unknown to the present store, or there is none.
    pub unknown: u64,
}

/// What the present store knows of a secret.
enum Known {
    Same {
        guesses: Option<Vec<u8>>,
    },
    Ended {
        state: Stored,
        updated: i64,
    },
    /// Its content was destroyed without an ending: expired, or by a restore.
    Erased,
    Nothing,
}

/// Says what a restore of `copy` in the place of `store` would do. Changes nothing, and
/// works while a server has the store open. `tell` hears how many records of the copy
/// were read, and of about how many.
///
/// # Errors
/// [`CopyError`] if one of them can't be read.
pub fn preview(
    copy: impl AsRef<Path>,
    store: impl AsRef<Path>,
    now: Timestamp,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Preview, CopyError> {
    let (copy, store) = (absolute(copy.as_ref())?, absolute(store.as_ref())?);
    let missing = || CopyError::Missing(copy.clone());
    let found = inspect(&copy)?.ok_or_else(missing)?;
    let audit = verify(&copy, now, tell)?.ok_or_else(missing)?;
    let replaces = inspect(&store)?.is_some();
    let present = if replaces { Some(open(&store)?) } else { None };
    let conn = open(&copy)?;
    let unread = foresee(&conn, present.as_ref(), now).map_err(|error| failed(&copy, error))?;
    let (lost, revoked) = match &present {
        Some(present) => only_in_one(&conn, present, now).map_err(|error| failed(&store, error))?,
        None => (0, 0),
    };
    let (format, newest, check) = (found.format, found.newest, found.check);
    Ok(Preview { format, newest, check, audit, unread, replaces, lost, revoked })
}

/// What a restore did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// What came of the unread secrets of the copy.
    pub unread: Unread,
    /// Where the replaced store is now; `None` if there was none.
    pub replaced: Option<PathBuf>,
}

/// Puts `copy` in the place of `store`, which no other process may have open. `tell`
/// hears how many bytes were written, and of about how many.
///
/// # Errors
/// [`CopyError`], and the store stands as it stood.
pub fn restore(
    copy: impl AsRef<Path>,
    store: impl AsRef<Path>,
    unknown: Unknown,
    now: Timestamp,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Restored, CopyError> {
    let (copy, store) = (absolute(copy.as_ref())?, absolute(store.as_ref())?);
    if is_same(&copy, &store) {
        return Err(CopyError::Same(copy));
    }
    if inspect(&copy)?.is_none() {
        return Err(CopyError::Missing(copy));
    }
    // Held to the end: whoever opens the store meanwhile waits, and then finds the new one.
    let present = take(&store)?;
    let unread = foresee(&open(&copy)?, present.as_ref(), now).map_err(|error| failed(&copy, error))?;
    if unknown == Unknown::Refuse && unread.unknown > 0 {
        return Err(CopyError::Unknown(unread.unknown));
    }
    let draft = Draft::beside(&store)?;
    draft.fill_from(&copy, tell)?;
    carry_over(&draft.0, present.as_ref(), unknown)?;
    draft.check(&copy)?;
    hand_over(&draft.0, &store).map_err(|error| failed(&draft.0, error))?;
    draft.sync()?;
    let replaced = if present.is_some() { Some(set_aside(&store)?) } else { None };
    draft.replace(&store)?;
    Ok(Restored { unread, replaced })
}

fn open(path: &Path) -> Result<Connection, CopyError> {
    connect(path).map_err(|error| schema::unreadable(path, error).into())
}

/// The store, for us alone; `None` if nothing stands there.
fn take(store: &Path) -> Result<Option<Connection>, CopyError> {
    if inspect(store)?.is_none() {
        let left = ["-wal", "-journal"].map(|suffix| beside(store, suffix));
        let left = left.into_iter().find(|left| left.exists());
        return left.map_or(Ok(None), |left| Err(CopyError::Leftover(left)));
    }
    let access = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let taken = Connection::open_with_flags(store, access).and_then(|conn| {
        conn.busy_timeout(PATIENCE)?;
        // To leave the log behind, SQLite needs to be alone, and writes it back whole.
        let mode: String = conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        conn.execute_batch("BEGIN EXCLUSIVE")?;
        Ok((conn, mode))
    });
    match taken {
        Ok((conn, mode)) if mode == "delete" => Ok(Some(conn)),
        Ok(_) => Err(CopyError::InUse(store.to_owned())),
        Err(error) if schema::is_busy(&error) => Err(CopyError::InUse(store.to_owned())),
        Err(error) => Err(schema::unreadable(store, error).into()),
    }
}

/// An unread secret of the copy.
struct Live {
    id: Vec<u8>,
    slot: i64,
    expires: i64,
}

impl Live {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires <= secs(now)
    }
}

/// Goes over all unread secrets, the expired among them, a thousand at a time.
fn each<E: From<rusqlite::Error>>(
    conn: &Connection,
    mut of: impl FnMut(&[Live]) -> Result<(), E>,
) -> Result<(), E> {
    let mut after = Vec::new();
    loop {
        let found = live(conn, &after)?;
        let Some(last) = found.last() else { return Ok(()) };
        of(&found)?;
        after.clone_from(&last.id);
    }
}

/// The next of them.
fn live(conn: &Connection, after: &[u8]) -> rusqlite::Result<Vec<Live>> {
    let mut statement = conn.prepare_cached(
        "SELECT r.id, r.slot, r.expires FROM receipts r JOIN bodies b ON b.slot = r.slot AND b.live = 1
         WHERE r.state = ?1 AND r.id > ?2 ORDER BY r.id LIMIT ?3",
    )?;
    let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![Stored::New.code(), after, limit], |row| {
        Ok(Live { id: row.get(0)?, slot: row.get(1)?, expires: row.get(2)? })
    })?;
    rows.collect()
}

fn known(present: Option<&Connection>, id: &[u8]) -> rusqlite::Result<Known> {
    let Some(present) = present else { return Ok(Known::Nothing) };
    let mut statement = present.prepare_cached(
        "SELECT r.state, r.updated, b.slot IS NOT NULL, a.counts FROM receipts r
         LEFT JOIN bodies b ON b.slot = r.slot AND b.live = 1
         LEFT JOIN attempts a ON a.slot = r.slot WHERE r.id = ?1",
    )?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let row: Option<(u8, i64, bool, Option<Vec<u8>>)> = statement.query_row([id], read).optional()?;
    let Some((state, updated, live, guesses)) = row else { return Ok(Known::Nothing) };
    Ok(match Stored::from_code(state) {
        Some(Stored::New) if live => Known::Same { guesses },
        Some(Stored::New) => Known::Erased,
        Some(state) => Known::Ended { state, updated },
        None => Known::Nothing,
    })
}

/// Counts what comes of the unread secrets that have not expired.
fn foresee(copy: &Connection, present: Option<&Connection>, now: Timestamp) -> rusqlite::Result<Unread> {
    let mut unread = Unread::default();
    each(copy, |found| {
        for secret in found.iter().filter(|secret| !secret.has_expired(now)) {
            match known(present, &secret.id)? {
                Known::Same { .. } => unread.same += 1,
                Known::Ended { .. } | Known::Erased => unread.ended += 1,
                Known::Nothing => unread.unknown += 1,
            }
        }
        Ok(())
    })
    .map(|()| unread)
}

/// Unread secrets that the present store alone has, and tokens that the copy alone has.
fn only_in_one(copy: &Connection, present: &Connection, now: Timestamp) -> rusqlite::Result<(u64, u64)> {
    let (mut lost, mut in_copy) = (0, copy.prepare("SELECT 1 FROM receipts WHERE id = ?1")?);
    each(present, |found| {
        for secret in found.iter().filter(|secret| !secret.has_expired(now)) {
            lost += u64::from(!in_copy.exists([&secret.id])?);
        }
        Ok::<_, rusqlite::Error>(())
    })?;
    let mut tokens = copy.prepare("SELECT digest FROM tokens")?;
    let mut digests = tokens.query([])?;
    let (mut revoked, mut there) = (0, present.prepare("SELECT 1 FROM tokens WHERE digest = ?1")?);
    while let Some(row) = digests.next()? {
        revoked += u64::from(!there.exists([row.get::<_, Vec<u8>>(0)?])?);
    }
    Ok((lost, revoked))
}

/// Ends in the draft what has ended in the present store, and what is to end.
fn carry_over(draft: &Path, present: Option<&Connection>, unknown: Unknown) -> Result<(), CopyError> {
    let carried = connect_writer(draft).map_err(Fault::Sql).and_then(|conn| {
        each(&conn, |found| {
            let mut batch = Batch::begin(&conn, 0)?;
            for secret in found {
                carry(&mut batch, secret, known(present, &secret.id)?, unknown)?;
            }
            batch.commit().map(drop).map_err(|broken| Fault::Sql(broken.error()))
        })?;
        // The last to close writes the log back and removes it.
        conn.close().map_err(|(_, error)| error.into())
    });
    carried.map_err(|fault| match fault {
        Fault::Sql(error) => failed(draft, error).into(),
        Fault::Damaged(what) => failed(draft, what).into(),
    })
}

fn carry(batch: &mut Batch<'_>, secret: &Live, known: Known, unknown: Unknown) -> Result<(), Fault> {
    match known {
        Known::Same { guesses: Some(guesses) } => {
            batch.execute(
                "INSERT INTO attempts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET counts = excluded.counts",
                params![secret.slot, guesses],
            )?;
        }
        Known::Same { guesses: None } => {}
        Known::Ended { state, updated } => {
            ops::erase(batch, secret.slot)?;
            *ops::ended_count(batch, state) += 1;
            batch.execute(
                "UPDATE receipts SET state = ?2, updated = ?3 WHERE id = ?1",
                params![secret.id, state.code(), updated],
            )?;
        }
        Known::Nothing if unknown == Unknown::Keep => {}
        Known::Erased | Known::Nothing => {
            ops::erase(batch, secret.slot)?;
        }
    }
    Ok(())
}

/// Gives the new file to the owner of what it replaces, or of its folder: whoever
/// restores may be another user than the server's.
#[cfg(unix)]
fn hand_over(draft: &Path, store: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let model = fs::metadata(store).or_else(|_| fs::metadata(store.parent().unwrap_or(Path::new("/"))))?;
    let made = fs::metadata(draft)?;
    if (model.uid(), model.gid()) == (made.uid(), made.gid()) {
        return Ok(());
    }
    chown(draft, Some(model.uid()), Some(model.gid()))
}

#[cfg(not(unix))]
fn hand_over(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Gives the present store a second name, which stays when the first is taken from it.
fn set_aside(store: &Path) -> Result<PathBuf, CopyError> {
    let mut names = (1_u64..).map(|number| beside(store, &format!(".replaced-{number}")));
    let Some(aside) = names.find(|name| name.symlink_metadata().is_err()) else {
        return Err(OpenError::NotAFile(store.to_owned()).into());
    };
    fs::hard_link(store, &aside).map_err(|error| failed(&aside, error))?;
    Ok(aside)
}
