//! The queue: who waits, who is next, when to give up.
//!
//! Bounded, and in memory alone. A few workers take what is due, one message at a
//! time, over one connection each, which they keep while there is more to send.
//! Every message that was taken ends in a note on its record: sent, or failed.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use waxseal_core::entropy::{Entropy, draw};
use waxseal_core::id::RecordId;
use waxseal_core::mail::{Mailer, Message, NoRoom};
use waxseal_core::state::State;
use waxseal_core::store::{MailState, Store};
use waxseal_core::time::Clock;

use crate::letter::Letterhead;
use crate::relay::Relay;
use crate::session::{Session, Trouble, Verdict};
use crate::tally::{Figures, Tally};
use crate::timing::Timing;

/// Messages that wait or are being sent, at most. Each is less than 1 KiB.
pub const CAPACITY: usize = 1_000;
/// Connections to the relay at once: as many as small mail providers allow.
const WORKERS: usize = 4;
/// Between tries to note what became of a message.
const NOTE_AGAIN: Duration = Duration::from_millis(500);
/// For the notes on what was left when the time to stop ran out.
const LAST_NOTES: Duration = Duration::from_secs(1);

/// Takes messages, and sends each once at most.
pub struct Spool {
    shared: Arc<Shared>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    relay: Relay,
    letterhead: Letterhead,
    timing: Timing,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    queue: Mutex<Queue>,
    tally: Tally,
    /// Something is due that was not, or the spool is closing.
    stirred: Notify,
}

#[derive(Default)]
struct Queue {
    /// By the time at which each is due, then by age.
    waiting: BTreeMap<(Instant, u64), Waiting>,
    /// The records of messages that are being sent.
    sending: HashMap<u64, RecordId>,
    taken: u64,
    closing: bool,
}

/// A message between its queueing and its end.
struct Waiting {
    number: u64,
    message: Message,
    /// What its Message-ID begins with: the same over all tries.
    id: String,
    tries: usize,
    give_up: Instant,
    /// Whether the spool is closing, so that there is no other try after this one.
    last_try: bool,
}

impl Spool {
    /// Starts to send. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(
        relay: Relay,
        letterhead: Letterhead,
        timing: Timing,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let (queue, tally, stirred) = (Mutex::default(), Tally::default(), Notify::new());
        let shared =
            Arc::new(Shared { relay, letterhead, timing, store, clock, entropy, queue, tally, stirred });
        let worker = |_| tokio::spawn(work(Arc::clone(&shared)));
        let workers = Mutex::new((0..WORKERS).map(worker).collect());
        Self { shared, workers }
    }

    /// What it has to do, and what became of what it had.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.tally.figures(self.shared.queue().len() as u64)
    }

    /// Takes no more, tries what waits once more, and returns within about `within`.
    /// What could not be sent by then is noted as failed, and counted in the log.
    pub async fn close(&self, within: Duration) {
        self.shared.begin_to_close();
        let mut workers = std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = timeout(within, async {
            for worker in &mut workers {
                // One that panicked has ended, too.
                worker.await.ok();
            }
        });
        if ended.await.is_err() {
            workers.iter().for_each(JoinHandle::abort);
        }
        self.shared.give_up_on_the_rest().await;
    }
}

impl Mailer for Spool {
    fn queue(&self, message: Message) -> Result<(), NoRoom> {
        let taken = self.shared.take(message);
        if taken.is_err() {
            Tally::add(&self.shared.tally.no_room, 1);
        }
        taken
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool").field("relay", &self.shared.relay).finish_non_exhaustive()
    }
}

