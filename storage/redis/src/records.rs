//! [`Store`] over Redis.

use std::sync::Arc;

use async_trait::async_trait;
use redis::{Cmd, FromRedisValue, Pipeline, Value, cmd, from_redis_value};
use waxseal_core::attempt::{Attempts, CLIENTS, Guess, Verdict};
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, Stored};
use waxseal_core::store::{
    Attempt, Check, Created, Front, LOCK_BYTES, MailState, Receipt, Record, Sealed, Store, StoreError, Swept,
    Usage,
};
use waxseal_core::time::Timestamp;

use crate::RedisStore;
use crate::batch::{self, Batch, Part};
use crate::due::Hour;
use crate::fault::{Fault, Trouble};
use crate::figures;
use crate::keys::Bucket;
use crate::layout::{Damaged, Head, pack, unpack};
use crate::scripts;

/// What is read of a record whose receipt is wanted: head and boxes of nearly all.
const USUAL_HEAD: usize = 512;
#[async_trait]
impl Store for RedisStore {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        self.sum_up().await.map_err(Fault::of_write)?;
        let reserved = self.budget.reserve(record.stored_bytes()).await;
        let created = self.store(&record, reserved.granted(), now).await.map_err(Fault::of_write)?;
        match created {
            Created::Fresh => reserved.used(),
            Created::Taken | Created::Full => reserved.unused(),
        }
        if let Err(fault) = self.list(&record, created).await {
            let error = fault.of_write();
            tracing::warn!(%error, "a secret was stored, and may be missing in its account's list");
        }
        Ok(created)
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        let head = self.head(id).await.map_err(Fault::of_read)?;
        let Some(head) = head.filter(|head| head.is_new(now)) else { return Ok(None) };
        let attempts = self.guesses(id, &head).await.map_err(Fault::of_read)?;
        let (remaining, locked_until) = match attempts.look(client, head.expires(), policy, now) {
            Verdict::Granted { remaining } => (remaining, None),
            Verdict::LockedOut { until } => (0, Some(until)),
        };
        Ok(Some(Front { passphrase_required: head.passphrase_required(), remaining, locked_until }))
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        match guess {
            Guess::None(_) => self.uncounted(id, guess, policy, now).await.map_err(Fault::of_read),
            // A guess that may have been counted uses nothing up.
            Guess::Open(_) | Guess::Burn(_) => {
                self.count(id, guess, policy, now).await.map_err(Fault::of_read)
            }
        }
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        let won = self.end(id, ending, now).await.map_err(Fault::of_write)?;
        let Some((head, body_bytes)) = won else { return Ok(None) };
        self.budget.release(LOCK_BYTES as u64 + body_bytes);
        Ok(head.receipt(id, now))
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        let head = self.head(id).await.map_err(Fault::of_read)?;
        Ok(head.and_then(|head| head.receipt(id, now)))
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.listed(account, limit, now).await.map_err(Fault::of_read)
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        let key = self.keys.record(id);
        let mut note = scripts::NOTE.call(&[&key]);
        note.arg([&[mail.code()][..], &now.secs().to_be_bytes()].concat());
        self.courier.send(&key, note).await.map_err(Fault::of_write)?;
        Ok(())
    }

    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        self.sweep_buckets(limit, now).await.map_err(Fault::of_write)
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        let key = self.keys.check();
        let mut flight = Pipeline::new();
        flight.cmd("SET").arg(&key).arg(&check.0).arg("NX");
        flight.cmd("GET").arg(&key);
        let answers = self.courier.send_all(&key, &flight).await.map_err(Fault::of_write)?;
        let standing = answers.into_iter().nth(1).unwrap_or_default();
        Ok(Check(read(standing).map_err(Fault::of_read)?))
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.tallies().await.map_err(Fault::of_read)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let masters = self.courier.topology().masters().await;
        let masters = masters.map_err(|trouble| Fault::Not(trouble).of_read())?;
        for master in masters {
            self.courier.ask(&master, cmd("PING")).await.map_err(Fault::of_read)?;
        }
        Ok(())
    }
}

