//! Reads every record, guess and figure, and changes nothing; servers may go on meanwhile.
//!
//! Keys are found by SCAN, a part at a time, on every master: Redis does other work in
//! between, and nothing is held here but counts, and eight bytes of each id. Figures are
//! kept by the bucket, so a bucket whose figures changed while the records were read is
//! left uncompared.

use std::collections::{BTreeMap, HashSet};

use redis::{Value, cmd};
use waxseal_core::attempt::Attempts;
use waxseal_core::id::RecordId;
use waxseal_core::store::{AccountStore, Audit, LOCK_BYTES, RECORD_OVERHEAD, StoreError};
use waxseal_core::time::Timestamp;

use crate::RedisStore;
use crate::due::Due;
use crate::fault::{Fault, Trouble};
use crate::figures::{self, Figures};
use crate::keys::{Bucket, Found};
use crate::layout::{Head, unpack};
use crate::node::Node;
use crate::records::read;

/// Keys that one SCAN looks at, about.
const SCANNED_AT_ONCE: usize = 500;

/// What was counted in one bucket.
#[derive(Default)]
struct Counted {
    figures: Figures,
    records: u64,
}

/// A bucket that does not seem to fit.
#[derive(PartialEq, Eq)]
struct Suspect {
    bucket: usize,
    what: &'static str,
}

impl RedisStore {
    /// Reads all that stands, as seen at `now`. `tell` hears how many records were read,
    /// and of about how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if Redis can't be asked to the end. What is damaged is
    /// told in the [`Audit`].
    pub async fn verify(&self, now: Timestamp, tell: &mut dyn FnMut(u64, u64)) -> Result<Audit, StoreError> {
        let audit = self.verified(now, tell).await.map_err(Fault::of_read)?;
        self.verify_accounts(audit, now).await
    }

    async fn verified(&self, now: Timestamp, tell: &mut dyn FnMut(u64, u64)) -> Result<Audit, Fault> {
        let (mut audit, suspects) = self.look(now, tell).await?;
        if suspects.is_empty() {
            return Ok(audit);
        }
        // A record that came and another that went can leave figures as they were. What
        // is wrong stays wrong.
        let (_, again) = self.look(now, tell).await?;
        for Suspect { bucket, what } in suspects.into_iter().filter(|suspect| again.contains(suspect)) {
            audit.flaw("bucket", bucket, what);
        }
        Ok(audit)
    }

    /// Reads everything once; answers beside it which buckets do not seem to fit.
    async fn look(
        &self,
        now: Timestamp,
        tell: &mut dyn FnMut(u64, u64),
    ) -> Result<(Audit, Vec<Suspect>), Fault> {
        let before = self.kept_figures().await?;
        let all = self.tallies().await?.kids.iter().map(|(_, records)| records).sum();
        let mut reading = Reading::begin(now);
        let masters = self.courier.topology().masters().await.map_err(Fault::Not)?;
        for master in masters {
            let mut cursor = String::from("0");
            loop {
                cursor = self.scan(&master, &cursor, &mut reading).await?;
                tell(reading.audit.decoded + reading.audit.undecoded, all);
                if cursor == "0" {
                    break;
                }
            }
        }
        let suspects = self.compare(before, &mut reading).await?;
        Ok((reading.audit, suspects))
    }

