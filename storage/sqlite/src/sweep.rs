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
    let live = blocks(conn, LIVE_BLOCKS, first - 1, seen.end + 1)?;
    let standing = blocks(conn, STANDING_BLOCKS, first, seen.end)?;
    let dead = |block: &i64| (block - 1..=block + 1).all(|near| !live.contains(&near));
    plan.blocks = standing.into_iter().filter(dead).collect();
    Ok(())
}

const LIVE_BLOCKS: &str = "SELECT DISTINCT slot / ?3 FROM bodies NOT INDEXED
                           WHERE slot >= ?1 * ?3 AND slot < ?2 * ?3 AND live = 1";
const STANDING_BLOCKS: &str = "SELECT DISTINCT slot / ?3 FROM locks WHERE slot >= ?1 * ?3 AND slot < ?2 * ?3";

fn blocks(conn: &Connection, sql: &str, from: i64, to: i64) -> rusqlite::Result<BTreeSet<i64>> {
    conn.prepare_cached(sql)?.query_map([from, to, BLOCK], |row| row.get(0))?.collect()
}

fn first_slot(conn: &Connection, from: i64) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT min(slot) FROM locks WHERE slot >= ?1")?.query_row([from], |row| row.get(0))
}

/// Looks for zeroed bodies to remove one by one, if they take more than `allowed`. A
/// round begins anew where no slot is left.
fn look_for_dead(conn: &Connection, totals: Totals, allowed: i64, plan: &mut Plan) -> rusqlite::Result<()> {
    if totals.dead_bytes <= allowed {
        return Ok(());
    }
    let from = first_slot(conn, plan.next.thinned)?.unwrap_or_default();
    let to = from + THINNED;
    let mut statement = conn
        .prepare_cached("SELECT slot FROM bodies NOT INDEXED WHERE slot >= ?1 AND slot < ?2 AND live = 0")?;
    plan.dead = statement.query_map([from, to], |row| row.get(0))?.collect::<Result<_, _>>()?;
    plan.next.thinned = to;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;

    /// Later than all that is made here lives, or is known.
    const LATE: Timestamp = Timestamp::from_secs(100);

    fn file() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = crate::schema::prepare(&folder.path().join("store")).unwrap();
        let conn = crate::schema::connect_writer(&path).unwrap();
        (folder, conn)
    }

    /// A file whose slots go up to `newest`, of which these live.
    fn slots(newest: i64, live: &[i64]) -> (tempfile::TempDir, Connection) {
        let (folder, conn) = file();
        for row in ["locks SELECT slot, zeroblob(61)", "bodies SELECT slot, 0, 9, zeroblob(80)"] {
            let sql = format!(
                "WITH RECURSIVE slots (slot) AS (VALUES (1) UNION ALL SELECT slot + 1 FROM slots WHERE slot < ?1)
                 INSERT INTO {row} FROM slots"
            );
            conn.execute(&sql, [newest]).unwrap();
        }
        for slot in live {
            conn.execute("UPDATE bodies SET live = 1 WHERE slot = ?1", [slot]).unwrap();
        }
        (folder, conn)
    }

    /// Puts in receipts 1 to 10, whose time is over.
    fn receipts(conn: &Connection) {
        for n in 1..=10 {
            let sql = "INSERT INTO receipts VALUES (?1, 0, 1, 0, 0, 0, 0, x'', 0, 0, 0, x'', NULL, NULL)";
            conn.execute(sql, [[n; 32]]).unwrap();
        }
    }

    fn numbers(ids: &[RecordId]) -> Vec<u8> {
        ids.iter().map(|id| id.0[0]).collect()
    }

    #[test]
    fn a_block_goes_once_it_is_dead_and_both_beside_it() {
        let found = |live: &[i64]| {
            let (_folder, conn) = slots(10 * BLOCK, live);
            let mut plan = Plan::default();
            look_for_blocks(&conn, &mut plan).unwrap();
            plan.blocks
        };
        let all = |blocks: RangeInclusive<i64>| blocks.collect::<Vec<_>>();
        assert_eq!(found(&[]), all(0..=8), "the two newest stay");
        assert_eq!(found(&[4 * BLOCK]), [0, 1, 2, 6, 7, 8]);
        assert_eq!(found(&[5 * BLOCK - 1]), [0, 1, 2, 6, 7, 8]);
        assert_eq!(found(&[1]), all(2..=8));
        assert_eq!(found(&[10 * BLOCK - 1]), all(0..=7));
    }

    #[test]
    fn rounds_come_over_all_blocks_and_keep_away_from_what_lives_in_the_next() {
        let (_folder, conn) = slots(40 * BLOCK, &[16 * BLOCK - 1, 32 * BLOCK]);
        conn.execute("UPDATE totals SET dead_bytes = (SELECT sum(80) FROM bodies WHERE live = 0)", [])
            .unwrap();
        let mut batch = Batch::begin(&conn, 0).unwrap();
        let mut plan = Plan::default();
        for expected in [0..=13, 17..=30, 34..=38] {
            look_for_blocks(&conn, &mut plan).unwrap();
            assert_eq!(plan.blocks, expected.collect::<Vec<_>>());
            for block in &plan.blocks {
                clear_block(&mut batch, *block).unwrap();
            }
        }
        look_for_blocks(&conn, &mut plan).unwrap();
        assert_eq!((&plan.blocks[..], plan.next.block), (&[][..], 30), "it begins with what is left");

        let standing = blocks(&conn, STANDING_BLOCKS, 0, 41).unwrap();
        assert_eq!(standing, BTreeSet::from([14, 15, 16, 31, 32, 33, 39, 40]));
        for rows in ["SELECT count(*) FROM locks", "SELECT count(*) FROM bodies"] {
            let rows: i64 = conn.query_row(rows, [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 7 * BLOCK + 1);
        }
        assert_eq!(batch.totals.dead_bytes, 80 * (7 * BLOCK - 1));
    }

    #[test]
    fn rounds_come_over_all_zeroed_bodies() {
        let (_folder, conn) = slots(THINNED + 1, &[]);
        let mut plan = Plan::default();
        let mut found = || {
            look_for_dead(&conn, Totals { dead_bytes: 1, ..Totals::read(&conn).unwrap() }, 0, &mut plan)
                .unwrap();
            (plan.dead[0], plan.dead.len())
        };
        assert_eq!([found(), found()], [(1, 4_096), (4_097, 1)]);
        assert_eq!(found().0, 1, "it begins anew");
    }

    #[test]
    fn zeroed_bodies_wait_while_they_are_few() {
        const MIB: i64 = 1_048_576;
        let (_folder, conn) = slots(10, &[]);
        let found = |stored: i64, dead: i64| {
            conn.execute("UPDATE totals SET stored_bytes = ?1, dead_bytes = ?2", [stored, dead]).unwrap();
            look(&conn, 0, Cursor::default(), LATE).unwrap().dead.len()
        };
        assert_eq!((found(0, 64 * MIB), found(0, 64 * MIB + 1)), (0, 10));
        assert_eq!((found(400 * MIB, 100 * MIB), found(400 * MIB, 100 * MIB + 1)), (0, 10));
    }

    #[test]
    fn rounds_come_over_all_receipts_as_many_as_may_be_read_and_may_go() {
        let (_folder, conn) = file();
        receipts(&conn);
        let mut plan = Plan::default();
        let mut found = |rows, limit| {
            plan.forgotten.clear();
            look_for_forgotten(&conn, limit, rows, LATE, &mut plan).unwrap();
            numbers(&plan.forgotten)
        };
        assert_eq!(found(4, 9), [1, 2, 3, 4]);
        assert_eq!(found(9, 4), [5, 6, 7, 8]);
        assert_eq!(found(4, 9), [9, 10, 1, 2]);
        assert_eq!(found(99, 99), [3, 4, 5, 6, 7, 8, 9, 10, 1, 2]);
    }

    #[test]
    fn a_look_finds_as_much_as_is_asked_for_and_goes_on_from_the_last() {
        let (_folder, conn) = slots(3, &[1, 2, 3]);
        receipts(&conn);
        let first = look(&conn, 5, Cursor::default(), LATE).unwrap();
        let next = look(&conn, 5, first.next, LATE).unwrap();
        assert_eq!((first.expired, numbers(&first.forgotten)), (vec![1, 2, 3], vec![1, 2]));
        assert_eq!((next.expired, numbers(&next.forgotten)), (vec![1, 2, 3], vec![3, 4]));
    }

    #[test]
    fn zeroed_bodies_beyond_the_bound_are_removed_alone() {
        let (_folder, conn) = file();
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