impl RedisStore {
    async fn store(&self, record: &Record, room: bool, now: Timestamp) -> Result<Created, Fault> {
        let key = self.keys.record(&record.id);
        if !room {
            let mut exists = cmd("EXISTS");
            exists.arg(&key);
            let stands: bool = read(self.courier.send(&key, exists).await?)?;
            return Ok(if stands { Created::Taken } else { Created::Full });
        }
        let create = self.creation(key, record, now);
        match self.change(&self.creating, create, |answer| *answer == Value::Int(0)).await? {
            Value::Int(0) => Ok(Created::Fresh),
            Value::Int(1) => Ok(Created::Taken),
            _ => Err(nonsense()),
        }
    }

    fn creation(&self, key: Vec<u8>, record: &Record, now: Timestamp) -> Part<4> {
        let bucket = Bucket::of(&record.id);
        let (expires, hour) = (record.sealed.expires, Hour::of(record.sealed.expires));
        let (tally, due) = (self.keys.tally(bucket), self.keys.due(bucket));
        Part {
            keys: [key, tally, self.keys.hour(bucket, hour.start()), due],
            arguments: vec![
                pack(record, now),
                Hour::line(expires, &record.id).to_vec(),
                figures::of_kid(record.kid),
                figures::added(record.stored_bytes()).to_string().into_bytes(),
            ],
        }
    }

