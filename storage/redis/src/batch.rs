//! What operations ask of one server while other commands are on their way goes out as one
//! command behind them: Redis spends more on taking a script up than on what it does for
//! one record, and our own share of a command is spent once for all, too.
//!
//! On a cluster each goes by itself: hardly two of them lie in one slot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{Cmd, Value, cmd};
use tokio::sync::oneshot;

use crate::courier::Courier;
use crate::fault::{Fault, Refusal, Trouble};
use crate::layout::Damaged;
use crate::records::nonsense;
use crate::scripts::Script;

/// Operations in one command: Redis does nothing else meanwhile, for less than a millisecond.
const MOST: usize = 64;
/// Commands of one kind that are on their way at once: while Redis does one, the next are made.
const ABREAST: usize = 4;
/// Bytes in one command, with the records that it reads, unless a single operation takes
/// more: a script holds all of them at once.
const MOST_BYTES: usize = 256 * 1_024;

/// How heavy the records are that were read of late, in bytes. What is to be read or ended has
/// no size before: it is taken to be as heavy as these. One of 16 MiB, the most that a plan can
/// allow, is forgotten after a hundred light ones.
#[derive(Default)]
pub(crate) struct Heaviest(AtomicUsize);

impl Heaviest {
    fn note(&self, bytes: usize) {
        let blend = |before: usize| Some(bytes.max(before - before / 8));
        // Nothing else hangs on it, and the closure never declines.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, blend).ok();
    }

    fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The command.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// MGET: each asks for the value of one key.
    Get,
    /// A script that takes the first keys of all, then the second keys and so on, `before`
    /// as its first argument if there is one, then the arguments of each; and answers each.
    Script { script: &'static Script, before: Option<usize> },
}

/// What one operation puts into it.
pub(crate) struct Part<const KEYS: usize> {
    pub(crate) keys: [Vec<u8>; KEYS],
    pub(crate) arguments: Vec<Vec<u8>>,
}

/// Operations of one kind.
pub(crate) struct Batch<const KEYS: usize> {
    courier: Arc<Courier>,
    kind: Kind,
    /// Of those that each operation reads one of.
    records: Option<Arc<Heaviest>>,
    waiting: Mutex<Waiting<KEYS>>,
}

/// Those that have not been sent.
struct Waiting<const KEYS: usize> {
    parts: VecDeque<(Part<KEYS>, Teller)>,
    /// How many send: what waits is theirs to send.
    flying: usize,
}

type Teller = oneshot::Sender<Result<Value, Fault>>;

impl<const KEYS: usize> Part<KEYS> {
    fn bytes(&self) -> usize {
        self.keys.iter().chain(&self.arguments).map(Vec::len).sum()
    }
}

impl<const KEYS: usize> Waiting<KEYS> {
    /// As many as one command takes, if each reads so many bytes beside its own.
    fn next(&mut self, read: usize) -> (Vec<Part<KEYS>>, Vec<Teller>) {
        let mut bytes = 0;
        let mut fits = |(part, _): &(Part<KEYS>, Teller)| {
            bytes += part.bytes() + read;
            bytes <= MOST_BYTES
        };
        let count = self.parts.iter().take(MOST).take_while(|waiting| fits(waiting)).count();
        let count = count.max(1).min(self.parts.len());
        self.parts.drain(..count).unzip()
    }
}

impl<const KEYS: usize> Batch<KEYS> {
    /// `records` are those that each operation reads one of, if it does.
    pub(crate) fn new(courier: Arc<Courier>, kind: Kind, records: Option<&Arc<Heaviest>>) -> Arc<Self> {
        let waiting = Mutex::new(Waiting { parts: VecDeque::new(), flying: 0 });
        Arc::new(Self { courier, kind, records: records.cloned(), waiting })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<KEYS>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what one operation asks, with others that are asked meanwhile.
    pub(crate) async fn send(self: &Arc<Self>, part: Part<KEYS>) -> Result<Value, Fault> {
        if self.courier.topology().is_cluster() {
            let answer = self.courier.send(&part.keys[0], self.alone(&part)).await?;
            return only(answer);
        }
        let (teller, told) = oneshot::channel();
        let lead = {
            let mut waiting = self.waiting();
            waiting.parts.push_back((part, teller));
            let lead = waiting.flying < ABREAST;
            waiting.flying += usize::from(lead);
            lead
        };
        if lead {
            tokio::spawn(Flying { batch: Arc::clone(self), landed: false }.fly());
        }
        told.await.unwrap_or_else(|_| Err(Fault::Unsure(self.hung_up())))
    }

    /// The command for one operation.
    pub(crate) fn alone(&self, part: &Part<KEYS>) -> Cmd {
        self.command(std::slice::from_ref(part))
    }

    fn command(&self, parts: &[Part<KEYS>]) -> Cmd {
        let count = KEYS * parts.len();
        let (mut command, before) = match self.kind {
            Kind::Get => (cmd("MGET"), None),
            Kind::Script { script, before } => {
                let arguments = parts.iter().map(|part| part.arguments.len()).sum::<usize>() + 1;
                let bytes = parts.iter().map(Part::bytes).sum();
                (script.begin(count, arguments, bytes), before)
            }
        };
        for place in 0..KEYS {
            for part in parts {
                command.arg(&part.keys[place]);
            }
        }
        command.arg(before);
        for argument in parts.iter().flat_map(|part| &part.arguments) {
            command.arg(argument);
        }
        command
    }

    async fn exchange(&self, parts: &[Part<KEYS>]) -> Result<Vec<Value>, Fault> {
        match self.courier.send(&parts[0].keys[0], self.command(parts)).await? {
            Value::Array(answers) if answers.len() == parts.len() => {
                self.weigh(&answers);
                Ok(answers)
            }
            _ => Err(nonsense()),
        }
    }

    /// Notes how heavy records are, where they are the answers.
    fn weigh(&self, answers: &[Value]) {
        let (Kind::Get, Some(records)) = (self.kind, &self.records) else { return };
        for answer in answers {
            if let Value::BulkString(record) = answer {
                records.note(record.len());
            }
        }
    }

    fn hung_up(&self) -> Trouble {
        Trouble::HungUp(self.courier.topology().url().to_string())
    }
}

/// Sends for all. However it ends, nobody waits for it in vain.
struct Flying<const KEYS: usize> {
    batch: Arc<Batch<KEYS>>,
    landed: bool,
}

impl<const KEYS: usize> Flying<KEYS> {
    async fn fly(mut self) {
        loop {
            // Whoever is about to ask may go along.
            tokio::task::yield_now().await;
            let (parts, tellers) = {
                let mut waiting = self.batch.waiting();
                if waiting.parts.is_empty() {
                    waiting.flying -= 1;
                    self.landed = true;
                    return;
                }
                waiting.next(self.batch.records.as_ref().map_or(0, |records| records.bytes()))
            };
            match self.batch.exchange(&parts).await {
                Ok(answers) => tell(tellers, answers.into_iter().map(judged)),
                Err(fault) => self.fail(tellers, &fault),
            }
        }
    }

