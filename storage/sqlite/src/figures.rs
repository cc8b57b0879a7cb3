//! The running figures of a file, as they are kept and as they should be.

use std::collections::BTreeMap;
use std::time::Instant;

use rusqlite::{Connection, Row};
use waxseal_core::state::Stored;
use waxseal_core::store::{LOCK_BYTES, RECORD_OVERHEAD};

use crate::batch::Totals;

/// What stands in `totals` and in `kids`.
pub(crate) struct Figures {
    pub(crate) totals: Totals,
    pub(crate) kids: BTreeMap<Vec<u8>, i64>,
}

impl Figures {
    /// As they are kept.
    pub(crate) fn kept(conn: &Connection) -> rusqlite::Result<Self> {
        let mut statement = conn.prepare("SELECT kid, receipts FROM kids")?;
        let kids =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        Ok(Self { totals: Totals::read(conn)?, kids })
    }

    /// As the rows say; `None` if counting takes until then.
    pub(crate) fn count(conn: &Connection, until: Instant) -> rusqlite::Result<Option<Self>> {
        let totals = Totals { stored_bytes: 0, dead_bytes: 0, unopened: 0, received: 0, burned: 0 };
        let mut figures = Self { totals, kids: BTreeMap::new() };
        let receipts = "SELECT state, kid, length(info) + coalesce(length(own), 0) FROM receipts";
        let bodies = "SELECT live, length(body) FROM bodies NOT INDEXED";
        let counted = each(conn, receipts, until, |row| figures.receipt(row))?
            && each(conn, bodies, until, |row| figures.body(row))?;
        Ok(counted.then_some(figures))
    }

    fn receipt(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        *self.kids.entry(row.get(1)?).or_default() += 1;
        self.totals.stored_bytes +=
            row.get::<_, i64>(2)? + i64::try_from(RECORD_OVERHEAD).unwrap_or_default();
        match u8::try_from(row.get::<_, i64>(0)?).ok().and_then(Stored::from_code) {
            Some(Stored::Received) => self.totals.received += 1,
            Some(Stored::Burned) => self.totals.burned += 1,
            Some(Stored::New) | None => {}
        }
        Ok(())
    }

    fn body(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let bytes: i64 = row.get(1)?;
        if row.get(0)? {
            self.totals.unopened += 1;
            self.totals.stored_bytes += bytes + LOCK_BYTES as i64;
        } else {
            self.totals.dead_bytes += bytes;
        }
        Ok(())
    }
}

/// `false` if time ran out.
fn each(
    conn: &Connection,
    sql: &str,
    until: Instant,
    mut of: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    let mut statement = conn.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        of(row)?;
        if Instant::now() >= until {
            return Ok(false);
        }
    }
    Ok(true)
}