    /// Opens without counting.
    async fn uncounted(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, Fault> {
        let key = self.keys.record(id);
        let packed = self.reading.send(Part { keys: [key], arguments: Vec::new() }).await?;
        let Some(packed) = read::<Option<Vec<u8>>>(packed)? else { return Ok(Attempt::Gone) };
        let (head, sealed) = unpack(&packed)?;
        match sealed.filter(|_| head.is_new(now)) {
            Some(sealed) => Ok(granted(sealed, &self.guesses(id, &head).await?, guess, policy, now)),
            None => Ok(Attempt::Gone),
        }
    }

    /// Counts a guess, and hands out what it is a guess at.
    async fn count(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, Fault> {
        let key = self.keys.record(id);
        let mut attempt = scripts::ATTEMPT.call(&[&key, &self.keys.guesses(id)]);
        let kind = if matches!(guess, Guess::Burn(_)) { "burn" } else { "open" };
        attempt.arg(now.secs()).arg(kind).arg(guess.client().as_bytes());
        attempt.arg(policy.per_client).arg(policy.per_secret).arg(policy.in_a_life);
        attempt.arg(policy.window.secs()).arg(policy.lock.secs()).arg(CLIENTS).arg(Stored::New.code());
        match self.courier.send(&key, attempt).await? {
            Value::Nil => Ok(Attempt::Gone),
            Value::Array(answer) => counted(answer, guess, policy, now),
            _ => Err(nonsense()),
        }
    }

    async fn end(&self, id: &RecordId, ending: Ending, now: Timestamp) -> Result<Option<(Head, u64)>, Fault> {
        let tally = self.keys.tally(Bucket::of(id));
        let mut asked = now.secs().to_be_bytes().to_vec();
        for from in Stored::ALL {
            asked.extend(from.on(ending).iter().flat_map(|becomes| [from.code(), becomes.code()]));
        }
        let settle =
            Part { keys: [self.keys.record(id), tally, self.keys.guesses(id)], arguments: vec![asked] };
        match self.change(&self.ending, settle, |answer| *answer != Value::Nil).await? {
            Value::Nil => Ok(None),
            answer => {
                let kept: Vec<u8> = read(answer)?;
                let (body_bytes, kept) = kept.split_first_chunk::<4>().ok_or(Damaged)?;
                Ok(Some((Head::read(kept)?, u32::from_be_bytes(*body_bytes).into())))
            }
        }
    }

    /// Sends what changes a secret's life, confirmed by replicas if they are to
    /// confirm it and `changed` says that there is something to confirm.
    async fn change<const KEYS: usize>(
        &self,
        batch: &Arc<Batch<KEYS>>,
        part: Part<KEYS>,
        changed: impl Fn(&Value) -> bool,
    ) -> Result<Value, Fault> {
        let (wanted, within) = (self.min_replicas, self.wait);
        if wanted == 0 {
            return batch.send(part).await;
        }
        let (answer, acks) = self.courier.confirm(&part.keys[0], batch.alone(&part), wanted, within).await?;
        let answer = batch::only(answer)?;
        if changed(&answer) && acks < wanted {
            return Err(Fault::Unsure(Trouble::TooFewReplicas { acks, wanted, within }));
        }
        Ok(answer)
    }

    pub(crate) async fn head(&self, id: &RecordId) -> Result<Option<Head>, Fault> {
        let key = self.keys.record(id);
        let start = read(self.courier.send(&key, start_of(&key, USUAL_HEAD)).await?)?;
        self.whole_head(&key, start).await
    }

    /// The guesses at a record so far. Asked for by themselves, and only where there
    /// can be any: while a slot moves, a flight of two questions would be answered
    /// by two nodes, or by the one that has neither.
    async fn guesses(&self, id: &RecordId, head: &Head) -> Result<Attempts, Fault> {
        if !head.passphrase_required() {
            return Ok(Attempts::default());
        }
        let key = self.keys.guesses(id);
        let mut get = cmd("GET");
        get.arg(&key);
        match read::<Option<Vec<u8>>>(self.courier.send(&key, get).await?)? {
            Some(bytes) => Ok(Attempts::from_bytes(&bytes).ok_or(Damaged)?),
            None => Ok(Attempts::default()),
        }
    }

    async fn whole_head(&self, key: &[u8], mut start: Vec<u8>) -> Result<Option<Head>, Fault> {
        if start.is_empty() {
            return Ok(None);
        }
        let needed = Head::bytes_needed(&start)?;
        if needed > start.len() && start.len() >= USUAL_HEAD {
            start = read(self.courier.send(key, start_of(key, needed)).await?)?;
        }
        if start.is_empty() { Ok(None) } else { Ok(Some(Head::read(&start)?)) }
    }
}

fn start_of(key: &[u8], bytes: usize) -> Cmd {
    let mut start = cmd("GETRANGE");
    start.arg(key).arg(0).arg(bytes - 1);
    start
}

/// What counts nothing: the answer as core gives it.
fn granted(
    sealed: Sealed,
    attempts: &Attempts,
    guess: Guess,
    policy: &AttemptPolicy,
    now: Timestamp,
) -> Attempt {
    let guess = Guess::None(guess.client());
    match attempts.clone().count(guess, sealed.expires, policy, now).1 {
        Verdict::LockedOut { until } => Attempt::LockedOut { until },
        Verdict::Granted { remaining } => Attempt::Granted { sealed, remaining },
    }
}

/// What `attempt.lua` answered.
fn counted(
    answer: Vec<Value>,
    guess: Guess,
    policy: &AttemptPolicy,
    now: Timestamp,
) -> Result<Attempt, Fault> {
    let sealed = |packed: Value| {
        let (_, sealed) = unpack(&read::<Vec<u8>>(packed)?)?;
        sealed.ok_or(Fault::Damaged(Damaged))
    };
    let mut answer = answer.into_iter();
    match (answer.next(), answer.next(), answer.next()) {
        (Some(Value::Int(0)), Some(until), None) => {
            Ok(Attempt::LockedOut { until: Timestamp::from_secs(read(until)?) })
        }
        (Some(Value::Int(1)), Some(remaining), Some(packed)) => {
            Ok(Attempt::Granted { sealed: sealed(packed)?, remaining: read(remaining)? })
        }
        (Some(Value::Int(2)), Some(packed), None) => {
            Ok(granted(sealed(packed)?, &Attempts::default(), guess, policy, now))
        }
        _ => Err(nonsense()),
    }
}

/// An answer as what it must be.
pub(crate) fn read<T: FromRedisValue>(value: Value) -> Result<T, Fault> {
    from_redis_value(value).map_err(|_| nonsense())
}

/// The operation may have been done: only its answer can't be read.
pub(crate) fn nonsense() -> Fault {
    Fault::Unsure(Trouble::Nonsense("the store".to_owned()))
}
