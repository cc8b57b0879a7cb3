//! What the buckets hold, and what in them is due.

use std::sync::atomic::Ordering;

use redis::{Cmd, Value, cmd};
use waxseal_core::id::Kid;
use waxseal_core::state::Stored;
use waxseal_core::store::{LOCK_BYTES, RECEIPT_LIVES, RECORD_OVERHEAD, Swept, Usage};
use waxseal_core::time::Timestamp;

use crate::RedisStore;
use crate::due::Due;
use crate::fault::Fault;
use crate::figures::{self, Figures};
use crate::keys::{BUCKETS, Bucket, Member};
use crate::records::read;
use crate::scripts;

/// Records that one script sweeps: Redis does nothing else meanwhile, for about a
/// third of a millisecond.
const SWEPT_AT_ONCE: usize = 64;

impl RedisStore {
    /// Counts what stands, if the last count is too old for the budget.
    pub(crate) async fn sum_up(&self) -> Result<(), Fault> {
        let Some(_gate) = self.budget.summing().await else { return Ok(()) };
        let asked = Bucket::all().map(|bucket| self.of_tally(bucket)).collect();
        // A secret waits for this, and has a way of its own to go.
        let sums = self.courier.send_each(asked, self.courier.patience() / 4).await;
        // A node that is down must not keep the others from storing; where nobody
        // answers there is nothing to wait for.
        let all_failed = sums.iter().all(Result::is_err);
        match summed(sums) {
            Ok(sums) => self.budget.set(at(&sums, b"b")),
            Err(_) if !all_failed && self.budget.keep() => {}
            Err(fault) => return Err(fault.not_done()),
        }
        Ok(())
    }

    /// What asks for a bucket's figures.
    pub(crate) fn of_tally(&self, bucket: Bucket) -> (Vec<u8>, Cmd) {
        let key = self.keys.tally(bucket);
        let mut asked = cmd("HGETALL");
        asked.arg(&key);
        (key, asked)
    }

    /// The figures of all buckets.
    pub(crate) async fn tallies(&self) -> Result<Usage, Fault> {
        let asked = Bucket::all().map(|bucket| self.of_tally(bucket)).collect();
        let sums = summed(self.courier.send_each(asked, self.courier.patience()).await)?;
        let of = |state: Stored| at(&sums, format!("s{}", state.code()).as_bytes());
        let kid = |(field, count): (&Vec<u8>, &i64)| {
            let kid = Kid::try_from(field.strip_prefix(b"k")?).ok()?;
            (*count > 0).then_some((kid, count.unsigned_abs()))
        };
        let kids: Vec<_> = sums.iter().filter_map(kid).collect();
        let (received, burned) = (of(Stored::Received), of(Stored::Burned));
        let records: u64 = kids.iter().map(|(_, count)| count).sum();
        // Of those that are new in name, the expired that were swept.
        let erased = of(Stored::New);
        let new = records.saturating_sub(received + burned + erased);
        Ok(Usage { bytes: at(&sums, b"b"), new, received, burned, kids })
    }

    /// Goes on where the last call stopped, and once around at most.
    pub(crate) async fn sweep_buckets(&self, limit: usize, now: Timestamp) -> Result<Swept, Fault> {
        let mut total = Swept::default();
        for bucket in self.buckets_due(now).await? {
            loop {
                let wanted = limit.saturating_sub(count(&total)).min(SWEPT_AT_ONCE);
                if wanted == 0 {
                    self.cursor.store(bucket.number(), Ordering::Relaxed);
                    return Ok(Swept { more: true, ..total });
                }
                let due = self.due(bucket, wanted, now).await?;
                let (found, records) = (due.len(), self.records_of(bucket, due).await?);
                if !records.is_empty() {
                    let (expired, forgotten) = self.sweep_records(bucket, &records, now).await?;
                    total.expired += expired;
                    total.forgotten += forgotten;
                }
                if records.len() == found && found < wanted {
                    break;
                }
            }
        }
        Ok(total)
    }

    /// The buckets in which something is due, from the one where the last sweep stopped.
    async fn buckets_due(&self, now: Timestamp) -> Result<Vec<Bucket>, Fault> {
        let start = self.cursor.load(Ordering::Relaxed);
        let buckets: Vec<Bucket> = Bucket::all().cycle().skip(start).take(BUCKETS).collect();
        let asked = buckets.iter().map(|bucket| {
            let key = self.keys.due(*bucket);
            let mut count = cmd("ZCOUNT");
            count.arg(&key).arg("-inf").arg(now.secs());
            (key, count)
        });
        let counts = self.courier.send_each(asked.collect(), self.courier.patience()).await;
        let mut due = Vec::new();
        for (bucket, count) in buckets.into_iter().zip(counts) {
            if read::<u64>(count?)? > 0 {
                due.push(bucket);
            }
        }
        Ok(due)
    }

    /// The records among what is due. Hours are unfolded, and what was in them is found
    /// the next time.
    async fn records_of(&self, bucket: Bucket, due: Vec<Due>) -> Result<Vec<Member>, Fault> {
        let mut records = Vec::with_capacity(due.len());
        for due in due {
            match due {
                Due::Record(name) => records.push(name),
                Due::Hour(hour) => self.unfold(bucket, hour).await?,
            }
        }
        Ok(records)
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
        if forgotten > 0 {
            self.rebase(bucket).await?;
        }
        Ok((expired, forgotten))
    }

    /// Takes bytes out of figures that hold too many.
    async fn rebase(&self, bucket: Bucket) -> Result<(), Fault> {
        let (key, asked) = self.of_tally(bucket);
        let tally: Vec<(Vec<u8>, i64)> = read(self.courier.send(&key, asked).await?)?;
        for (field, bytes) in figures::far(&tally) {
            let mut rebase = scripts::REBASE.call(&[&key]);
            rebase.arg(field).arg(figures::taken(bytes)).arg("b").arg(bytes);
            self.courier.send(&key, rebase).await?;
        }
        Ok(())
    }
}

/// The figures of several buckets, as one.
fn summed(tallies: Vec<Result<Value, Fault>>) -> Result<Figures, Fault> {
    let mut sums = Figures::new();
    for tally in tallies {
        figures::add(&mut sums, read(tally?)?);
    }
    Ok(sums)
}

/// What they say under one name.
fn at(sums: &Figures, field: &[u8]) -> u64 {
    sums.get(field).map_or(0, |sum| u64::try_from(*sum).unwrap_or(0))
}

fn count(swept: &Swept) -> usize {
    usize::try_from(swept.expired + swept.forgotten).unwrap_or(usize::MAX)
}
