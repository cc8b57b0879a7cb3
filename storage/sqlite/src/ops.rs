//! What the writer does for [`Store`](waxseal_core::store::Store), one operation
//! a function. Each reads first and writes after, so that it fails before it has
//! changed anything or not at all; only a broken statement can stop it midway. That
//! breaks the transaction, so that statements say OR FAIL: SQLite then keeps no
//! journal to undo one alone.

use rusqlite::{OptionalExtension, params};
use waxseal_core::attempt::{Guess, Verdict};
use waxseal_core::id::RecordId;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, State, Stored};
use waxseal_core::store::{
    Check, Created, LOCK_BYTES, MailState, RECORD_OVERHEAD, Receipt, Record, forgotten,
};
use waxseal_core::time::Timestamp;
use waxseal_fault_points::{Point, reach};

use crate::batch::Batch;
use crate::fault::Fault;
use crate::rows::{self, secs};

pub(crate) fn create(batch: &mut Batch<'_>, record: &Record, now: Timestamp) -> Result<Created, Fault> {
    // Nearly always the id is new, and the insert itself is what finds out.
    if !batch.is_over_budget(record.stored_bytes()) && insert(batch, record, now)? {
        return Ok(Created::Fresh);
    }
    if let Some(found) = rows::stored(batch.conn, &record.id, now)? {
        if now < forgotten(found.receipt.created, found.receipt.expires) {
            return Ok(Created::Taken);
        }
        forget(batch, &record.id, now)?;
    }
    if batch.is_over_budget(record.stored_bytes()) {
        return Ok(Created::Full);
    }
    Ok(if insert(batch, record, now)? { Created::Fresh } else { Created::Taken })
}

/// Counts a guess. `None` if there is nothing to open any more.
pub(crate) fn count(
    batch: &mut Batch<'_>,
    id: &RecordId,
    guess: Guess,
    policy: &AttemptPolicy,
    now: Timestamp,
) -> Result<Option<Verdict>, Fault> {
    let Some(guarded) = rows::guarded(batch.conn, id, now)? else { return Ok(None) };
    let (attempts, verdict) = guarded.attempts.count(guess, guarded.expires, policy, now);
    if matches!(verdict, Verdict::Granted { .. }) {
        batch.execute(
            "INSERT INTO attempts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET counts = excluded.counts",
            params![guarded.slot, attempts.to_bytes()],
        )?;
        reach(Point::SqliteGuessWritten);
    }
    Ok(Some(verdict))
}

/// Ends a secret. The conditional UPDATE decides who won; core's table says
/// from which state to which.
pub(crate) fn settle(
    batch: &mut Batch<'_>,
    id: &RecordId,
    ending: Ending,
    now: Timestamp,
) -> Result<Option<Receipt>, Fault> {
    let Some(found) = rows::receipt(batch.conn, id, now)? else { return Ok(None) };
    let (State::New, Some(ended)) = (found.receipt.state, found.stored.on(ending)) else { return Ok(None) };
    let won = batch.execute(
        "UPDATE OR FAIL receipts SET state = ?2, updated = ?3 WHERE id = ?1 AND state = ?4 AND expires > ?3",
        params![id.as_bytes(), ended.code(), secs(now), found.stored.code()],
    )?;
    if won == 0 {
        return Ok(None);
    }
    reach(Point::SqliteStateWritten);
    erase(batch, found.slot)?;
    *ended_count(batch, ended) += 1;
    let state = ended.seen(false, found.receipt.expires, now);
    Ok(Some(Receipt { state, updated: now, ..found.receipt }))
}

pub(crate) fn note_mail(
    batch: &mut Batch<'_>,
    id: &RecordId,
    mail: MailState,
    now: Timestamp,
) -> Result<(), Fault> {
    batch.execute(
        "UPDATE receipts SET mail = ?2, mail_noted = ?3 WHERE id = ?1",
        params![id.as_bytes(), mail.code(), secs(now)],
    )?;
    Ok(())
}

pub(crate) fn bind(batch: &mut Batch<'_>, check: &Check) -> Result<Check, Fault> {
    batch.execute("INSERT INTO meta VALUES ('check', ?1) ON CONFLICT DO NOTHING", [&check.0])?;
    let mut statement = batch.conn.prepare_cached("SELECT value FROM meta WHERE name = 'check'")?;
    Ok(Check(statement.query_row([], |row| row.get(0))?))
}

