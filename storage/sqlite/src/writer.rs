//! The writer: one thread, a bounded queue before it, and one commit for
//! everything that waits.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use waxseal_core::id::RecordId;
use waxseal_core::store::StoreError;

use crate::batch::Batch;
use crate::engine::{Engine, unconfirmed};
use crate::fault::{Fault, failed};

/// Operations that may wait. One more is refused at once.
const QUEUE: usize = 1_024;
/// Operations in one transaction, so that nobody waits long for the others.
const BATCH: usize = 512;

/// The way to the writer thread. Dropping it finishes what waits, clears the log
/// and joins the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// What the batch must know of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Class {
    /// A new record: goes first, in the order of ids, which is the cheap one for a B-tree.
    Create(RecordId),
    /// An ending: may have happened if its commit failed.
    Settle,
    /// Anything else.
    Plain,
}

/// An operation on its way.
pub(crate) struct Job {
    class: Class,
    work: Box<dyn Work>,
    /// Where its caller waits, if that is a runtime whose threads run what they are given.
    runtime: Option<Handle>,
}

impl Writer {
    pub(crate) fn start(engine: Engine) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let thread =
            Builder::new().name("waxseal-writer".to_owned()).spawn(move || serve(&receiver, engine))?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Has `op` run inside a transaction, and answers after its commit. It may
    /// run more than once, each time after a rollback.
    pub(crate) async fn call<T, F>(&self, class: Class, op: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (job, answer) = Job::new(class, op);
        self.send(job)?;
        match answer.await {
            Ok(outcome) => outcome,
            Err(_) if matches!(class, Class::Settle) => {
                Err(StoreError::Unconfirmed("the writer is gone".into()))
            }
            Err(_) => Err(StoreError::Unavailable("the writer is gone".into())),
        }
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        let sent = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        match sent {
            Some(Ok(())) => Ok(()),
            Some(Err(TrySendError::Full(_))) => {
                Err(StoreError::Unavailable("busy: too many writes wait".into()))
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(StoreError::Unavailable("the writer is gone".into()))
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

fn serve(jobs: &Receiver<Job>, mut engine: Engine) {
    loop {
        match next(jobs, engine.log_due()) {
            Ok(first) => engine.commit(gather(first, jobs)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return engine.close(),
        }
        engine.tend_log();
    }
}

fn next(jobs: &Receiver<Job>, until: Option<Instant>) -> Result<Job, RecvTimeoutError> {
    match until {
        Some(until) => jobs.recv_timeout(until.saturating_duration_since(Instant::now())),
        None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

fn gather(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let mut batch = vec![first];
    batch.extend(jobs.try_iter().take(BATCH - 1));
    batch.sort_by_key(|job| match job.class {
        Class::Create(id) => (0, Some(id)),
        Class::Settle | Class::Plain => (1, None),
    });
    batch
}

/// Tells callers what came of their jobs: the transaction is committed. Waking a task
/// from here costs the runtime a lock and often a system call; so all that wait in one
/// runtime are told by a task of its own.
pub(crate) fn answer(jobs: Vec<Job>) {
    let tell = |jobs: Vec<Job>| jobs.into_iter().for_each(|job| job.work.answer());
    match jobs.first().and_then(|job| job.runtime.clone()) {
        Some(runtime) if jobs.len() > 1 && jobs.iter().all(|job| job.waits_in(&runtime)) => {
            runtime.spawn(async move { tell(jobs) });
        }
        _ => tell(jobs),
    }
}

impl Job {
    /// An operation, and where its answer comes.
    pub(crate) fn new<T, F>(class: Class, op: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        T: Send + 'static,
        F: FnMut(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let runtime = Handle::try_current().ok();
        let runtime = runtime.filter(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        (Self { class, work: Box::new(Task { op, outcome: None, reply }), runtime }, answer)
    }

    /// Whether it stores a new secret.
    pub(crate) fn is_create(&self) -> bool {
        matches!(self.class, Class::Create(_))
    }

    fn waits_in(&self, runtime: &Handle) -> bool {
        self.runtime.as_ref().is_some_and(|own| own.id() == runtime.id())
    }

    /// Runs it inside the open transaction. An error breaks the transaction.
    pub(crate) fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()> {
        self.work.run(batch)
    }

    /// Tells its caller that it did not happen.
    pub(crate) fn fail(self, error: StoreError) {
        self.work.fail(error);
    }

    /// Tells its caller that its commit failed. Only for an ending does it matter
    /// that it may have happened all the same: anything else can be done again.
    pub(crate) fn doubt(self, error: &Arc<rusqlite::Error>) {
        match self.class {
            Class::Settle => self.work.fail(unconfirmed(error)),
            Class::Create(_) | Class::Plain => self.work.fail(failed(error)),
        }
    }
}

/// A [`Task`] of any answer.
trait Work: Send {
    fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>);
    fn fail(self: Box<Self>, error: StoreError);
}

/// An operation, its answer while the commit is awaited, and who waits for it.
struct Task<T, F> {
    op: F,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnMut(&mut Batch<'_>) -> Result<T, Fault> + Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()> {
        self.outcome = match (self.op)(batch) {
            Err(Fault::Sql(error)) => return Err(error),
            Err(damaged) => Some(Err(damaged.into())),
            Ok(answer) => Some(Ok(answer)),
        };
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // A caller that went away wants no answer.
            drop(self.reply.send(outcome));
        }
    }

    fn fail(self: Box<Self>, error: StoreError) {
        drop(self.reply.send(Err(error)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_full_queue_refuses_at_once_and_what_waits_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let path = crate::schema::prepare(&folder.path().join("store")).unwrap();
        let writer = Writer::start(Engine::open(path, 0).unwrap()).unwrap();
        let (begun, begins) = channel();
        let (release, released) = channel::<()>();
        let (blocking, _) = Job::new(Class::Plain, move |_| {
            begun.send(()).unwrap();
            released.recv().unwrap();
            Ok(())
        });
        writer.send(blocking).unwrap();
        begins.recv().unwrap();

        let (waiting, answers): (Vec<_>, Vec<_>) =
            (0..=QUEUE).map(|_| Job::new(Class::Plain, |_| Ok(()))).unzip();
        let sent: Vec<_> = waiting.into_iter().map(|job| writer.send(job)).collect();
        assert!(sent[..QUEUE].iter().all(Result::is_ok));
        assert!(matches!(sent[QUEUE], Err(StoreError::Unavailable(_))));

        release.send(()).unwrap();
        drop(writer);
        let done = answers.into_iter().take(QUEUE).filter_map(|mut answer| answer.try_recv().ok());
        assert_eq!(done.count(), QUEUE);
    }
}
