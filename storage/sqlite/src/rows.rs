//! Rows, read into core's types. A row that does not make sense is a
//! [`Fault::Damaged`], and stays as it is.

use rusqlite::{CachedStatement, Connection, Row, params};
use waxseal_core::attempt::Attempts;
use waxseal_core::id::{AccountId, Kid, RecordId};
use waxseal_core::state::{State, Stored};
use waxseal_core::store::{Kind, LOCK_BYTES, Lock, MailState, RECENT_REACH, Receipt, Sealed, forgotten};
use waxseal_core::time::Timestamp;

use crate::fault::Fault;

/// A receipt, and what only the store knows of it.
pub(crate) struct Found {
    pub(crate) receipt: Receipt,
    pub(crate) stored: Stored,
    pub(crate) slot: i64,
    pub(crate) kid: Kid,
}

/// An unopened secret whose content is there, and the guesses at it so far.
pub(crate) struct Guarded {
    pub(crate) slot: i64,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) kind: Kind,
    pub(crate) passphrase_required: bool,
    pub(crate) attempts: Attempts,
}

/// The columns of a [`Found`], and more behind them. `sealed` says whether lock and
/// body are there.
macro_rules! receipts {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT r.id, r.created, r.expires, r.updated, r.state, r.kind, r.passphrase_required,
                    r.kid, r.slot, r.mail, r.mail_noted, r.info, r.own, l.slot IS NOT NULL AS sealed",
            $more,
            " FROM receipts r
              LEFT JOIN bodies b ON b.slot = r.slot AND b.live = 1
              LEFT JOIN locks l ON l.slot = b.slot ",
            $rest
        )
    };
}
pub(crate) use receipts;

/// A receipt as seen at `now`; nothing once its own time is over.
pub(crate) fn receipt(conn: &Connection, id: &RecordId, now: Timestamp) -> Result<Option<Found>, Fault> {
    let found = stored(conn, id, now)?;
    Ok(found.filter(|found| now < forgotten(found.receipt.created, found.receipt.expires)))
}

/// The same, past its time or not.
pub(crate) fn stored(conn: &Connection, id: &RecordId, now: Timestamp) -> Result<Option<Found>, Fault> {
    let mut statement = conn.prepare_cached(receipts!("", "WHERE r.id = ?1"))?;
    let mut rows = statement.query([id.as_bytes()])?;
    rows.next()?.map(|row| read(row, now)).transpose()
}

/// The newest receipts of an account. A damaged one is left out, and said in the log.
pub(crate) fn recent(
    conn: &Connection,
    account: &AccountId,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Receipt>, Fault> {
    let mut statement = conn.prepare_cached(receipts!(
        "",
        "WHERE r.owner = ?1 AND r.created >= ?2 AND ?3 < r.created + 2 * (r.expires - r.created)
         ORDER BY r.created DESC, r.id DESC LIMIT ?4"
    ))?;
    let since = secs(now) - secs_of(RECENT_REACH.secs());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![account.as_bytes(), since, secs(now), limit])?;
    let mut receipts = Vec::new();
    while let Some(row) = rows.next()? {
        match read(row, now) {
            Ok(found) => receipts.push(found.receipt),
            Err(fault) => tracing::error!(?fault, "a receipt is damaged and left out of a list"),
        }
    }
    Ok(receipts)
}

/// What guards an unopened secret. `None` if it is none, or its content is gone.
pub(crate) fn guarded(conn: &Connection, id: &RecordId, now: Timestamp) -> Result<Option<Guarded>, Fault> {
    receipt(conn, id, now)?.map_or(Ok(None), |found| guard(conn, found))
}

/// The same, and the sealed content that it guards.
pub(crate) fn openable(
    conn: &Connection,
    id: &RecordId,
    now: Timestamp,
) -> Result<Option<(Guarded, Sealed)>, Fault> {
    let mut statement = conn.prepare_cached(receipts!(", l.lock, b.body", "WHERE r.id = ?1"))?;
    let mut rows = statement.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let Some(guarded) = guard(conn, read(row, now)?)? else { return Ok(None) };
    let sealed = Sealed {
        created: guarded.created,
        expires: guarded.expires,
        kind: guarded.kind,
        passphrase_required: guarded.passphrase_required,
        lock: Lock(bytes::<LOCK_BYTES>(row, 14, "a lock's length")?),
        body: row.get(15)?,
    };
    Ok(Some((guarded, sealed)))
}

fn guard(conn: &Connection, found: Found) -> Result<Option<Guarded>, Fault> {
    let Found { receipt, slot, .. } = found;
    if receipt.state != State::New {
        return Ok(None);
    }
    Ok(Some(Guarded {
        slot,
        created: receipt.created,
        expires: receipt.expires,
        kind: receipt.kind,
        passphrase_required: receipt.passphrase_required,
        attempts: if receipt.passphrase_required { attempts(conn, slot)? } else { Attempts::default() },
    }))
}

fn attempts(conn: &Connection, slot: i64) -> Result<Attempts, Fault> {
    let mut statement: CachedStatement<'_> =
        conn.prepare_cached("SELECT counts FROM attempts WHERE slot = ?1")?;
    let mut rows = statement.query([slot])?;
    match rows.next()? {
        None => Ok(Attempts::default()),
        Some(row) => known(Attempts::from_bytes(row.get_ref(0)?.as_blob().unwrap_or_default()), "attempts"),
    }
}

/// Reads a row of `receipts!` as seen at `now`.
pub(crate) fn read(row: &Row<'_>, now: Timestamp) -> Result<Found, Fault> {
    let stored = known(Stored::from_code(code(row, 4)?), "a state")?;
    let mail = known(MailState::from_code(code(row, 9)?), "a message's state")?;
    let expires = time(row, 2)?;
    Ok(Found {
        stored,
        slot: row.get(8)?,
        kid: Kid(bytes(row, 7, "a key's id")?),
        receipt: Receipt {
            id: RecordId(bytes(row, 0, "an id")?),
            created: time(row, 1)?,
            updated: time(row, 3)?,
            expires,
            state: stored.seen(row.get(13)?, expires, now),
            kind: known(Kind::from_code(code(row, 5)?), "a kind")?,
            passphrase_required: row.get(6)?,
            mail: mail.seen(time(row, 10)?, now),
            info: row.get(11)?,
            own: row.get(12)?,
        },
    })
}

/// A code that core knows, or damage.
pub(crate) fn known<T>(value: Option<T>, what: &'static str) -> Result<T, Fault> {
    value.ok_or(Fault::Damaged(what))
}

/// A code. One that is out of range is none that core knows.
pub(crate) fn code(row: &Row<'_>, column: usize) -> Result<u8, Fault> {
    Ok(u8::try_from(row.get::<_, i64>(column)?).unwrap_or(u8::MAX))
}

/// Bytes of a fixed length.
pub(crate) fn bytes<const N: usize>(
    row: &Row<'_>,
    column: usize,
    what: &'static str,
) -> Result<[u8; N], Fault> {
    let stored = row.get_ref(column)?.as_blob().unwrap_or_default();
    known(stored.try_into().ok(), what)
}

/// A point in time.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Fault> {
    let secs = u64::try_from(row.get::<_, i64>(column)?);
    known(secs.ok().map(Timestamp::from_secs), "a time")
}

/// A time as SQLite holds it: to its greatest number, some 292 billion years on.
pub(crate) fn secs(time: Timestamp) -> i64 {
    secs_of(time.secs())
}

fn secs_of(secs: u64) -> i64 {
    i64::try_from(secs).unwrap_or(i64::MAX)
}