    /// Reads a part of a master's keys; answers where the next part begins.
    async fn scan(&self, master: &Node, cursor: &str, reading: &mut Reading) -> Result<String, Fault> {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(self.keys.records_pattern()).arg("COUNT").arg(SCANNED_AT_ONCE);
        let (next, keys): (String, Vec<Vec<u8>>) = read(self.courier.ask(master, scan).await?)?;
        let mut asked = Vec::with_capacity(keys.len());
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            match self.keys.found(&key) {
                Some(Found::Record(id)) => {
                    let mut get = cmd("GET");
                    get.arg(&key);
                    asked.push((key, get));
                    found.push(Found::Record(id));
                }
                Some(Found::Guesses(id)) => {
                    let mut get = cmd("GET");
                    get.arg(&key);
                    asked.push((key, get));
                    let record = self.keys.record(&id);
                    let mut exists = cmd("EXISTS");
                    exists.arg(&record);
                    asked.push((record, exists));
                    found.push(Found::Guesses(id));
                }
                None => reading.audit.flaw("key", String::from_utf8_lossy(&key), "no record is named so"),
            }
        }
        let mut answers = self.courier.send_each(asked, self.courier.patience()).await.into_iter();
        for what in found {
            match what {
                Found::Record(id) => reading.record(id, answer(answers.next())?),
                Found::Guesses(id) => {
                    let (guesses, stands) = (answer(answers.next())?, answer(answers.next())?);
                    reading.guesses(&id, guesses, stands.as_ref());
                }
            }
        }
        Ok(next)
    }

    async fn kept_figures(&self) -> Result<Vec<Figures>, Fault> {
        let asked = Bucket::all().map(|bucket| self.of_tally(bucket)).collect();
        let tallies = self.courier.send_each(asked, self.courier.patience()).await;
        let figures = |tally: Result<Value, Fault>| {
            let mut sums = Figures::new();
            figures::add(&mut sums, read(tally?)?);
            sums.retain(|_, figure| *figure != 0);
            Ok(sums)
        };
        tallies.into_iter().map(figures).collect()
    }

    /// Holds what was counted against what is kept, bucket by bucket. What is read for
    /// that is read before the figures are, a second time: if these are what they were,
    /// nothing has changed in between.
    async fn compare(&self, before: Vec<Figures>, reading: &mut Reading) -> Result<Vec<Suspect>, Fault> {
        let mut suspects = Vec::new();
        let due = self.due_in_each().await?;
        let after = self.kept_figures().await?;
        for (((bucket, before), kept), due) in Bucket::all().zip(before).zip(after).zip(due) {
            let Counted { figures, records } = reading.buckets.remove(&bucket.number()).unwrap_or_default();
            if before != kept {
                reading.audit.uncompared += 1;
                continue;
            }
            let mut suspect = |what| suspects.push(Suspect { bucket: bucket.number(), what });
            if figures != kept {
                suspect("its figures are not those of its records");
            }
            if due < records {
                suspect("records that no sweep would find");
            }
        }
        Ok(suspects)
    }

    /// How many records of each bucket a sweep would come to, those that are gone among them.
    async fn due_in_each(&self) -> Result<Vec<u64>, Fault> {
        let range = |bucket| {
            let key = self.keys.due(bucket);
            let mut range = cmd("ZRANGE");
            range.arg(&key).arg(0).arg(-1);
            (key, range)
        };
        let asked = Bucket::all().map(range).collect();
        let mut due = Vec::new();
        for (bucket, names) in Bucket::all().zip(self.courier.send_each(asked, self.courier.patience()).await)
        {
            due.push(self.due_among(bucket, read(names?)?).await?);
        }
        Ok(due)
    }

    /// How many records `names` are, or lead to.
    async fn due_among(&self, bucket: Bucket, names: Vec<Vec<u8>>) -> Result<u64, Fault> {
        let (mut due, mut hours) = (0, Vec::new());
        for name in names {
            match Due::read(name)? {
                Due::Record(_) => due += 1,
                Due::Hour(hour) => {
                    let key = self.keys.hour(bucket, hour.start());
                    let mut length = cmd("LLEN");
                    length.arg(&key);
                    hours.push((key, length));
                }
            }
        }
        for length in self.courier.send_each(hours, self.courier.patience()).await {
            due += read::<u64>(length?)?;
        }
        Ok(due)
    }

    async fn verify_accounts(&self, mut audit: Audit, now: Timestamp) -> Result<Audit, StoreError> {
        let accounts = match AccountStore::accounts(self).await {
            Err(StoreError::Damaged(_)) => {
                audit.flaw("list", "of accounts", "an account can't be read");
                Vec::new()
            }
            accounts => accounts?,
        };
        for account in accounts {
            audit.accounts += 1;
            let standing = AccountStore::account(self, &account.id).await?;
            audit.tokens += standing.map_or(0, |(_, tokens)| tokens.len() as u64);
            audit.stale_lines += self.stale_lines(&account.id, now).await.map_err(Fault::of_read)?;
        }
        match AccountStore::domains(self).await {
            Ok(domains) => audit.domains = domains.len() as u64,
            Err(StoreError::Damaged(_)) => audit.flaw("list", "of domains", "a domain can't be read"),
            Err(error) => return Err(error),
        }
        Ok(audit)
    }
}

