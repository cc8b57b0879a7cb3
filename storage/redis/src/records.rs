//! [`Store`] over Redis.

use async_trait::async_trait;
use futures_util::future::join_all;
use redis::{Cmd, FromRedisValue, Pipeline, Value, cmd, from_redis_value};
use waxseal_core::attempt::{Attempts, CLIENTS, Guess, Verdict};
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, Stored};
use waxseal_core::store::{
    Attempt, Check, Created, Front, LOCK_BYTES, MailState, RECENT_REACH, Receipt, Record, Sealed, Store,
    StoreError, Swept, Usage,
};
use waxseal_core::time::{Timestamp, Ttl};

use crate::RedisStore;
use crate::fault::{Fault, Trouble};
use crate::keys::{Bucket, member};
use crate::layout::{Damaged, Head, pack, unpack};
use crate::scripts;

/// What is read of a record whose receipt is wanted: head and boxes of nearly all.
const USUAL_HEAD: usize = 512;
/// How much longer than it reaches an account's list is kept.
const SLACK: Ttl = Ttl::days(1);
/// How old a line of a list must be, before a record that is not there counts as lost.
const LINE_PATIENCE: Ttl = Ttl::hours(1);

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
        let looked = self.look(id).await.map_err(Fault::of_read)?;
        let Some((head, attempts)) = looked.filter(|(head, _)| head.is_new(now)) else { return Ok(None) };
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
        let bucket = Bucket::of(&record.id);
        let key = self.keys.record(&record.id);
        let mut create = scripts::CREATE.call(&[&key, &self.keys.due(bucket), &self.keys.tally(bucket)]);
        create.arg(pack(record, now)).arg(record.sealed.expires.secs()).arg(member(&record.id));
        create.arg(record.stored_bytes()).arg(record.kid.as_bytes()).arg(i32::from(room));
        let created = match self.change(&key, create, |answer| *answer == Value::Int(0)).await? {
            Value::Int(0) => Created::Fresh,
            Value::Int(1) => Created::Taken,
            Value::Int(2) => Created::Full,
            _ => return Err(nonsense()),
        };
        Ok(created)
    }

    /// Writes the line of an account's list. It stands in another slot, so a crash
    /// on the way here costs the line; who creates the same record again finds it
    /// taken, and mends that.
    async fn list(&self, record: &Record, created: Created) -> Result<(), Fault> {
        let (Some(owner), id) = (&record.owner, &record.id) else { return Ok(()) };
        match created {
            Created::Full => Ok(()),
            Created::Fresh => self.write_line(&owner.account, id, record.sealed.created).await,
            Created::Taken => match self.head(id).await? {
                Some(head) if head.is_of(&owner.account) => {
                    self.write_line(&owner.account, id, head.created()).await
                }
                _ => Ok(()),
            },
        }
    }

    /// Drops the lines that no list reaches, too.
    async fn write_line(&self, account: &AccountId, id: &RecordId, made: Timestamp) -> Result<(), Fault> {
        let (key, made) = (self.keys.list(account), made.secs());
        let reach = RECENT_REACH.secs() + SLACK.secs();
        let mut flight = Pipeline::new();
        flight.cmd("ZADD").arg(&key).arg(made).arg(id.as_bytes());
        flight.cmd("ZREMRANGEBYSCORE").arg(&key).arg("-inf").arg(made.saturating_sub(reach));
        flight.cmd("EXPIRE").arg(&key).arg(reach);
        self.courier.send_all(&key, &flight).await?;
        Ok(())
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
        let mut flight = Pipeline::new();
        flight.cmd("GET").arg(&key);
        flight.cmd("GET").arg(self.keys.guesses(id));
        let [packed, counted] = two(self.courier.send_all(&key, &flight).await?)?;
        let Some(packed) = read::<Option<Vec<u8>>>(packed)? else { return Ok(Attempt::Gone) };
        let (head, sealed) = unpack(&packed)?;
        match sealed.filter(|_| head.is_new(now)) {
            Some(sealed) => Ok(granted(sealed, &attempts(counted)?, guess, policy, now)),
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
        let key = self.keys.record(id);
        let tally = self.keys.tally(Bucket::of(id));
        let mut settle = scripts::SETTLE.call(&[&key, &self.keys.guesses(id), &tally]);
        settle.arg(now.secs()).arg(LOCK_BYTES);
        for from in Stored::ALL {
            if let Some(becomes) = from.on(ending) {
                settle.arg(from.code()).arg(becomes.code());
            }
        }
        match self.change(&key, settle, |answer| *answer != Value::Nil).await? {
            Value::Nil => Ok(None),
            answer => {
                let (kept, body_bytes): (Vec<u8>, u64) = read(answer)?;
                Ok(Some((Head::read(&kept)?, body_bytes)))
            }
        }
    }

    /// Sends what changes a secret's life, confirmed by replicas if they are to
    /// confirm it and `changed` says that there is something to confirm.
    async fn change(
        &self,
        key: &[u8],
        command: Cmd,
        changed: impl Fn(&Value) -> bool,
    ) -> Result<Value, Fault> {
        let (wanted, within) = (self.min_replicas, self.wait);
        if wanted == 0 {
            return self.courier.send(key, command).await;
        }
        let (answer, acks) = self.courier.confirm(key, command, wanted, within).await?;
        if changed(&answer) && acks < wanted {
            return Err(Fault::Unsure(Trouble::TooFewReplicas { acks, wanted, within }));
        }
        Ok(answer)
    }

    async fn head(&self, id: &RecordId) -> Result<Option<Head>, Fault> {
        let key = self.keys.record(id);
        let start = read(self.courier.send(&key, start_of(&key, USUAL_HEAD)).await?)?;
        self.whole_head(&key, start).await
    }

    /// The head, and the guesses at it.
    async fn look(&self, id: &RecordId) -> Result<Option<(Head, Attempts)>, Fault> {
        let key = self.keys.record(id);
        let mut flight = Pipeline::new();
        flight.add_command(start_of(&key, USUAL_HEAD));
        flight.cmd("GET").arg(self.keys.guesses(id));
        let [start, counted] = two(self.courier.send_all(&key, &flight).await?)?;
        let head = self.whole_head(&key, read(start)?).await?;
        head.map(|head| attempts(counted).map(|attempts| (head, attempts))).transpose()
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

    async fn listed(&self, account: &AccountId, limit: usize, now: Timestamp) -> Result<Vec<Receipt>, Fault> {
        let (mut receipts, mut passed) = (Vec::new(), 0);
        let mut lost: Vec<RecordId> = Vec::new();
        while receipts.len() < limit {
            let wanted = (limit - receipts.len()).min(LINES_AT_ONCE);
            let lines = self.lines(account, passed, wanted, now).await?;
            passed += lines.len();
            let heads = join_all(lines.iter().map(|(id, _)| self.head(id))).await;
            for ((id, created), head) in lines.iter().zip(heads) {
                match head? {
                    Some(head) if head.is_of(account) => {
                        receipts.extend(head.receipt(id, now));
                    }
                    _ if now.since(*created) > LINE_PATIENCE => lost.push(*id),
                    _ => {}
                }
            }
            if lines.len() < wanted {
                break;
            }
        }
        self.drop_lines(account, &lost).await?;
        Ok(receipts)
    }

    /// Lines of an account's list within its reach, newest first.
    async fn lines(
        &self,
        account: &AccountId,
        passed: usize,
        wanted: usize,
        now: Timestamp,
    ) -> Result<Vec<(RecordId, Timestamp)>, Fault> {
        let key = self.keys.list(account);
        let oldest = now.secs().saturating_sub(RECENT_REACH.secs());
        let mut lines = cmd("ZREVRANGEBYSCORE");
        lines.arg(&key).arg("+inf").arg(oldest).arg("WITHSCORES").arg("LIMIT").arg(passed).arg(wanted);
        let lines: Vec<(Vec<u8>, f64)> = read(self.courier.send(&key, lines).await?)?;
        let line = |(id, created): (Vec<u8>, f64)| {
            let id = RecordId::try_from(&id[..]).map_err(|_| Damaged)?;
            // Whole seconds, which a double holds exactly for as long as we shall live.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let created = Timestamp::from_secs(created as u64);
            Ok((id, created))
        };
        lines.into_iter().map(line).collect()
    }

    async fn drop_lines(&self, account: &AccountId, lost: &[RecordId]) -> Result<(), Fault> {
        if lost.is_empty() {
            return Ok(());
        }
        let key = self.keys.list(account);
        let mut drop = cmd("ZREM");
        drop.arg(&key);
        for id in lost {
            drop.arg(id.as_bytes());
        }
        self.courier.send(&key, drop).await?;
        Ok(())
    }
}

/// Lines of a list that are read together.
const LINES_AT_ONCE: usize = 1_000;

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

fn attempts(counted: Value) -> Result<Attempts, Fault> {
    match read::<Option<Vec<u8>>>(counted)? {
        Some(bytes) => Ok(Attempts::from_bytes(&bytes).ok_or(Damaged)?),
        None => Ok(Attempts::default()),
    }
}

pub(crate) fn two(answers: Vec<Value>) -> Result<[Value; 2], Fault> {
    answers.try_into().map_err(|_| nonsense())
}

/// An answer as what it must be.
pub(crate) fn read<T: FromRedisValue>(value: Value) -> Result<T, Fault> {
    from_redis_value(value).map_err(|_| nonsense())
}

/// The operation may have been done: only its answer can't be read.
pub(crate) fn nonsense() -> Fault {
    Fault::Unsure(Trouble::Nonsense("the store".to_owned()))
}