impl Shared {
    /// Whoever panicked with the queue in hand left it whole: no step there can fail halfway.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, message: Message) -> Result<(), NoRoom> {
        let random: [u8; 16] = draw(&*self.entropy).map_err(|_| NoRoom)?;
        let id = format!("{:032x}", u128::from_be_bytes(random));
        let now = Instant::now();
        let mut queue = self.queue();
        if queue.closing || queue.len() >= CAPACITY {
            return Err(NoRoom);
        }
        let number = queue.taken;
        queue.taken += 1;
        let give_up = now + self.timing.give_up;
        let waiting = Waiting { number, message, id, tries: 0, give_up, last_try: false };
        queue.waiting.insert((now, number), waiting);
        drop(queue);
        self.stirred.notify_one();
        Ok(())
    }

    /// The next message that is due. Waits for one; `None` if there will be none.
    async fn due(&self) -> Option<Waiting> {
        loop {
            let stirred = self.stirred.notified();
            tokio::pin!(stirred);
            // From here on no notice is missed.
            stirred.as_mut().enable();
            let next = match self.queue().next() {
                Next::Due(waiting) => return Some(waiting),
                Next::Closed => return None,
                Next::At(next) => next,
            };
            match next {
                Some(next) => tokio::select! {
                    () = stirred => {}
                    () = sleep_until(next) => {}
                },
                None => stirred.await,
            }
        }
    }

    fn again(&self, mut waiting: Waiting, pause: Duration) {
        Tally::add(&self.tally.tried_again, 1);
        let mut queue = self.queue();
        queue.sending.remove(&waiting.number);
        waiting.tries += 1;
        queue.waiting.insert((Instant::now() + pause, waiting.number), waiting);
        drop(queue);
        self.stirred.notify_one();
    }

    fn done(&self, number: u64) {
        self.queue().sending.remove(&number);
    }

    fn begin_to_close(&self) {
        self.queue().closing = true;
        self.stirred.notify_waiters();
    }

    async fn give_up_on_the_rest(&self) {
        let left = self.queue().clear();
        if left.is_empty() {
            return;
        }
        Tally::add(&self.tally.failed, left.len() as u64);
        tracing::warn!(
            messages = left.len(),
            "messages were left when the server stopped; they count as not sent"
        );
        let now = self.clock.now().timestamp();
        let notes = async {
            for id in &left {
                if self.store.note_mail(id, MailState::Failed, now).await.is_err() {
                    return;
                }
            }
        };
        // A record without the note reads as failed an hour after its queueing.
        timeout(LAST_NOTES, notes).await.ok();
    }
}

/// What a worker that has nothing to do finds.
enum Next {
    Due(Waiting),
    /// When there will be something, if nothing comes before.
    At(Option<Instant>),
    /// The spool is closing, and nothing waits.
    Closed,
}

impl Queue {
    fn len(&self) -> usize {
        self.waiting.len() + self.sending.len()
    }

    fn next(&mut self) -> Next {
        let Some(first) = self.waiting.first_entry() else {
            return if self.closing { Next::Closed } else { Next::At(None) };
        };
        let at = first.key().0;
        if at > Instant::now() && !self.closing {
            return Next::At(Some(at));
        }
        let waiting = Waiting { last_try: self.closing, ..first.remove() };
        self.sending.insert(waiting.number, waiting.message.id);
        Next::Due(waiting)
    }

    /// The records of all that was not done with.
    fn clear(&mut self) -> Vec<RecordId> {
        let waiting = std::mem::take(&mut self.waiting).into_values().map(|waiting| waiting.message.id);
        waiting.chain(std::mem::take(&mut self.sending).into_values()).collect()
    }
}

async fn work(shared: Arc<Shared>) {
    let mut session = None;
    while let Some(waiting) = next(&shared, &mut session).await {
        let number = waiting.number;
        if let Some(end) = handle(&shared, waiting, &mut session).await {
            shared.tally.count(end.mail);
            note(&shared, end).await;
            shared.done(number);
        }
    }
}

/// The next message. A connection that nothing comes for in a while is given up.
async fn next(shared: &Shared, session: &mut Option<Session>) -> Option<Waiting> {
    let due = timeout(shared.timing.idle, shared.due()).await;
    if !matches!(due, Ok(Some(_)))
        && let Some(session) = session.take()
    {
        session.part().await;
    }
    match due {
        Ok(due) => due,
        Err(_) => shared.due().await,
    }
}

/// What is to be noted at a message's end.
struct End {
    id: RecordId,
    mail: MailState,
}

