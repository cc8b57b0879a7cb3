//! One transaction of the writer: the operations of many callers, one commit.

use std::collections::BTreeMap;

use rusqlite::{Connection, Params, params};
use waxseal_core::id::Kid;
use waxseal_fault_points::{Point, reach};

/// An open transaction, and the running figures it changes.
pub(crate) struct Batch<'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) totals: Totals,
    /// The slot that the next new secret takes.
    pub(crate) next_slot: i64,
    /// Whether something was erased or removed, so that the log must be cleared soon.
    pub(crate) erased: bool,
    /// Bytes that unopened secrets and receipts may take; 0 for no bound.
    budget: u64,
    before: Totals,
    kids: BTreeMap<Kid, i64>,
}

/// The one row of `totals`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Totals {
    pub(crate) stored_bytes: i64,
    pub(crate) dead_bytes: i64,
    pub(crate) unopened: i64,
    pub(crate) received: i64,
    pub(crate) burned: i64,
}

/// Where a transaction broke. It is rolled back in every case.
pub(crate) enum Broken {
    /// It never began: another process writes, or the file can't be opened.
    Refused(rusqlite::Error),
    /// An operation failed, or there was no room to commit it.
    Undone(rusqlite::Error),
    /// Its commit failed. Nobody knows what a restart would find.
    Doubtful(rusqlite::Error),
}

impl Broken {
    /// What lay behind it.
    pub(crate) fn error(self) -> rusqlite::Error {
        let (Self::Refused(error) | Self::Undone(error) | Self::Doubtful(error)) = self;
        error
    }
}

impl Totals {
    pub(crate) fn read(conn: &Connection) -> rusqlite::Result<Self> {
        let mut statement = conn.prepare_cached(
            "SELECT stored_bytes, dead_bytes, unopened, received, burned FROM totals WHERE only = 1",
        )?;
        statement.query_row([], |row| {
            Ok(Self {
                stored_bytes: row.get(0)?,
                dead_bytes: row.get(1)?,
                unopened: row.get(2)?,
                received: row.get(3)?,
                burned: row.get(4)?,
            })
        })
    }
}

impl<'c> Batch<'c> {
    /// Begins, and with it keeps every other writer out until the end.
    pub(crate) fn begin(conn: &'c Connection, budget: u64) -> rusqlite::Result<Self> {
        run(conn, "BEGIN IMMEDIATE")?;
        reach(Point::SqliteBegun);
        let totals = Totals::read(conn)?;
        let next_slot = newest_slot(conn)? + 1;
        Ok(Self { conn, totals, next_slot, erased: false, budget, before: totals, kids: BTreeMap::new() })
    }

    /// Runs one statement; answers how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }

    /// Whether `bytes` more are too many.
    pub(crate) fn is_over_budget(&self, bytes: u64) -> bool {
        let stored = u64::try_from(self.totals.stored_bytes).unwrap_or_default();
        self.budget > 0 && stored.saturating_add(bytes) > self.budget
    }

    /// Notes that there are `change` more receipts under a key.
    pub(crate) fn count_kid(&mut self, kid: Kid, change: i64) {
        *self.kids.entry(kid).or_default() += change;
    }

    /// Writes the figures and commits. Answers whether the log must be cleared soon.
    pub(crate) fn commit(self) -> Result<bool, Broken> {
        self.write_figures().map_err(Broken::Undone)?;
        reach(Point::SqliteWritten);
        match run(self.conn, "COMMIT") {
            Ok(()) => {
                reach(Point::SqliteCommitted);
                Ok(self.erased)
            }
            // No room to write the last pages of the log: without its final
            // frame the transaction does not exist, now or after a crash.
            Err(error) if crate::fault::is_full(&error) => Err(Broken::Undone(error)),
            Err(error) => Err(Broken::Doubtful(error)),
        }
    }

    fn write_figures(&self) -> rusqlite::Result<()> {
        if self.totals != self.before {
            let Totals { stored_bytes, dead_bytes, unopened, received, burned } = self.totals;
            self.execute(
                "UPDATE totals SET stored_bytes = ?1, dead_bytes = ?2, unopened = ?3, received = ?4,
                                   burned = ?5 WHERE only = 1",
                params![stored_bytes, dead_bytes, unopened, received, burned],
            )?;
        }
        for (kid, change) in self.kids.iter().filter(|(_, change)| **change != 0) {
            self.execute(
                "INSERT INTO kids VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET receipts = receipts + excluded.receipts",
                params![kid.as_bytes(), change],
            )?;
            self.execute("DELETE FROM kids WHERE kid = ?1 AND receipts = 0", [kid.as_bytes()])?;
        }
        Ok(())
    }
}

/// The greatest slot ever given: the newest rows of `locks` are never removed.
pub(crate) fn newest_slot(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(slot), 0) FROM locks")?.query_row([], |row| row.get(0))
}

/// Undoes what is open. Some errors have rolled back already.
pub(crate) fn roll_back(conn: &Connection) -> rusqlite::Result<()> {
    if conn.is_autocommit() { Ok(()) } else { run(conn, "ROLLBACK") }
}

fn run(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([]).map(|_| ())
}
