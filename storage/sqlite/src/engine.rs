//! The writing connection: commits batches, clears the log after erasures, and
//! outlives its errors.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use waxseal_core::store::StoreError;

use crate::batch::{Batch, Broken, roll_back};
use crate::fault::{failed, is_fatal};
use crate::schema::connect_writer;
use crate::writer::Job;

/// Erased bytes stay in the write-ahead log until it is cut to nothing. The
/// promise is two seconds; the rest is for the batch and the checkpoint that may
/// be running.
const LOG_PATIENCE: Duration = Duration::from_millis(1_500);
/// When to try again while a reader is in the way.
const LOG_RETRY: Duration = Duration::from_millis(100);

/// Owns the only connection of this process that writes.
#[derive(Debug)]
pub(crate) struct Engine {
    path: PathBuf,
    budget: u64,
    /// `None` after an error that a connection does not survive, until the next batch.
    conn: Option<Connection>,
    /// Set while the log may hold erased bytes.
    log_due: Option<Instant>,
}

impl Engine {
    /// `budget` bounds the stored bytes; 0 is no bound.
    pub(crate) fn open(path: PathBuf, budget: u64) -> rusqlite::Result<Self> {
        let conn = connect_writer(&path)?;
        // A process that died may have left erased bytes in the log.
        Ok(Self { path, budget, conn: Some(conn), log_due: Some(Instant::now()) })
    }

    /// Runs the jobs in one transaction and answers them. If one breaks it, each
    /// runs again in a transaction of its own, and only the guilty one fails.
    pub(crate) fn commit(&mut self, mut jobs: Vec<Job>) {
        match self.transact(&mut jobs) {
            Ok(erased) => {
                if erased && self.log_due.is_none() {
                    self.log_due = Some(Instant::now() + LOG_PATIENCE);
                }
                jobs.into_iter().for_each(Job::answer);
            }
            Err(Broken::Undone(_)) if jobs.len() > 1 => {
                jobs.into_iter().for_each(|job| self.commit(vec![job]));
            }
            Err(Broken::Undone(error)) => {
                let error = Arc::new(error);
                jobs.into_iter().for_each(|job| job.fail(failed(&error)));
            }
            Err(Broken::Doubtful(error)) => {
                tracing::error!(%error, "a commit failed; its outcome is unknown");
                let error = Arc::new(error);
                jobs.into_iter().for_each(|job| job.doubt(&error));
            }
        }
    }

    /// When the log must be cleared.
    pub(crate) fn log_due(&self) -> Option<Instant> {
        self.log_due
    }

    /// Clears the log if that is due.
    pub(crate) fn tend_log(&mut self) {
        if self.log_due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.log_due = match self.clear_log() {
            Ok(true) => None,
            Ok(false) => Some(Instant::now() + LOG_RETRY),
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be cleared");
                self.conn = None;
                Some(Instant::now() + LOG_PATIENCE)
            }
        };
    }

    /// Clears the log and closes the file.
    pub(crate) fn close(mut self) {
        if let Err(error) = self.clear_log() {
            tracing::warn!(%error, "the write-ahead log could not be cleared at the end");
        }
    }

    fn transact(&mut self, jobs: &mut [Job]) -> Result<bool, Broken> {
        let budget = self.budget;
        let conn = self.connection().map_err(Broken::Undone)?;
        let done = run_all(conn, budget, jobs);
        if let Err(broken) = &done {
            let undone = roll_back(conn);
            let lost = match broken {
                Broken::Undone(error) => is_fatal(error) || undone.is_err(),
                // A failed sync is final: a second one would lie.
                Broken::Doubtful(_) => true,
            };
            if lost {
                self.conn = None;
            }
        }
        done
    }

    /// The connection, opened anew if the last one was lost.
    fn connection(&mut self) -> rusqlite::Result<&mut Connection> {
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => connect_writer(&self.path)?,
        };
        Ok(self.conn.insert(conn))
    }

    /// Writes the log back and cuts it to no bytes. `false` if a reader, here or
    /// in another process, is in the way.
    fn clear_log(&mut self) -> rusqlite::Result<bool> {
        let conn = self.connection()?;
        conn.busy_timeout(LOG_RETRY)?;
        let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        conn.busy_timeout(crate::schema::PATIENCE)?;
        Ok(!busy?)
    }
}

fn run_all(conn: &Connection, budget: u64, jobs: &mut [Job]) -> Result<bool, Broken> {
    let mut batch = Batch::begin(conn, budget).map_err(Broken::Undone)?;
    for job in jobs {
        job.run(&mut batch).map_err(Broken::Undone)?;
    }
    batch.commit()
}

/// An operation whose commit failed may have happened, and is not retried.
pub(crate) fn unconfirmed(error: &Arc<rusqlite::Error>) -> StoreError {
    StoreError::Unconfirmed(Box::new(Arc::clone(error)))
}
