//! The writing connection: commits batches, clears the log after erasures, and
//! outlives its errors.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use waxseal_core::store::StoreError;
use waxseal_fault_points::{Point, reach};

use crate::batch::{Batch, Broken, roll_back};
use crate::fault::{failed, is_fatal, is_full};
use crate::reserve::Reserve;
use crate::schema::connect_writer;
use crate::writer::{Job, answer};

/// Erased bytes stay in the write-ahead log until it is cut to nothing. The
/// promise is two seconds; the rest is for the batch and the checkpoint that may
/// be running.
const LOG_PATIENCE: Duration = Duration::from_millis(1_500);
/// How long to wait for a reader that is in the way, with every write behind.
const READER_PATIENCE: Duration = Duration::from_millis(50);
/// When to try again after that.
const LOG_RETRY: Duration = Duration::from_millis(400);

/// Owns the only connection of this process that writes.
#[derive(Debug)]
pub(crate) struct Engine {
    path: PathBuf,
    budget: u64,
    reserve: Reserve,
    /// `None` after an error that a connection does not survive, until the next batch.
    conn: Option<Connection>,
    /// Set while the log may hold erased bytes.
    log_due: Option<Instant>,
}

impl Engine {
    /// `budget` bounds the stored bytes; 0 is no bound.
    pub(crate) fn open(path: PathBuf, budget: u64) -> rusqlite::Result<Self> {
        let conn = connect_writer(&path)?;
        let reserve = Reserve::beside(&path);
        // A process that died may have left erased bytes in the log.
        Ok(Self { path, budget, reserve, conn: Some(conn), log_due: Some(Instant::now()) })
    }

    /// Runs the jobs in one transaction and answers them. If one breaks it, each
    /// runs again in a transaction of its own, and only the guilty one fails. If
    /// another process keeps the file for itself none is guilty: each would wait
    /// out [`PATIENCE`](crate::schema::PATIENCE) again, with every write behind.
    pub(crate) fn commit(&mut self, jobs: Vec<Job>) {
        let mut jobs = self.admit(jobs);
        match self.transact(&mut jobs) {
            Ok(erased) => {
                if erased {
                    self.clear_log_soon();
                }
                answer(jobs);
            }
            Err(Broken::Undone(_)) if jobs.len() > 1 => {
                jobs.into_iter().for_each(|job| self.commit(vec![job]));
            }
            Err(Broken::Undone(error)) if is_full(&error) && self.make_room(&jobs) => self.commit(jobs),
            Err(Broken::Undone(error) | Broken::Refused(error)) => {
                let error = Arc::new(error);
                jobs.into_iter().for_each(|job| job.fail(failed(&error)));
            }
            Err(Broken::Doubtful(error)) => {
                tracing::error!(%error, "a commit failed; its outcome is unknown");
                // It may have erased something.
                self.clear_log_soon();
                let error = Arc::new(error);
                jobs.into_iter().for_each(|job| job.doubt(&error));
            }
        }
    }

    fn clear_log_soon(&mut self) {
        self.log_due.get_or_insert_with(|| Instant::now() + LOG_PATIENCE);
    }

    /// When the log must be cleared.
    pub(crate) fn log_due(&self) -> Option<Instant> {
        self.log_due
    }