/// What is known so far.
struct Reading {
    now: Timestamp,
    audit: Audit,
    buckets: BTreeMap<usize, Counted>,
    /// The records that were read, for SCAN may tell of one twice. No two ids are alike
    /// in so many bytes by chance.
    seen: HashSet<[u8; 8]>,
}

impl Reading {
    fn begin(now: Timestamp) -> Self {
        Self { now, audit: Audit::default(), buckets: BTreeMap::new(), seen: HashSet::new() }
    }

    /// A key that has gone since it was found is no flaw.
    fn record(&mut self, id: RecordId, value: Option<Value>) {
        let packed = match value.map(read::<Option<Vec<u8>>>) {
            Some(Ok(Some(packed))) => packed,
            Some(Ok(None)) => return,
            Some(Err(_)) | None => return self.audit.undecoded(id.as_bytes(), "it is no string"),
        };
        if id.0.last_chunk().is_some_and(|end| !self.seen.insert(*end)) {
            return;
        }
        match unpack(&packed) {
            Ok((head, sealed)) => self.sound(id, head, sealed.map(|sealed| sealed.body.len())),
            Err(_) => self.audit.undecoded(id.as_bytes(), "it is not laid out as any record is"),
        }
    }

    fn sound(&mut self, id: RecordId, head: Head, body: Option<usize>) {
        self.audit.record(head.seen(self.now), head.kid());
        if body.is_some() && head.has_ended() {
            self.audit.flaw_of(&id, "it has ended, and its content still stands");
        }
        let counted = self.buckets.entry(Bucket::of(&id).number()).or_default();
        counted.records += 1;
        let content = body.map_or(0, |body| LOCK_BYTES + body);
        *counted.figures.entry(b"b".to_vec()).or_default() +=
            i64::try_from(RECORD_OVERHEAD + (head.boxes_bytes() + content) as u64).unwrap_or(i64::MAX);
        *counted.figures.entry([b"k", &head.kid().as_bytes()[..]].concat()).or_default() += 1;
        if body.is_none() {
            *counted.figures.entry(format!("s{}", head.stored().code()).into_bytes()).or_default() += 1;
        }
    }

    fn guesses(&mut self, id: &RecordId, guesses: Option<Value>, record: Option<&Value>) {
        let bytes = match guesses.map(read::<Option<Vec<u8>>>) {
            Some(Ok(None)) => return,
            Some(Ok(Some(bytes))) => Some(bytes),
            Some(Err(_)) | None => None,
        };
        if bytes.and_then(|bytes| Attempts::from_bytes(&bytes)).is_none() {
            self.audit.flaw_of(id, "its guesses can't be read");
        }
        if record == Some(&Value::Int(0)) {
            self.audit.flaw_of(id, "guesses at a record that is gone");
        }
    }
}

/// What stands at a key; `None` if it is of another type than ours are.
fn answer(answer: Option<Result<Value, Fault>>) -> Result<Option<Value>, Fault> {
    match answer.unwrap_or(Ok(Value::Nil)) {
        Err(Fault::Not(Trouble::Refused(_, code))) if code == "WRONGTYPE" => Ok(None),
        answer => answer.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::pack;
    use waxseal_conformance::sample;

    #[test]
    fn a_record_that_scan_tells_twice_counts_once() {
        let mut reading = Reading::begin(sample::START);
        for n in [1, 2, 1] {
            let packed = pack(&sample::record(n), sample::START);
            reading.record(sample::id(n), Some(Value::BulkString(packed)));
        }
        assert_eq!((reading.audit.decoded, reading.audit.flaws), (2, 0));
        assert_eq!(reading.buckets.values().map(|counted| counted.records).sum::<u64>(), 2);
    }

    #[test]
    fn a_record_that_is_gone_by_then_is_no_flaw() {
        let mut reading = Reading::begin(sample::START);
        reading.record(sample::id(1), Some(Value::Nil));
        reading.guesses(&sample::id(1), Some(Value::Nil), Some(&Value::Int(0)));
        assert_eq!(reading.audit, Audit::default());
    }
}
