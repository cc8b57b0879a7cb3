//! Giving back space: the expired, the forgotten, and the rows of the dead.
//!
//! A reader looks for work and the writer does it. Between the two nothing comes
//! back to life, so what was found dead may be removed without a second look.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use waxseal_core::id::RecordId;
use waxseal_core::time::Timestamp;

use crate::batch::{Batch, Totals, newest_slot};
use crate::fault::Fault;
use crate::ops;
use crate::rows::secs;

/// Slots in a block. 256 locks lie on five pages at least, and balancing touches
/// a page and two beside it: with a dead block between, it never reaches a live lock.
const BLOCK: i64 = 256;
/// Blocks looked at in one sweep.
const BLOCKS: i64 = 16;
/// Receipts looked at in one sweep, or four times its limit if that is more.
const RECEIPTS: usize = 4_096;
/// Slots looked at in one sweep for bodies to thin out.
const THINNED: i64 = 4_096;
/// Zeroed bodies whose rows may wait for their block to die: this much, or a
/// quarter of the stored bytes if that is more. Beyond, they are removed one by
/// one, and balancing may leave stale copies of bodies that it moves.
const DEAD_BYTES: i64 = 64 << 20;

/// Where the rolling parts of the sweep go on. Lost at exit: they begin anew.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    receipts: Option<RecordId>,
    block: i64,
    thinned: i64,
}

/// Work for the writer.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Slots whose live content has expired.
    pub(crate) expired: Vec<i64>,
    /// Receipts whose time is over.
    pub(crate) forgotten: Vec<RecordId>,
    /// Blocks of which every row may go.
    pub(crate) blocks: Vec<i64>,
    /// Slots of zeroed bodies that take too much room.
    pub(crate) dead: Vec<i64>,
    /// Where to go on the next time.
    pub(crate) next: Cursor,
}

/// Looks for about `limit` records of work.
pub(crate) fn look(conn: &Connection, limit: usize, from: Cursor, now: Timestamp) -> Result<Plan, Fault> {
    let mut plan = Plan { expired: expired(conn, limit, now)?, next: from, ..Plan::default() };
    let left = limit - plan.expired.len();
    look_for_forgotten(conn, left, RECEIPTS.max(limit.saturating_mul(4)), now, &mut plan)?;
    look_for_blocks(conn, &mut plan)?;
    let totals = Totals::read(conn)?;
    look_for_dead(conn, totals, DEAD_BYTES.max(totals.stored_bytes / 4), &mut plan)?;
    Ok(plan)
}

/// Erases live content; answers of how many.
pub(crate) fn erase(batch: &mut Batch<'_>, slots: &[i64]) -> Result<u64, Fault> {
    let mut erased = 0;
    for slot in slots {
        erased += u64::from(ops::erase(batch, *slot)?);
    }
    Ok(erased)
}

/// Removes receipts whose time is over; answers how many. A damaged one stays.
pub(crate) fn forget(batch: &mut Batch<'_>, ids: &[RecordId], now: Timestamp) -> Result<u64, Fault> {
    let mut forgotten = 0;
    for id in ids {
        match ops::forget(batch, id, now) {
            Ok(removed) => forgotten += u64::from(removed),
            Err(Fault::Damaged(what)) => tracing::error!(what, "a receipt is damaged and stays"),
            Err(fault) => return Err(fault),
        }
    }
    Ok(forgotten)
}

/// Removes the rows of a block.
pub(crate) fn clear_block(batch: &mut Batch<'_>, block: i64) -> Result<(), Fault> {
    let slots = [block * BLOCK, (block + 1) * BLOCK - 1];
    let mut statement = batch
        .conn
        .prepare_cached("SELECT coalesce(sum(length(body)), 0) FROM bodies WHERE slot BETWEEN ?1 AND ?2")?;
    let bytes: i64 = statement.query_row(slots, |row| row.get(0))?;
    batch.execute("DELETE FROM locks WHERE slot BETWEEN ?1 AND ?2", slots)?;
    batch.execute("DELETE FROM bodies WHERE slot BETWEEN ?1 AND ?2", slots)?;
    batch.totals.dead_bytes -= bytes;
    batch.erased = true;
    Ok(())
}

/// Removes the rows of zeroed bodies.
pub(crate) fn thin(batch: &mut Batch<'_>, slots: &[i64]) -> Result<(), Fault> {
    let mut statement = batch
        .conn
        .prepare_cached("DELETE FROM bodies WHERE slot = ?1 AND live = 0 RETURNING length(body)")?;
    for slot in slots {
        let bytes: Option<i64> = statement.query_row([slot], |row| row.get(0)).optional()?;
        batch.totals.dead_bytes -= bytes.unwrap_or_default();
    }
    batch.erased = true;
    Ok(())
}

fn expired(conn: &Connection, limit: usize, now: Timestamp) -> rusqlite::Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(
        "SELECT slot FROM bodies INDEXED BY bodies_by_expiry
         WHERE live = 1 AND expires <= ?1 ORDER BY expires LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    statement.query_map([secs(now), limit], |row| row.get(0))?.collect()
}

