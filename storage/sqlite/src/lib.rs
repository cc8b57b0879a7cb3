//! The store of one machine: SQLite inside the process, durable before every answer.
//!
//! It keeps the contracts of [`Store`] and [`AccountStore`](waxseal_core::store::AccountStore)
//! in one file, that several processes may share. It holds no keys and needs no
//! cryptography. It is not for a network file system, where SQLite's locks do not hold.
//!
//! # How it works
//! - One thread writes (`writer`). It takes everything that waits, up to 512
//!   operations, runs them in one transaction (`batch`, `ops`) and answers after
//!   the commit, which is synced to the disk. A broken operation does not take
//!   the others of its batch with it (`engine`).
//! - A few threads read (`readers`), so that a question about an unknown key
//!   never waits for the disk.
//! - A secret that ends is overwritten with zeros where it lies, lock and body,
//!   in the transaction that ends it; the write-ahead log is cut to nothing
//!   within two seconds; `sweep` removes the rows when no live secret is near.
//!   `schema.sql` says why.
//! - Beside the file lie SQLite's `-wal` and `-shm`, and `-reserve`: 4 MiB that are
//!   given up when the disk is full, so that what stands can still be opened
//!   while new secrets are refused (`reserve`).
//! - The file is made whole under another name and linked into place; one that
//!   is not ours, newer, empty or cut short is refused and left alone; an older
//!   one gets what it lacks in one transaction (`schema`). `inspect` looks at one
//!   without leaving a trace, and `verify` reads all of it.
//! - `backup` writes a whole copy while the store is open, and `restore` puts one in
//!   its place without waking what has ended (`copy`, `restore`).
//!
//! # What it does not do
//! - Erased bytes may survive where a file system or a disk keeps old versions of
//!   blocks, and in backups. There the secret's own key, which no store has, is
//!   what protects it.
//! - If more than 64 MiB (or a quarter of what is stored, if that is more) of
//!   zeroed bodies wait for their neighbours to end, the sweep removes their rows
//!   one by one. Then SQLite may leave stale copies of a few sealed bodies; never
//!   of a lock, and without its lock a body opens for nobody.
//!
//! # Example
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("waxseal.db");
//! use waxseal_core::store::Store;
//! use waxseal_sqlite::{Options, SqliteStore};
//!
//! let store = SqliteStore::open(&path, Options::default())?;
//! store.ping().await?;
//! store.close();
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod accounts;
mod batch;
mod copy;
mod engine;
mod fault;
mod figures;
mod inspect;
mod ops;
mod readers;
mod reserve;
mod restore;
mod rows;
mod schema;
mod sweep;
mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
use waxseal_core::attempt::{Guess, Verdict};
use waxseal_core::id::{AccountId, ClientId, Kid, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{
    Attempt, Check, Created, Front, MailState, Receipt, Record, Sealed, Store, StoreError, Swept, Usage,
};
use waxseal_core::time::Timestamp;

use crate::batch::Totals;
pub use crate::copy::{CopyError, backup};
use crate::engine::Engine;
use crate::fault::Fault;
pub use crate::inspect::{Inspected, inspect};
use crate::readers::Readers;
pub use crate::restore::{Preview, Restored, Unknown, Unread, preview, restore};
pub use crate::schema::OpenError;
use crate::sweep::Cursor;
pub use crate::verify::verify;
use crate::writer::{Class, Writer};

/// Records that the sweep puts into one transaction, so that nobody waits long behind it.
const SWEPT_AT_ONCE: usize = 128;

/// What an operator may set.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Options {
    /// Bytes that unopened secrets and receipts may take, as [`Usage::bytes`]
    /// counts them; beyond, [`Created::Full`]. 0 is no bound.
    pub stored_bytes_budget: u64,
}

