//! Places between the steps of a secret's life at which a test may have the process
//! killed by SIGKILL, to see what a restart finds.
//!
//! [`reach`] is nothing at all unless the feature `armed` is on, which only tests turn on,
//! and the build has debug assertions, which a release has not. Then the environment
//! variable `FAULT_POINT` names a point and how often it may be reached: with
//! `SqliteCommitted:3` the process dies when [`Point::SqliteCommitted`] is reached for
//! the third time. It dies as by `kill -9`: no handler runs, nothing is flushed.
#![forbid(unsafe_code)]

/// Where it may happen, in the order of a life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Point {
    /// A value is to be kept; its passphrase, if any, was not stretched yet.
    ShareBegun,
    /// Its record is sealed, and no store has heard of it.
    ShareSealed,
    /// The store said that it stands; its creator was not answered.
    ShareCreated,
    /// A guess, or none, came for a record; nothing was counted yet.
    AttemptBegun,
    /// The guess is counted; its passphrase was not checked.
    AttemptCounted,
    /// The content is open in memory; nothing was claimed.
    RevealOpened,
    /// The record is claimed; its reader was not answered.
    RevealSettled,
    /// A burn is allowed; nothing was claimed.
    BurnAllowed,
    /// The record is burned; its creator was not answered.
    BurnSettled,
    /// SQLite: a transaction is open.
    SqliteBegun,
    /// SQLite: of a new record the receipt is written.
    SqliteReceiptWritten,
    /// SQLite: and its lock.
    SqliteLockWritten,
    /// SQLite: and its body.
    SqliteBodyWritten,
    /// SQLite: a guess is written.
    SqliteGuessWritten,
    /// SQLite: a receipt says that its secret has ended.
    SqliteStateWritten,
    /// SQLite: and its body is zeros.
    SqliteBodyZeroed,
    /// SQLite: and its lock.
    SqliteLockZeroed,
    /// SQLite: and the guesses at it are gone.
    SqliteGuessesDropped,
    /// SQLite: everything of the transaction is written; it is not committed.
    SqliteWritten,
    /// SQLite: it is committed and synced; nobody was answered.
    SqliteCommitted,
    /// SQLite: erased bytes may stand in the write-ahead log, and it is to be cut.
    SqliteLogDue,
    /// SQLite: it is cut to nothing.
    SqliteLogCut,
    /// An answer is made, of any kind; no byte of it was sent.
    AnswerMade,
}

impl Point {
    /// Every one.
    pub const ALL: [Self; 23] = [
        Self::ShareBegun,
        Self::ShareSealed,
        Self::ShareCreated,
        Self::AttemptBegun,
        Self::AttemptCounted,
        Self::RevealOpened,
        Self::RevealSettled,
        Self::BurnAllowed,
        Self::BurnSettled,
        Self::SqliteBegun,
        Self::SqliteReceiptWritten,
        Self::SqliteLockWritten,
        Self::SqliteBodyWritten,
        Self::SqliteGuessWritten,
        Self::SqliteStateWritten,
        Self::SqliteBodyZeroed,
        Self::SqliteLockZeroed,
        Self::SqliteGuessesDropped,
        Self::SqliteWritten,
        Self::SqliteCommitted,
        Self::SqliteLogDue,
        Self::SqliteLogCut,
        Self::AnswerMade,
    ];
}

/// Says that a point is reached.
#[inline(always)]
pub fn reach(point: Point) {
    #[cfg(all(feature = "armed", debug_assertions, unix))]
    armed::reach(point);
    #[cfg(not(all(feature = "armed", debug_assertions, unix)))]
    let _ = point;
}

#[cfg(all(feature = "armed", debug_assertions, unix))]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// The point's name, and the hit that is the last.
    static PLAN: LazyLock<Option<(String, u32)>> = LazyLock::new(|| {
        let said = std::env::var("FAULT_POINT").ok()?;
        let (name, hit) = said.split_once(':')?;
        Some((name.to_owned(), hit.parse().ok()?))
    });
    static HITS: AtomicU32 = AtomicU32::new(0);

    pub(super) fn reach(point: Point) {
        let Some((name, last)) = &*PLAN else { return };
        if *name == format!("{point:?}") && HITS.fetch_add(1, Ordering::Relaxed) + 1 == *last {
            kill_process(getpid(), Signal::KILL).ok();
            // The signal ends this thread on its way back from the call.
            std::process::abort();
        }
    }
}