/// Goes over a slice of the receipts by id, and on from the least id when it
/// comes to the end. There is no index by time: it would cost every create.
fn look_for_forgotten(
    conn: &Connection,
    limit: usize,
    mut rows_left: usize,
    now: Timestamp,
    plan: &mut Plan,
) -> rusqlite::Result<()> {
    let start = plan.next.receipts;
    let mut statement = conn.prepare_cached(
        "SELECT id, created + 2 * (expires - created) <= ?3 FROM receipts
         WHERE id > ?1 AND id <= ?2 ORDER BY id",
    )?;
    let stretches = [(start, None), (None, start)];
    for (after, until) in stretches.into_iter().take(if start.is_some() { 2 } else { 1 }) {
        // No id is longer than 32 bytes, so 33 of the greatest follow every id.
        let after = after.map_or(Vec::new(), |id| id.0.to_vec());
        let until = until.map_or(vec![0xff; 33], |id: RecordId| id.0.to_vec());
        let mut rows = statement.query(params![after, until, secs(now)])?;
        while rows_left > 0 && plan.forgotten.len() < limit {
            let Some(row) = rows.next()? else {
                plan.next.receipts = None;
                break;
            };
            rows_left -= 1;
            let id = row.get(0).map(RecordId)?;
            plan.next.receipts = Some(id);
            if row.get(1)? {
                plan.forgotten.push(id);
            }
        }
    }
    Ok(())
}

/// Looks for blocks without a live secret in themselves and both neighbours. The
/// two newest stay: new slots are counted from theirs.
fn look_for_blocks(conn: &Connection, plan: &mut Plan) -> rusqlite::Result<()> {
    let end = newest_slot(conn)? / BLOCK - 1;
    let Some(first) = first_slot(conn, plan.next.block * BLOCK)?.map(|slot| slot / BLOCK) else {
        plan.next.block = 0;
        return Ok(());
    };
    let seen = first..end.min(first + BLOCKS);
    plan.next.block = if seen.end >= end { 0 } else { seen.end };
    let live = blocks(conn, LIVE_BLOCKS, (first - 1) * BLOCK, (seen.end + 1) * BLOCK)?;
    let standing = blocks(conn, STANDING_BLOCKS, first * BLOCK, seen.end * BLOCK)?;
    let dead = |block: &i64| (block - 1..=block + 1).all(|near| !live.contains(&near));
    plan.blocks = standing.into_iter().filter(dead).collect();
    Ok(())
}

const LIVE_BLOCKS: &str = "SELECT DISTINCT slot / ?3 FROM bodies NOT INDEXED
                           WHERE slot >= ?1 AND slot < ?2 AND live = 1";
const STANDING_BLOCKS: &str = "SELECT DISTINCT slot / ?3 FROM locks WHERE slot >= ?1 AND slot < ?2";

fn blocks(conn: &Connection, sql: &str, from: i64, to: i64) -> rusqlite::Result<BTreeSet<i64>> {
    conn.prepare_cached(sql)?.query_map([from, to, BLOCK], |row| row.get(0))?.collect()
}

fn first_slot(conn: &Connection, from: i64) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT min(slot) FROM locks WHERE slot >= ?1")?.query_row([from], |row| row.get(0))
}

/// Looks for zeroed bodies to remove one by one, if they take more than `allowed`.
fn look_for_dead(conn: &Connection, totals: Totals, allowed: i64, plan: &mut Plan) -> rusqlite::Result<()> {
    if totals.dead_bytes <= allowed {
        return Ok(());
    }
    let from = first_slot(conn, plan.next.thinned)?.unwrap_or_default();
    let to = from + THINNED;
    let mut statement = conn
        .prepare_cached("SELECT slot FROM bodies NOT INDEXED WHERE slot >= ?1 AND slot < ?2 AND live = 0")?;
    plan.dead = statement.query_map([from, to], |row| row.get(0))?.collect::<Result<_, _>>()?;
    plan.next.thinned = if to > newest_slot(conn)? { 0 } else { to };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroed_bodies_beyond_the_bound_are_removed_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = crate::schema::prepare(&folder.path().join("store")).unwrap();
        let conn = crate::schema::connect_writer(&path).unwrap();
        let mut batch = Batch::begin(&conn, 0).unwrap();
        for slot in 1..=6_000i64 {
            batch.execute("INSERT INTO locks VALUES (?1, zeroblob(61))", [slot]).unwrap();
            batch.execute("INSERT INTO bodies VALUES (?1, 1, 9, zeroblob(80))", [slot]).unwrap();
        }
        let even: Vec<i64> = (2..=6_000).step_by(2).collect();
        assert_eq!(erase(&mut batch, &even).unwrap(), 3_000);
        assert_eq!(batch.totals.dead_bytes, 3_000 * 80);

        let mut plan = Plan::default();
        for _ in 0..2 {
            look_for_dead(&conn, batch.totals, 0, &mut plan).unwrap();
            thin(&mut batch, &plan.dead).unwrap();
        }
        assert_eq!(batch.totals.dead_bytes, 0);
        let left: i64 = conn.query_row("SELECT count(*) FROM bodies", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 3_000);
        look_for_blocks(&conn, &mut plan).unwrap();
        assert!(plan.blocks.is_empty(), "no block is without a live neighbour");
    }
}
