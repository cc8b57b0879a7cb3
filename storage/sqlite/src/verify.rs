//! Reads everything in a file, and changes nothing, while a server has it open or not.
//!
//! It reads in pages, each on a connection and in a transaction of its own that ends
//! within a quarter of a second, so that the write-ahead log can be cut in between. Only
//! the running figures need one look at all of it, and that is given up after a while.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};
use waxseal_core::attempt::Attempts;
use waxseal_core::state::{State, Stored};
use waxseal_core::store::{Audit, LOCK_BYTES, hex};
use waxseal_core::time::Timestamp;

use crate::accounts;
use crate::batch::newest_slot;
use crate::fault::{Fault, is_damage};
use crate::figures::Figures;
use crate::inspect::{connect, inspect};
use crate::rows::{self, Found, receipts};
use crate::schema::{self, OpenError};

/// Rows that are read in one transaction.
const ROWS: usize = 1_000;
/// How long one lasts, beyond its first row.
const PAGE_LASTS: Duration = Duration::from_millis(250);
/// How long the figures may be counted. The write-ahead log grows meanwhile.
const FIGURES_LAST: Duration = Duration::from_secs(10);
/// Slots that share one line of the [`Slots`].
const SLOTS: usize = 256;

/// Reads every record, account and domain in the file at `path` as seen at `now`;
/// `None` if nothing stands there. `tell` hears how many records were read, and of
/// about how many.
///
/// # Errors
/// [`OpenError`] as [`inspect`] gives it, or if the machine refuses halfway. What is
/// damaged is told in the [`Audit`].
pub fn verify(
    path: impl AsRef<Path>,
    now: Timestamp,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Option<Audit>, OpenError> {
    let Some(found) = inspect(&path)? else { return Ok(None) };
    let path = std::path::absolute(path.as_ref()).map_err(|error| schema::failed(path.as_ref(), error))?;
    let mut reading = Reading { path, now, newest: 0, slots: Slots::default(), audit: Audit::default() };
    reading.whole(found.format, tell).map_err(|error| schema::failed(&reading.path, error))?;
    Ok(Some(reading.audit))
}

/// What is known so far.
struct Reading {
    path: PathBuf,
    now: Timestamp,
    /// The greatest slot when the reading began. What came later is left out of what
    /// compares two tables, for these are not read at one moment.
    newest: i64,
    /// The slots that receipts lead to.
    slots: Slots,
    audit: Audit,
}

/// Slots, in little room: 36 bytes and some for every 256 in a row.
#[derive(Default)]
struct Slots(BTreeMap<i64, [u8; SLOTS / 8]>);

impl Slots {
    /// `false` if it was there.
    fn insert(&mut self, slot: i64) -> bool {
        let (line, byte, bit) = place(slot);
        let byte = &mut self.0.entry(line).or_default()[byte];
        let new = *byte & bit == 0;
        *byte |= bit;
        new
    }

    fn contains(&self, slot: i64) -> bool {
        let (line, byte, bit) = place(slot);
        self.0.get(&line).is_some_and(|line| line[byte] & bit != 0)
    }
}

/// Its line, and its byte and bit there.
fn place(slot: i64) -> (i64, usize, u8) {
    let within = slot.to_le_bytes()[0];
    (slot >> 8, usize::from(within / 8), 1 << (within % 8))
}

const RECEIPTS: &str = receipts!(
    ", l.lock, b.body, b.expires, a.counts, r.owner,
       EXISTS (SELECT 1 FROM bodies d WHERE d.slot = r.slot AND d.live = 0)",
    "LEFT JOIN attempts a ON a.slot = r.slot WHERE r.id > ?1 ORDER BY r.id"
);

const CONTENTS: &str = "SELECT l.slot, l.lock, b.live, CASE b.live WHEN 0 THEN b.body END
                        FROM locks l LEFT JOIN bodies b ON b.slot = l.slot WHERE l.slot > ?1 ORDER BY l.slot";

const GUESSES: &str = "SELECT a.slot, b.slot IS NULL FROM attempts a
                       LEFT JOIN bodies b ON b.slot = a.slot AND b.live = 1 WHERE a.slot > ?1 ORDER BY a.slot";

const ACCOUNTS: &str =
    "SELECT id, name, plan, language, state, created FROM accounts WHERE id > ?1 ORDER BY id";

const TOKENS: &str = "SELECT t.digest, t.name, t.scope, t.created, t.expires, t.wrap, a.id IS NULL
                      FROM tokens t LEFT JOIN accounts a ON a.id = t.account
                      WHERE t.digest > ?1 ORDER BY t.digest";

const DOMAINS: &str = "SELECT d.host, d.account, d.name, d.accent, a.id IS NULL
                       FROM domains d LEFT JOIN accounts a ON a.id = d.account
                       WHERE d.host > ?1 ORDER BY d.host";

/// How a table is read.
struct Table {
    name: &'static str,
    /// What one of its rows is about.
    kind: &'static str,
    /// What comes before the key of every row.
    least: Value,
    sql: &'static str,
    /// What is made of a row.
    read: fn(&mut Reading, &Row<'_>) -> Result<(), Fault>,
}

impl Table {
    fn all() -> [Self; 6] {
        let (no_bytes, no_text, least) =
            (Value::Blob(Vec::new()), Value::Text(String::new()), i64::MIN.into());
        let table =
            |name, kind, least: &Value, sql, read| Self { name, kind, least: least.clone(), sql, read };
        [
            table("receipts", "record", &no_bytes, RECEIPTS, Reading::receipt),
            table("locks", "slot", &least, CONTENTS, Reading::content),
            table("attempts", "slot", &least, GUESSES, Reading::guesses),
            table("accounts", "account", &no_bytes, ACCOUNTS, Reading::account),
            table("tokens", "token", &no_bytes, TOKENS, Reading::token),
            table("domains", "domain", &no_text, DOMAINS, Reading::domain),
        ]
    }

    /// Whether files of this format have it: version 1 knows no domains.
    fn is_in(&self, format: i32) -> bool {
        format > 1 || self.name != "domains"
    }
}

impl Reading {
    fn whole(&mut self, format: i32, tell: &mut dyn FnMut(u64, u64)) -> rusqlite::Result<()> {
        let conn = connect(&self.path)?;
        self.newest = newest_slot(&conn)?;
        let records = "SELECT coalesce(sum(receipts), 0) FROM kids";
        let records: i64 = conn.query_row(records, [], |row| row.get(0))?;
        drop(conn);
        let records = u64::try_from(records).unwrap_or_default();
        for table in Table::all().iter().filter(|table| table.is_in(format)) {
            self.table(table, &mut |audit| tell(audit.decoded + audit.undecoded, records))?;
        }
        self.compare_figures(Instant::now() + FIGURES_LAST)
    }

    /// Reads a table page by page. Where SQLite itself can't read on, that is noted.
    fn table(&mut self, table: &Table, tell: &mut dyn FnMut(&Audit)) -> rusqlite::Result<()> {
        let mut from = Some(table.least.clone());
        while let Some(after) = from {
            let page = self.page(table, &after);
            from = unless_damaged(page)?.unwrap_or_else(|| {
                self.audit.flaw("table", table.name, "a part of the file can't be read");
                None
            });
            tell(&self.audit);
        }
        Ok(())
    }

    /// Answers the last row's key if there may be more.
    fn page(&mut self, table: &Table, from: &Value) -> rusqlite::Result<Option<Value>> {
        let conn = connect(&self.path)?;
        let mut statement = conn.prepare(table.sql)?;
        let mut rows = statement.query([from])?;
        let (begun, mut read) = (Instant::now(), 0);
        while let Some(row) = rows.next()? {
            match (table.read)(self, row) {
                Err(Fault::Damaged(what)) => self.damaged(table.kind, row.get_ref(0)?, what),
                // The row is read: what is left to go wrong is one of its values.
                Err(Fault::Sql(_)) => self.damaged(table.kind, row.get_ref(0)?, "a value of another type"),
                Ok(()) => {}
            }
            read += 1;
            if read == ROWS || begun.elapsed() >= PAGE_LASTS {
                return row.get(0).map(Some);
            }
        }
        Ok(None)
    }

    fn damaged(&mut self, kind: &str, key: ValueRef<'_>, what: &'static str) {
        match key {
            ValueRef::Blob(id) if kind == "record" => self.audit.undecoded(id, what),
            ValueRef::Blob(id) => self.audit.flaw(kind, hex(id), what),
            ValueRef::Integer(slot) => self.audit.flaw(kind, slot, what),
            host => self.audit.flaw(kind, host.as_str().unwrap_or_default(), what),
        }
    }

    fn receipt(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        // First, for it leads to its content even if nothing else of it can be read.
        let alone = self.slots.insert(row.get(8)?);
        let found = rows::read(row, self.now)?;
        let flaw = flaw_of(row, &found)?;
        self.audit.record(found.receipt.state, found.kid);
        if let Some(what) = flaw {
            self.audit.flaw_of(&found.receipt.id, what);
        }
        if !alone {
            self.audit.flaw_of(&found.receipt.id, "another record leads to the same content");
        }
        Ok(())
    }

    fn content(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let slot: i64 = row.get(0)?;
        let zeroed = |column| Ok::<_, Fault>(is_zero(row.get_ref(column)?));
        let flaw = match row.get::<_, Option<bool>>(2)? {
            Some(true) if slot <= self.newest && !self.slots.contains(slot) => {
                Some("content that no record leads to")
            }
            Some(true) => None,
            Some(false) if !zeroed(3)? => Some("content that was erased, and is not zeroed"),
            Some(false) | None if !zeroed(1)? => Some("a lock that stands without its body"),
            Some(false) | None => None,
        };
        if let Some(what) = flaw {
            self.audit.flaw("slot", slot, what);
        }
        Ok(())
    }

    fn guesses(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        if row.get(1)? {
            self.audit.flaw("slot", row.get::<_, i64>(0)?, "guesses at content that is gone");
        }
        Ok(())
    }

    fn account(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        accounts::account(row)?;
        self.audit.accounts += 1;
        Ok(())
    }

    fn token(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let token = accounts::token(row)?;
        self.audit.tokens += 1;
        if row.get(6)? {
            self.audit.flaw("token", hex(token.digest.as_bytes()), "its account is gone");
        }
        Ok(())
    }

    fn domain(&mut self, row: &Row<'_>) -> Result<(), Fault> {
        let domain = accounts::domain(row)?;
        self.audit.domains += 1;
        if row.get(4)? {
            self.audit.flaw("domain", domain.host, "its account is gone");
        }
        Ok(())
    }

    /// Counts anew what the file keeps running figures of, all at one moment.
    fn compare_figures(&mut self, until: Instant) -> rusqlite::Result<()> {
        let conn = connect(&self.path)?;
        let moment = conn.unchecked_transaction()?;
        // What is damaged was told of the tables already.
        let Some(counted) = unless_damaged(Figures::count(&moment, until))? else { return Ok(()) };
        let Some(counted) = counted else {
            self.audit.uncompared += 1;
            return Ok(());
        };
        let kept = Figures::kept(&moment)?;
        if counted.totals != kept.totals {
            self.audit.flaw("table", "totals", "its figures are not those of the records");
        }
        if counted.kids != kept.kids {
            self.audit.flaw("table", "kids", "its figures are not those of the records");
        }
        Ok(())
    }
}

/// What is wrong with a record whose receipt can be read.
fn flaw_of(row: &Row<'_>, found: &Found) -> Result<Option<&'static str>, Fault> {
    let receipt = &found.receipt;
    let owner = row.get_ref(18)?.as_blob_or_null().ok().flatten().map(<[u8]>::len);
    if owner != receipt.own.as_ref().map(|_| 16) {
        return Ok(Some("its owner does not fit its own box"));
    }
    let (live, erased) = (row.get_ref(15)? != ValueRef::Null, row.get::<_, bool>(19)?);
    match found.stored {
        Stored::Received | Stored::Burned => Ok(live.then_some("it has ended, and its content still stands")),
        Stored::New if live => flaw_of_content(row, receipt.expires),
        Stored::New => Ok((receipt.state == State::Orphaned && !erased).then_some("its content is gone")),
    }
}

fn flaw_of_content(row: &Row<'_>, expires: Timestamp) -> Result<Option<&'static str>, Fault> {
    let lock = row.get_ref(14)?;
    if lock == ValueRef::Null {
        return Ok(Some("its lock is gone"));
    }
    rows::bytes::<LOCK_BYTES>(row, 14, "a lock's length")?;
    let unread = |counts: &[u8]| Attempts::from_bytes(counts).is_none();
    Ok(if is_zero(lock) {
        Some("its lock is zeroed, and its body is not")
    } else if row.get_ref(15)?.as_blob().is_ok_and(<[u8]>::is_empty) {
        Some("its body is empty")
    } else if rows::time(row, 16)? != expires {
        Some("its content ends at another time")
    } else if row.get_ref(17)?.as_blob_or_null().ok().flatten().is_some_and(unread) {
        Some("its guesses can't be read")
    } else {
        None
    })
}

fn is_zero(value: ValueRef<'_>) -> bool {
    value.as_blob().is_ok_and(|bytes| bytes.iter().all(|byte| *byte == 0))
}

/// Nothing, if what stands in the file is to blame.
fn unless_damaged<T>(read: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match read {
        Err(error) if is_damage(&error) => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_kept_apart() {
        let mut slots = Slots::default();
        let some = [i64::MIN, -1, 0, 1, 7, 8, 255, 256, 1 << 40, i64::MAX];
        assert!(some.iter().all(|slot| slots.insert(*slot)));
        assert!(some.iter().all(|slot| slots.contains(*slot) && !slots.insert(*slot)));
        assert!([-2, 2, 9, 254, 257].iter().all(|slot| !slots.contains(*slot)));
    }

    #[test]
    fn figures_are_given_up_in_time_and_that_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = crate::schema::prepare(&folder.path().join("store")).unwrap();
        let conn = crate::schema::connect_writer(&path).unwrap();
        conn.execute_batch("INSERT INTO bodies VALUES (1, 1, 9, x'00'), (2, 1, 9, x'00')").unwrap();
        let now = Timestamp::from_secs(0);
        let (slots, audit) = (Slots::default(), Audit::default());
        let mut reading = Reading { path, now, newest: 0, slots, audit };
        let begun = Instant::now();
        reading.compare_figures(begun).unwrap();
        assert_eq!((reading.audit.uncompared, reading.audit.flaws), (1, 0));
        reading.compare_figures(begun + FIGURES_LAST).unwrap();
        assert_eq!((reading.audit.uncompared, reading.audit.flaws), (1, 1));
        assert_eq!(Figures::count(&conn, begun + FIGURES_LAST).unwrap().unwrap().totals.unopened, 2);
    }
}