/// A store in one SQLite file. See the [crate's front page](crate).
///
/// Dropping it finishes what waits, clears the write-ahead log and joins the
/// threads, which takes as long as the disk takes.
#[derive(Debug)]
pub struct SqliteStore {
    // Fields drop in this order: the log can be cleared once nobody reads.
    readers: Readers,
    writer: Writer,
    cursor: Mutex<Cursor>,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes one if nothing stands there.
    ///
    /// # Errors
    /// [`OpenError`] if the folder is missing, or if what stands there is not a
    /// whole store of this release's format. It is left as it is.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = schema::prepare(path.as_ref())?;
        let failed = |cause| OpenError::Failed { path: path.clone(), cause };
        let engine =
            Engine::open(path.clone(), options.stored_bytes_budget).map_err(|error| failed(error.into()))?;
        let writer = Writer::start(engine).map_err(|error| failed(error.into()))?;
        let readers = Readers::start(&path).map_err(|error| failed(error.into()))?;
        Ok(Self { readers, writer, cursor: Mutex::default(), path })
    }

    /// Finishes what waits, clears the write-ahead log and closes the file: what
    /// dropping does, said aloud.
    pub fn close(self) {
        drop(self);
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        let class = Class::Create(record.id);
        self.writer.call(class, move |batch| ops::create(batch, &record, now)).await
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        let (id, policy) = (*id, *policy);
        self.readers.look(move |conn| front(conn, &id, client, &policy, now)).await
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let (id, policy) = (*id, *policy);
        let looked = self.readers.look(move |conn| look(conn, &id, guess, &policy, now)).await?;
        let sealed = match looked {
            Looked::Answer(answer) => return Ok(answer),
            Looked::ToCount(sealed) => sealed,
        };
        let counted =
            self.writer.call(Class::Plain, move |batch| ops::count(batch, &id, guess, &policy, now)).await?;
        Ok(match counted {
            None => Attempt::Gone,
            Some(Verdict::LockedOut { until }) => Attempt::LockedOut { until },
            Some(Verdict::Granted { remaining }) => Attempt::Granted { sealed, remaining },
        })
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        let id = *id;
        self.writer.call(Class::Settle, move |batch| ops::settle(batch, &id, ending, now)).await
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        let id = *id;
        self.readers.look(move |conn| Ok(rows::receipt(conn, &id, now)?.map(|found| found.receipt))).await
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        let account = *account;
        self.readers.call(move |conn| rows::recent(conn, &account, limit, now)).await
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        let id = *id;
        self.writer.call(Class::Plain, move |batch| ops::note_mail(batch, &id, mail, now)).await
    }

    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        let from = *self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = self.readers.call(move |conn| sweep::look(conn, limit, from, now)).await?;
        let mut swept = Swept::default();
        for slots in plan.expired.chunks(SWEPT_AT_ONCE).map(<[_]>::to_vec) {
            swept.expired += self.writer.call(Class::Plain, move |batch| sweep::erase(batch, &slots)).await?;
        }
        for ids in plan.forgotten.chunks(SWEPT_AT_ONCE).map(<[_]>::to_vec) {
            swept.forgotten +=
                self.writer.call(Class::Plain, move |batch| sweep::forget(batch, &ids, now)).await?;
        }
        for block in plan.blocks {
            self.writer.call(Class::Plain, move |batch| sweep::clear_block(batch, block)).await?;
        }
        for slots in plan.dead.chunks(SWEPT_AT_ONCE).map(<[_]>::to_vec) {
            self.writer.call(Class::Plain, move |batch| sweep::thin(batch, &slots)).await?;
        }
        *self.cursor.lock().unwrap_or_else(PoisonError::into_inner) = plan.next;
        swept.more = limit > 0 && swept.expired + swept.forgotten >= limit as u64;
        Ok(swept)
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        self.writer.call(Class::Plain, move |batch| ops::bind(batch, &check)).await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.readers.call(usage).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        // An empty transaction shows that the writer is not stuck. Its connection
        // would go on in a file that was moved, so the path is opened anew too.
        self.writer.call(Class::Plain, |_| Ok(())).await?;
        let path = self.path.clone();
        self.readers
            .call(move |_| {
                Totals::read(&schema::connect_reader(&path)?)?;
                Ok(())
            })
            .await
    }
}

/// What a reader makes of an attempt.
enum Looked {
    /// Nothing is to be counted.
    Answer(Attempt),
    /// The writer has to count it before the content may go out.
    ToCount(Sealed),
}

fn look(
    conn: &Connection,
    id: &RecordId,
    guess: Guess,
    policy: &AttemptPolicy,
    now: Timestamp,
) -> Result<Looked, Fault> {
    let gone = Ok(Looked::Answer(Attempt::Gone));
    let Some((guarded, sealed)) = rows::openable(conn, id, now)? else { return gone };
    let counts = guarded.passphrase_required && !matches!(guess, Guess::None(_));
    let guess = if counts { guess } else { Guess::None(guess.client()) };
    let (_, verdict) = guarded.attempts.count(guess, guarded.expires, policy, now);
    Ok(match verdict {
        Verdict::LockedOut { until } => Looked::Answer(Attempt::LockedOut { until }),
        Verdict::Granted { .. } if counts => Looked::ToCount(sealed),
        Verdict::Granted { remaining } => Looked::Answer(Attempt::Granted { sealed, remaining }),
    })
}

fn front(
    conn: &Connection,
    id: &RecordId,
    client: ClientId,
    policy: &AttemptPolicy,
    now: Timestamp,
) -> Result<Option<Front>, Fault> {
    let Some(guarded) = rows::guarded(conn, id, now)? else { return Ok(None) };
    let (remaining, locked_until) = match guarded.attempts.look(client, guarded.expires, policy, now) {
        Verdict::Granted { remaining } => (remaining, None),
        Verdict::LockedOut { until } => (0, Some(until)),
    };
    Ok(Some(Front { passphrase_required: guarded.passphrase_required, remaining, locked_until }))
}

fn usage(conn: &Connection) -> Result<Usage, Fault> {
    let snapshot = conn.unchecked_transaction()?;
    let totals = Totals::read(&snapshot)?;
    let mut statement = snapshot.prepare_cached("SELECT kid, receipts FROM kids ORDER BY kid")?;
    let mut rows = statement.query([])?;
    let mut kids = Vec::new();
    while let Some(row) = rows.next()? {
        kids.push((Kid(rows::bytes(row, 0, "a key's id")?), figure(row.get(1)?)));
    }
    Ok(Usage {
        bytes: figure(totals.stored_bytes),
        new: figure(totals.unopened),
        received: figure(totals.received),
        burned: figure(totals.burned),
        kids,
    })
}

fn figure(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