/// Overwrites lock and body with zeros where they lie, and drops the guesses.
/// Answers whether there was live content.
pub(crate) fn erase(batch: &mut Batch<'_>, slot: i64) -> Result<bool, Fault> {
    let live = "SELECT length(body) FROM bodies WHERE slot = ?1 AND live = 1";
    let body = batch.conn.prepare_cached(live)?.query_row([slot], |row| row.get(0)).optional()?;
    let Some(body): Option<i64> = body else { return Ok(false) };
    batch.execute(
        "UPDATE OR FAIL bodies SET live = 0, body = zeroblob(length(body)) WHERE slot = ?1",
        [slot],
    )?;
    reach(Point::SqliteBodyZeroed);
    batch.execute("UPDATE locks SET lock = zeroblob(length(lock)) WHERE slot = ?1", [slot])?;
    reach(Point::SqliteLockZeroed);
    batch.execute("DELETE FROM attempts WHERE slot = ?1", [slot])?;
    reach(Point::SqliteGuessesDropped);
    batch.totals.stored_bytes -= body + LOCK_BYTES as i64;
    batch.totals.dead_bytes += body;
    batch.totals.unopened -= 1;
    batch.erased = true;
    Ok(true)
}

/// Removes a receipt whose time is over, and its content should the sweep not
/// have come to it. Answers whether it stood.
pub(crate) fn forget(batch: &mut Batch<'_>, id: &RecordId, now: Timestamp) -> Result<bool, Fault> {
    let Some(found) = rows::stored(batch.conn, id, now)? else { return Ok(false) };
    if now < forgotten(found.receipt.created, found.receipt.expires) {
        return Ok(false);
    }
    erase(batch, found.slot)?;
    batch.execute("DELETE FROM receipts WHERE id = ?1", [id.as_bytes()])?;
    batch.totals.stored_bytes -= receipt_bytes(&found.receipt);
    if found.stored != Stored::New {
        *ended_count(batch, found.stored) -= 1;
    }
    batch.count_kid(found.kid, -1);
    batch.erased = true;
    Ok(true)
}

/// Stores a record. `false` if one of its id stands.
fn insert(batch: &mut Batch<'_>, record: &Record, now: Timestamp) -> Result<bool, Fault> {
    let slot = batch.next_slot;
    if insert_receipt(batch, record, slot, now)? == 0 {
        return Ok(false);
    }
    reach(Point::SqliteReceiptWritten);
    batch.execute("INSERT INTO locks VALUES (?1, ?2)", params![slot, record.sealed.lock.0])?;
    reach(Point::SqliteLockWritten);
    batch.execute(
        "INSERT OR FAIL INTO bodies VALUES (?1, 1, ?2, ?3)",
        params![slot, secs(record.sealed.expires), record.sealed.body],
    )?;
    reach(Point::SqliteBodyWritten);
    batch.next_slot += 1;
    batch.totals.stored_bytes += i64::try_from(record.stored_bytes()).unwrap_or(i64::MAX);
    batch.totals.unopened += 1;
    batch.count_kid(record.kid, 1);
    Ok(true)
}

fn insert_receipt(batch: &Batch<'_>, record: &Record, slot: i64, now: Timestamp) -> rusqlite::Result<usize> {
    let sealed = &record.sealed;
    batch.execute(
        "INSERT OR FAIL INTO receipts (id, created, expires, updated, state, kind, passphrase_required, kid, slot,
                               mail, mail_noted, info, owner, own)
         VALUES (?1, ?2, ?3, ?2, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO NOTHING",
        params![
            record.id.as_bytes(),
            secs(sealed.created),
            secs(sealed.expires),
            Stored::New.code(),
            sealed.kind.code(),
            sealed.passphrase_required,
            record.kid.as_bytes(),
            slot,
            record.mail.code(),
            secs(now),
            record.info,
            record.owner.as_ref().map(|owner| owner.account.0),
            record.owner.as_ref().map(|owner| &owner.own),
        ],
    )
}

/// The figure that counts the endings of a kind.
pub(crate) fn ended_count<'b>(batch: &'b mut Batch<'_>, ended: Stored) -> &'b mut i64 {
    match ended {
        Stored::Burned => &mut batch.totals.burned,
        Stored::New | Stored::Received => &mut batch.totals.received,
    }
}

/// What a receipt counts for once lock and body are gone.
fn receipt_bytes(receipt: &Receipt) -> i64 {
    let boxes = receipt.info.len() + receipt.own.as_ref().map_or(0, Vec::len);
    i64::try_from(RECORD_OVERHEAD + boxes as u64).unwrap_or(i64::MAX)
}
