//! What the buckets hold, and what in them is due.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use redis::cmd;
use waxseal_core::id::Kid;
use waxseal_core::state::Stored;
use waxseal_core::store::{LOCK_BYTES, RECEIPT_LIVES, RECORD_OVERHEAD, Swept, Usage};
use waxseal_core::time::Timestamp;

use crate::RedisStore;
use crate::fault::Fault;
use crate::keys::{BUCKETS, Bucket, Member};
use crate::layout::Damaged;
use crate::records::read;
use crate::scripts;

/// Records that one script sweeps: Redis does nothing else meanwhile, for about a
/// third of a millisecond.
const SWEPT_AT_ONCE: usize = 64;
/// Buckets that are swept side by side.
const SIDE_BY_SIDE: usize = 32;

impl RedisStore {
    /// Counts what stands, if the last count is too old for the budget.
    pub(crate) async fn sum_up(&self) -> Result<(), Fault> {
        let Some(_gate) = self.budget.summing().await else { return Ok(()) };
        let sums = join_all(Bucket::all().map(|bucket| self.bytes_of(bucket))).await;
        match sums.into_iter().sum::<Result<u64, Fault>>() {
            Ok(sum) => self.budget.set(sum),
            // A node that is down must not keep the others from storing.
            Err(_) if self.budget.keep() => {}
            Err(fault) => return Err(fault.not_done()),
        }
        Ok(())
    }

    async fn bytes_of(&self, bucket: Bucket) -> Result<u64, Fault> {
        let key = self.keys.tally(bucket);
        let mut bytes = cmd("HGET");
        bytes.arg(&key).arg("b");
        let bytes: Option<u64> = read(self.courier.send(&key, bytes).await?)?;
        Ok(bytes.unwrap_or(0))
    }

    /// The figures of all buckets.
    pub(crate) async fn tallies(&self) -> Result<Usage, Fault> {
        let tallies = join_all(Bucket::all().map(|bucket| self.tally_of(bucket))).await;
        let mut sums: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for tally in tallies {
            for (field, count) in tally? {
                *sums.entry(field).or_default() += count;
            }
        }
        let sum = |field: &[u8]| sums.get(field).copied().unwrap_or(0);
        let of = |state: Stored| sum(format!("s{}", state.code()).as_bytes());
        let kid = |(field, count): (&Vec<u8>, &u64)| {
            let kid = Kid::try_from(field.strip_prefix(b"k")?).ok()?;
            (*count > 0).then_some((kid, *count))
        };
        let kids: Vec<_> = sums.iter().filter_map(kid).collect();
        let (received, burned) = (of(Stored::Received), of(Stored::Burned));
        let records: u64 = kids.iter().map(|(_, count)| count).sum();
        // Of those that are new in name, the expired that were swept.
        let erased = of(Stored::New);
        let new = records.saturating_sub(received + burned + erased);
        Ok(Usage { bytes: sum(b"b"), new, received, burned, kids })
    }

    async fn tally_of(&self, bucket: Bucket) -> Result<Vec<(Vec<u8>, u64)>, Fault> {
        let key = self.keys.tally(bucket);
        let mut all = cmd("HGETALL");
        all.arg(&key);
        read(self.courier.send(&key, all).await?)
    }

    /// Goes on where the last call stopped, and once around at most.
    pub(crate) async fn sweep_buckets(&self, limit: usize, now: Timestamp) -> Result<Swept, Fault> {
        let start = self.cursor.load(Ordering::Relaxed);
        let buckets: Vec<Bucket> = Bucket::all().cycle().skip(start).take(BUCKETS).collect();
        let (mut total, mut failed) = (Swept::default(), None);
        for (done, side) in buckets.chunks(SIDE_BY_SIDE).enumerate() {
            let left = limit.saturating_sub(count(&total));
            let share = left.div_ceil(side.len()).max(1);
            let swept = join_all(side.iter().map(|bucket| self.sweep_bucket(*bucket, share, now))).await;
            for swept in swept {
                match swept {
                    Ok(swept) => {
                        total.expired += swept.expired;
                        total.forgotten += swept.forgotten;
                        total.more |= swept.more;
                    }
                    Err(fault) => failed = Some(fault),
                }
            }
            if count(&total) >= limit || total.more {
                self.cursor.store((start + done * SIDE_BY_SIDE) % BUCKETS, Ordering::Relaxed);
                total.more = true;
                break;
            }
        }
        failed.map_or(Ok(total), Err)
    }

    /// Sweeps about `share` records of a bucket.
    async fn sweep_bucket(&self, bucket: Bucket, share: usize, now: Timestamp) -> Result<Swept, Fault> {
        let mut total = Swept::default();
        loop {
            let wanted = share.saturating_sub(count(&total)).min(SWEPT_AT_ONCE);
            if wanted == 0 {
                return Ok(Swept { more: true, ..total });
            }
            let due = self.due(bucket, wanted, now).await?;
            if due.is_empty() {
                return Ok(total);
            }
            let (expired, forgotten) = self.sweep_records(bucket, &due, now).await?;
            total.expired += expired;
            total.forgotten += forgotten;
            if due.len() < wanted {
                return Ok(total);
            }
        }
    }

    async fn due(&self, bucket: Bucket, wanted: usize, now: Timestamp) -> Result<Vec<Member>, Fault> {
        let key = self.keys.due(bucket);
        let mut due = cmd("ZRANGEBYSCORE");
        due.arg(&key).arg("-inf").arg(now.secs()).arg("LIMIT").arg(0).arg(wanted);
        let due: Vec<Vec<u8>> = read(self.courier.send(&key, due).await?)?;
        let members = due.into_iter().map(|name| Member::try_from(name).map_err(|_| Damaged.into()));
        members.collect()
    }

    async fn sweep_records(
        &self,
        bucket: Bucket,
        due: &[Member],
        now: Timestamp,
    ) -> Result<(u64, u64), Fault> {
        let mut keys = vec![self.keys.due(bucket), self.keys.tally(bucket)];
        for name in due {
            keys.push(self.keys.record_named(bucket, name));
            keys.push(self.keys.guesses_named(bucket, name));
        }
        let mut sweep = scripts::SWEEP.call(&keys);
        sweep.arg(now.secs()).arg(RECORD_OVERHEAD).arg(LOCK_BYTES).arg(RECEIPT_LIVES);
        for name in due {
            sweep.arg(&name[..]);
        }
        let (expired, forgotten, freed) = read(self.courier.send(&keys[0], sweep).await?)?;
        self.budget.release(freed);
        Ok((expired, forgotten))
    }
}

fn count(swept: &Swept) -> usize {
    usize::try_from(swept.expired + swept.forgotten).unwrap_or(usize::MAX)
}
