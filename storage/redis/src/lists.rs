//! Accounts' lists: which records an account made, newest first.

use futures_util::future::join_all;
use redis::{Pipeline, cmd};
use waxseal_core::id::{AccountId, RecordId};
use waxseal_core::store::{Created, RECENT_REACH, Receipt, Record};
use waxseal_core::time::{Timestamp, Ttl};

use crate::RedisStore;
use crate::fault::Fault;
use crate::layout::Damaged;
use crate::records::read;

/// Lines of a list that are read together.
const LINES_AT_ONCE: usize = 1_000;
/// How much longer than it reaches an account's list is kept.
const SLACK: Ttl = Ttl::days(1);
/// How old a line of a list must be, before a record that is not there counts as lost.
const LINE_PATIENCE: Ttl = Ttl::hours(1);

impl RedisStore {
    /// Writes the line of an account's list. It stands in another slot, so a crash
    /// on the way here costs the line; who creates the same record again finds it
    /// taken, and mends that.
    pub(crate) async fn list(&self, record: &Record, created: Created) -> Result<(), Fault> {
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

    /// The receipts of a list, passing over lines that lead nowhere.
    pub(crate) async fn listed(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, Fault> {
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

    /// How many lines of an account's list, within its reach, lead to no record.
    pub(crate) async fn stale_lines(&self, account: &AccountId, now: Timestamp) -> Result<u64, Fault> {
        let (mut stale, mut passed) = (0, 0);
        loop {
            let lines = self.lines(account, passed, LINES_AT_ONCE, now).await?;
            passed += lines.len();
            let exists = |(id, _): &(RecordId, Timestamp)| {
                let key = self.keys.record(id);
                let mut exists = cmd("EXISTS");
                exists.arg(&key);
                (key, exists)
            };
            let asked = lines.iter().map(exists).collect();
            for stands in self.courier.send_each(asked, self.courier.patience()).await {
                stale += u64::from(read::<u64>(stands?)? == 0);
            }
            if lines.len() < LINES_AT_ONCE {
                return Ok(stale);
            }
        }
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