/// One try. `None` if there is to be another.
async fn handle(shared: &Shared, waiting: Waiting, session: &mut Option<Session>) -> Option<End> {
    let id = waiting.message.id;
    let failed = Some(End { id, mail: MailState::Failed });
    // Many before it, each waiting for a server that says nothing, may have taken all its time.
    if Instant::now() >= waiting.give_up {
        tracing::warn!(
            tries = waiting.tries,
            "a message was given up: its time was over before its turn came"
        );
        return failed;
    }
    match attempt(shared, &waiting, session).await {
        Ok(()) => {
            tracing::info!(tries = waiting.tries + 1, "a message was sent");
            Some(End { id, mail: MailState::Sent })
        }
        Err(Miss::Pointless) => {
            tracing::info!(
                "a message was not sent: its link opens nothing any more, or its receipt reads failed"
            );
            failed
        }
        Err(Miss::Unwritable) => {
            tracing::error!("a message could not be written");
            failed
        }
        Err(Miss::Trouble(trouble)) if trouble.verdict == Verdict::Later => later(shared, waiting, &trouble),
        Err(Miss::Trouble(trouble)) => {
            let unknown = trouble.verdict == Verdict::Unknown;
            tracing::warn!(%trouble, unknown, "a message counts as not sent, and is not sent again");
            failed
        }
    }
}

/// Puts a message back, if there is time for another try.
fn later(shared: &Shared, waiting: Waiting, trouble: &Trouble) -> Option<End> {
    let pause = shared.timing.pause(waiting.tries + 1);
    if waiting.last_try || Instant::now() + pause > waiting.give_up {
        tracing::warn!(%trouble, tries = waiting.tries + 1, "a message was given up");
        return Some(End { id: waiting.message.id, mail: MailState::Failed });
    }
    tracing::info!(%trouble, tries = waiting.tries + 1, "a message is tried again later");
    shared.again(waiting, pause);
    None
}

/// Why a try did not end in a message sent.
enum Miss {
    Trouble(Trouble),
    /// The secret has ended, nobody knows it any more, or its receipt tells that nobody was told.
    Pointless,
    Unwritable,
}

impl From<Trouble> for Miss {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

async fn attempt(shared: &Shared, waiting: &Waiting, session: &mut Option<Session>) -> Result<(), Miss> {
    if !is_wanted(shared, &waiting.message.id).await? {
        return Err(Miss::Pointless);
    }
    let letter = shared.letterhead.letter(&waiting.message, &waiting.id).map_err(|_| Miss::Unwritable)?;
    let mut open = ready(shared, session.take()).await?;
    match open.deliver(&letter.envelope, &letter.content, &shared.timing, &mut |_| {}).await {
        Ok(()) => {
            *session = Some(open);
            Ok(())
        }
        Err(trouble) => {
            open.part().await;
            Err(trouble.into())
        }
    }
}

/// Whether the link opens anything, and the receipt does not read "failed" yet, as it
/// does once a machine has slept for an hour. A store that can't say so is asked again later.
async fn is_wanted(shared: &Shared, id: &RecordId) -> Result<bool, Trouble> {
    let receipt = shared.store.receipt(id, shared.clock.now().timestamp()).await;
    match receipt {
        Ok(receipt) => {
            Ok(receipt
                .is_some_and(|receipt| receipt.state == State::New && receipt.mail == MailState::Queued))
        }
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether a link still opens");
            Err(Trouble::here("the store is not available"))
        }
    }
}

/// The connection that was kept, if it lives, or a new one.
async fn ready(shared: &Shared, kept: Option<Session>) -> Result<Session, Trouble> {
    if let Some(mut session) = kept
        && session.lives().await
    {
        return Ok(session);
    }
    Session::open(&shared.relay, &shared.timing, &mut |_| {}).await
}

/// Notes the end of a message. A store that fails is asked again, for a while.
async fn note(shared: &Shared, end: End) {
    let noted = timeout(shared.timing.note, async {
        loop {
            let now = shared.clock.now().timestamp();
            match shared.store.note_mail(&end.id, end.mail, now).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "cannot note what became of a message; trying again"),
            }
            sleep(NOTE_AGAIN).await;
        }
    });
    if noted.await.is_err() {
        tracing::error!(mail = ?end.mail, "could not note what became of a message; its receipt will read failed");
    }
}