    /// Clears the log if that is due.
    pub(crate) fn tend_log(&mut self) {
        let is_due = self.log_due.is_some_and(|due| Instant::now() >= due);
        if !is_due {
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

    /// Refuses new secrets while the reserve is given up: its room is for the others.
    fn admit(&self, jobs: Vec<Job>) -> Vec<Job> {
        // Only for a create is the reserve taken back: its room is what made the
        // others pass.
        if !jobs.iter().any(Job::is_create) || self.reserve.is_held() {
            return jobs;
        }
        let (creates, others): (Vec<_>, Vec<_>) = jobs.into_iter().partition(Job::is_create);
        creates.into_iter().for_each(|job| job.fail(StoreError::Unavailable("the disk is full".into())));
        others
    }

    /// Gives up the reserve for jobs that store no new secret. `true` if that made
    /// room; the log gives it back as soon as it is cut.
    fn make_room(&mut self, jobs: &[Job]) -> bool {
        let made = !jobs.iter().any(Job::is_create) && self.reserve.release();
        if made {
            self.log_due = Some(Instant::now());
        }
        made
    }

    fn transact(&mut self, jobs: &mut [Job]) -> Result<bool, Broken> {
        if jobs.is_empty() {
            return Ok(false);
        }
        let budget = self.budget;
        let conn = self.connection().map_err(Broken::Refused)?;
        let done = run_all(conn, budget, jobs);
        if let Err(broken) = &done {
            let undone = roll_back(conn);
            let lost = match broken {
                Broken::Undone(error) | Broken::Refused(error) => is_fatal(error) || undone.is_err(),
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
        reach(Point::SqliteLogDue);
        let conn = self.connection()?;
        conn.busy_timeout(READER_PATIENCE)?;
        let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        conn.busy_timeout(crate::schema::PATIENCE)?;
        reach(Point::SqliteLogCut);
        Ok(!busy?)
    }
}

fn run_all(conn: &Connection, budget: u64, jobs: &mut [Job]) -> Result<bool, Broken> {
    let mut batch = Batch::begin(conn, budget).map_err(Broken::Refused)?;
    for job in jobs {
        job.run(&mut batch).map_err(Broken::Undone)?;
    }
    batch.commit()
}

/// An operation whose commit failed may have happened, and is not retried.
pub(crate) fn unconfirmed(error: &Arc<rusqlite::Error>) -> StoreError {
    StoreError::Unconfirmed(Box::new(Arc::clone(error)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rusqlite::ffi;
    use tokio::sync::oneshot::Receiver;
    use waxseal_conformance::sample;
    use waxseal_core::state::Ending;
    use waxseal_core::store::{Created, Receipt};

    use super::*;
    use crate::fault::Fault;
    use crate::ops;
    use crate::writer::Class;

    type Answer<T> = Receiver<Result<T, StoreError>>;

    fn engine() -> (Engine, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = crate::schema::prepare(&folder.path().join("store")).unwrap();
        (Engine::open(path, 0).unwrap(), folder)
    }

    fn create(n: u32) -> (Job, Answer<Created>) {
        let record = sample::record(n);
        Job::new(Class::Create(record.id), move |batch| ops::create(batch, &record, sample::START))
    }

    fn settle(n: u32) -> (Job, Answer<Option<Receipt>>) {
        let id = sample::id(n);
        Job::new(Class::Settle, move |batch| ops::settle(batch, &id, Ending::Received, sample::START))
    }

    /// Writes something, then breaks.
    fn breaks(error: i32) -> (Job, Answer<()>) {
        Job::new(Class::Plain, move |batch| {
            batch.execute("INSERT INTO meta VALUES ('half', x'00')", [])?;
            Err(Fault::Sql(rusqlite::Error::SqliteFailure(ffi::Error::new(error), None)))
        })
    }

    /// Passes, but makes the commit fail: a token without an account.
    fn spoils_the_commit() -> (Job, Answer<()>) {
        Job::new(Class::Plain, |batch| {
            batch.conn.pragma_update(None, "defer_foreign_keys", true)?;
            batch.execute("INSERT INTO tokens VALUES (x'01', x'02', 'orphan', 0, 0, NULL, x'')", [])?;
            Ok(())
        })
    }

    fn statement(sql: &'static str) -> (Job, Answer<()>) {
        Job::new(Class::Plain, move |batch| Ok(batch.conn.execute_batch(sql)?))
    }

    /// Commits one job alone; answers its answer.
    fn alone<T>(engine: &mut Engine, (job, answer): (Job, Answer<T>)) -> Result<T, StoreError> {
        engine.commit(vec![job]);
        said(answer)
    }

    fn said<T>(mut answer: Answer<T>) -> Result<T, StoreError> {
        answer.try_recv().expect("every job is answered")
    }

    fn stands(engine: &mut Engine, n: u32) -> bool {
        matches!(alone(engine, create(n)), Ok(Created::Taken))
    }

    #[test]
    fn a_bad_operation_does_not_sink_its_batch() {
        for error in [ffi::SQLITE_ERROR, ffi::SQLITE_CONSTRAINT, ffi::SQLITE_IOERR] {
            let (mut engine, _folder) = engine();
            let (first, bad, second) = (create(1), breaks(error), create(2));
            let damaged = Job::new(Class::Plain, |_| Err::<(), _>(Fault::Damaged("a test")));
            engine.commit(vec![first.0, bad.0, second.0, damaged.0]);
            assert!(matches!(said(first.1), Ok(Created::Fresh)));
            assert!(matches!(said(second.1), Ok(Created::Fresh)));
            assert!(matches!(said(bad.1), Err(StoreError::Unavailable(_))));
            assert!(matches!(said(damaged.1), Err(StoreError::Damaged(_))));
            assert!(stands(&mut engine, 1) && stands(&mut engine, 2));
            let half = statement("INSERT INTO meta VALUES ('half', x'01')");
            assert!(alone(&mut engine, half).is_ok(), "what the bad one wrote was undone");
        }
    }

    #[test]
    fn a_commit_that_fails_leaves_an_ending_unconfirmed_and_the_writer_alive() {
        let (mut engine, _folder) = engine();
        alone(&mut engine, create(1)).unwrap();
        let (ending, other, spoiler) = (settle(1), create(2), spoils_the_commit());
        engine.commit(vec![other.0, ending.0, spoiler.0]);
        assert!(matches!(said(ending.1), Err(StoreError::Unconfirmed(_))));
        assert!(matches!(said(other.1), Err(StoreError::Unavailable(_))));
        assert!(matches!(alone(&mut engine, create(2)), Ok(Created::Fresh)));
        assert!(alone(&mut engine, settle(1)).unwrap().is_some());
    }

    #[test]
    fn a_commit_of_unknown_outcome_has_the_log_cleared() {
        let (mut engine, _folder) = engine();
        alone(&mut engine, create(1)).unwrap();
        engine.tend_log();
        assert!(engine.log_due().is_none());
        engine.commit(vec![settle(1).0, spoils_the_commit().0]);
        assert!(engine.log_due().is_some());
    }

    /// Whether the log is to be cut so long after `begun`.
    fn is_due_after(engine: &Engine, begun: Instant, patience: Duration) -> bool {
        engine.log_due().is_some_and(|due| (begun + patience..=Instant::now() + patience).contains(&due))
    }

    #[test]
    fn the_log_is_cut_a_while_after_the_first_ending() {
        let (mut engine, _folder) = engine();
        alone(&mut engine, create(1)).unwrap();
        alone(&mut engine, create(2)).unwrap();
        engine.tend_log();
        let begun = Instant::now();
        alone(&mut engine, settle(1)).unwrap();
        assert!(is_due_after(&engine, begun, LOG_PATIENCE));
        let due = Some(begun + Duration::from_secs(3_600));
        engine.log_due = due;
        alone(&mut engine, settle(2)).unwrap();
        engine.tend_log();
        assert_eq!(engine.log_due(), due, "neither later nor at once");
    }

    #[test]
    fn a_log_that_cannot_be_cut_is_tried_again_after_a_while() {
        let (mut engine, _folder) = engine();
        let reader = crate::schema::connect_reader(&engine.path).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM totals").unwrap();
        alone(&mut engine, create(1)).unwrap();
        let begun = Instant::now();
        engine.tend_log();
        assert!(is_due_after(&engine, begun, LOG_RETRY));

        (engine.conn, engine.log_due) = (None, Some(begun));
        let path = std::mem::replace(&mut engine.path, "/no/such/store".into());
        engine.tend_log();
        assert!(is_due_after(&engine, begun, LOG_PATIENCE));

        reader.execute_batch("ROLLBACK").unwrap();
        (engine.path, engine.log_due) = (path, Some(begun));
        engine.tend_log();
        assert_eq!(engine.log_due(), None);
    }

    #[test]
    fn the_log_is_cut_at_the_end_though_others_have_the_file_open() {
        let (mut engine, folder) = engine();
        let other = connect_writer(&engine.path).unwrap();
        alone(&mut engine, create(1)).unwrap();
        let log = || std::fs::metadata(folder.path().join("store-wal")).unwrap().len();
        assert!(log() > 0);
        engine.close();
        assert_eq!(log(), 0);
        drop(other);
    }

    #[test]
    fn a_connection_is_given_up_only_after_what_it_does_not_survive() {
        let survived = [ffi::SQLITE_ERROR, ffi::SQLITE_IOERR, ffi::SQLITE_CORRUPT].map(|error| {
            let (mut engine, _folder) = engine();
            alone(&mut engine, breaks(error)).unwrap_err();
            engine.conn.is_some()
        });
        assert_eq!(survived, [true, false, false]);
        let (mut engine, _folder) = engine();
        alone(&mut engine, spoils_the_commit()).unwrap_err();
        assert!(engine.conn.is_none());
    }

    /// Killing a process shows nothing of it, since the system keeps what was written:
    /// without the sync only a power cut would lose what was answered.
    #[test]
    fn every_commit_is_synced_and_what_is_deleted_is_overwritten() {
        const FULL: i64 = 2;
        let (mut engine, _folder) = engine();
        let conn = engine.connection().unwrap();
        let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("secure_delete")), (FULL, 1));
    }

    #[test]
    fn a_batch_waits_once_for_another_process() {
        static WAITS: AtomicUsize = AtomicUsize::new(0);
        let (mut engine, _folder) = engine();
        let other = connect_writer(&engine.path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let give_up = |_| {
            WAITS.fetch_add(1, Ordering::Relaxed);
            false
        };
        engine.connection().unwrap().busy_handler(Some(give_up)).unwrap();

        let (jobs, answers): (Vec<_>, Vec<_>) = (0..20).map(create).unzip();
        engine.commit(jobs);
        assert_eq!(WAITS.load(Ordering::Relaxed), 1);
        for answer in answers {
            assert!(matches!(said(answer), Err(StoreError::Unavailable(_))));
        }
        other.execute_batch("ROLLBACK").unwrap();
        assert!(matches!(alone(&mut engine, create(1)), Ok(Created::Fresh)));
    }

    #[test]
    fn a_full_file_refuses_what_grows_and_nothing_else() {
        let (mut engine, _folder) = engine();
        for n in 0..200 {
            alone(&mut engine, create(n)).unwrap();
        }
        alone(&mut engine, statement("PRAGMA max_page_count = 1")).unwrap();
        let many: Vec<_> = (200..400).map(create).collect();
        let (jobs, answers): (Vec<_>, Vec<_>) = many.into_iter().unzip();
        let ending = settle(1);
        engine.commit(jobs.into_iter().chain([ending.0]).collect());
        assert!(said(ending.1).unwrap().is_some());
        let refused = answers.into_iter().map(said).filter(Result::is_err).count();
        assert!(refused > 100, "{refused} refused");
        alone(&mut engine, statement("PRAGMA max_page_count = 1000000")).unwrap();
        assert!(matches!(alone(&mut engine, create(500)), Ok(Created::Fresh)));
    }
}