    /// What waited for this was not sent, and would wait as long again for the same.
    fn fail(&self, tellers: Vec<Teller>, fault: &Fault) {
        tell(tellers, std::iter::repeat_with(|| Err(fault.clone())));
        let (_, behind): (Vec<_>, Vec<_>) = self.batch.waiting().parts.drain(..).unzip();
        tell(behind, std::iter::repeat_with(|| Err(fault.clone().not_done())));
    }
}

impl<const KEYS: usize> Drop for Flying<KEYS> {
    fn drop(&mut self) {
        if !self.landed {
            let mut waiting = self.batch.waiting();
            waiting.parts.clear();
            waiting.flying -= 1;
        }
    }
}

fn tell(tellers: Vec<Teller>, answers: impl Iterator<Item = Result<Value, Fault>>) {
    for (teller, answer) in tellers.into_iter().zip(answers) {
        // One who has gone needs no answer.
        drop(teller.send(answer));
    }
}

/// The answer to the only operation of a command.
pub(crate) fn only(answer: Value) -> Result<Value, Fault> {
    match answer {
        Value::Array(answers) => match <[Value; 1]>::try_from(answers) {
            Ok([answer]) => judged(answer),
            Err(_) => Err(nonsense()),
        },
        _ => Err(nonsense()),
    }
}

/// An answer to one of several, which may be an error of its own.
fn judged(answer: Value) -> Result<Value, Fault> {
    let Value::ServerError(error) = answer else { return Ok(answer) };
    match Refusal::of(&error, "") {
        Refusal::Damaged => Err(Damaged.into()),
        other => Err(Fault::Not(other.trouble(""))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(parts: usize) -> Waiting<1> {
        let part = || Part { keys: [vec![0; 50]], arguments: vec![vec![0; 50]] };
        let parts = (0..parts).map(|_| (part(), oneshot::channel().0)).collect();
        Waiting { parts, flying: 0 }
    }

    #[test]
    fn a_command_takes_many_that_are_light_and_few_that_are_heavy() {
        let taken = |read| waiting(100).next(read).0.len();
        assert_eq!((taken(0), taken(3_900), taken(10_000), taken(16 << 20)), (MOST, MOST, 25, 1));
    }

    #[test]
    fn a_heavy_record_is_remembered_for_a_while() {
        let heaviest = Heaviest::default();
        heaviest.note(400);
        heaviest.note(16 << 20);
        heaviest.note(400);
        assert_eq!(heaviest.bytes(), (16 << 20) / 8 * 7);
        (0..100).for_each(|_| heaviest.note(400));
        assert_eq!(heaviest.bytes(), 400);
    }
}
