//! The readers, with read-only connections: a question about an unknown key never
//! waits for a commit. What looks at one record does so at once, on the thread of its
//! caller: it takes microseconds, less than it would to hand it over and back. What
//! takes longer, or would have to wait, goes to threads of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle, available_parallelism};

use rusqlite::Connection;
use tokio::sync::oneshot;
use waxseal_core::store::StoreError;

use crate::fault::{Fault, is_fatal};
use crate::schema::{connect_impatient_reader, connect_reader};

/// Questions that may wait at one reader.
const QUEUE: usize = 512;

/// Reader threads, and connections for whoever reads at once. Dropping the threads
/// finishes what waits and joins them.
#[derive(Debug)]
pub(crate) struct Readers {
    readers: Vec<Reader>,
    turn: AtomicUsize,
    path: PathBuf,
    /// One for each that ever read at the same time as others.
    idle: Mutex<Vec<Connection>>,
}

#[derive(Debug)]
struct Reader {
    questions: Option<SyncSender<Question>>,
    thread: Option<JoinHandle<()>>,
}

/// Asks the connection; answers whether it can be used on.
type Question = Box<dyn FnOnce(Result<&Connection, rusqlite::Error>) -> bool + Send>;

impl Readers {
    /// One reader a core, two at least and four at most.
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let count = available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4));
        let readers = (0..count).map(|_| Reader::start(path.to_owned())).collect::<Result<_, _>>()?;
        Ok(Self { readers, turn: AtomicUsize::new(0), path: path.to_owned(), idle: Mutex::default() })
    }

    /// Has `read`, which looks at one record, run here and now; on one of the threads
    /// if it would have to wait for another process.
    pub(crate) async fn look<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        match self.at_once(&read) {
            Err(Fault::Sql(_)) => self.call(read).await,
            looked => looked.map_err(StoreError::from),
        }
    }

    fn at_once<T>(&self, read: impl Fn(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = self.idle().pop();
        let conn = idle.map_or_else(|| connect_impatient_reader(&self.path), Ok)?;
        let looked = read(&conn);
        if is_usable_after(&looked) {
            self.idle().push(conn);
        }
        looked
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // Nothing panics while it is held.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `read` run on one of the readers, and answers what it answers.
    pub(crate) async fn call<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(move |conn| {
            let outcome = conn.map_err(Fault::Sql).and_then(read);
            let usable = is_usable_after(&outcome);
            // A caller that went away wants no answer.
            drop(reply.send(outcome.map_err(StoreError::from)));
            usable
        }))?;
        answer.await.map_err(|_| StoreError::Unavailable("a reader is gone".into()))?
    }

    /// Hands the question to the next reader that has room.
    fn send(&self, mut question: Question) -> Result<(), StoreError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for next in 0..self.readers.len() {
            let reader = &self.readers[turn.wrapping_add(next) % self.readers.len()];
            match reader.try_send(question) {
                Ok(()) => return Ok(()),
                Err(back) => question = back,
            }
        }
        Err(StoreError::Unavailable("busy: too many reads wait".into()))
    }
}

impl Reader {
    fn start(path: PathBuf) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread =
            Builder::new().name("waxseal-reader".to_owned()).spawn(move || serve(&receiver, &path))?;
        Ok(Self { questions: Some(sender), thread: Some(thread) })
    }

    fn try_send(&self, question: Question) -> Result<(), Question> {
        let Some(questions) = &self.questions else { return Err(question) };
        questions.try_send(question).map_err(|error| match error {
            TrySendError::Full(question) | TrySendError::Disconnected(question) => question,
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.questions.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a reader thread panicked");
        }
    }
}

/// Whether the connection that was read from can be used on.
fn is_usable_after<T>(read: &Result<T, Fault>) -> bool {
    !matches!(read, Err(Fault::Sql(error)) if is_fatal(error))
}

fn serve(questions: &Receiver<Question>, path: &Path) {
    let mut kept = None;
    for question in questions {
        let conn = match kept.take() {
            Some(conn) => Ok(conn),
            None => connect_reader(path),
        };
        kept = match conn {
            Ok(conn) => question(Ok(&conn)).then_some(conn),
            Err(error) => {
                question(Err(error));
                None
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn a_connection_is_used_on_unless_it_does_not_survive_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = crate::schema::prepare(&folder.path().join("store")).unwrap();
        let readers = Readers::start(&path).unwrap();
        let left_after = |error| {
            let error = || rusqlite::Error::SqliteFailure(ffi::Error::new(error), None);
            readers.at_once(|_| Err::<(), _>(Fault::Sql(error()))).unwrap_err();
            readers.idle().len()
        };
        readers.at_once(|_| Ok(())).unwrap();
        assert_eq!([ffi::SQLITE_ERROR, ffi::SQLITE_IOERR].map(left_after), [1, 0]);
    }
}
