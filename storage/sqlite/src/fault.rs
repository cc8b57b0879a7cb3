//! What goes wrong inside an operation, and what the caller is told.

use std::sync::Arc;

use rusqlite::ErrorCode;
use waxseal_core::store::{Cause, StoreError};

/// Why an operation has no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A record can't be read. Raised only before the operation's first write,
    /// so that the others of its batch go on.
    Damaged(&'static str),
    /// A statement failed. What the operation wrote is rolled back.
    Sql(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged(what) => Self::Damaged(what.into()),
            Fault::Sql(error) => failed(&Arc::new(error)),
        }
    }
}

/// A statement failed and was undone, so the operation did not happen.
pub(crate) fn failed(error: &Arc<rusqlite::Error>) -> StoreError {
    let cause: Cause = Box::new(Arc::clone(error));
    if is_damage(error) { StoreError::Damaged(cause) } else { StoreError::Unavailable(cause) }
}

/// Whether the disk has no room.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Whether the connection can be used on. After a failed read, write or sync it
/// may hold pages that the disk does not.
pub(crate) fn is_fatal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory
        )
    )
}

/// Whether what stands in the file is to blame.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match error {
        FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) => true,
        other => {
            matches!(other.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        }
    }
}
