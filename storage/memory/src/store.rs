//! [`MemoryStore`]: finds the shard and lets it do the step.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::OnceLock;
use std::task::Poll;

use async_trait::async_trait;
use waxseal_core::attempt::Guess;
use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, ClientId, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::Ending;
use waxseal_core::store::{
    Account, AccountState, AccountStore, Attempt, Check, Created, DomainChange, Front, MailState,
    RECENT_REACH, Receipt, Record, Rotation, Store, StoreError, Swept, Token, TokenChange, Usage,
};
use waxseal_core::time::Timestamp;

use crate::accounts::Accounts;
use crate::budget::Budget;
use crate::lock::lock;
use crate::recents::Recents;
use crate::shard::Shard;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// How many parts the records are in. With 64, threads of any machine seldom
/// meet at one lock, and a sweep holds each for about a millisecond a million records.
/// What loom tries needs two, and each more takes it longer.
const SHARDS: usize = if cfg!(loom) { 2 } else { 64 };

/// What [`MemoryStore::default`] may hold: 1 GiB of stored bytes.
const USUAL_BUDGET: u64 = 1 << 30;

/// The smallest id there is.
const FIRST_ID: RecordId = RecordId([0; 32]);

/// Secrets and accounts in memory. Cheap to make; lost when dropped.
pub struct MemoryStore {
    shards: [Mutex<Shard>; SHARDS],
    /// The shard where the next sweep begins.
    cursor: AtomicUsize,
    recents: Recents,
    budget: Budget,
    accounts: Mutex<Accounts>,
    check: OnceLock<Check>,
}

impl MemoryStore {
    /// An empty store that refuses new secrets once its records count
    /// `stored_bytes_budget` bytes, as [`Record::stored_bytes`] counts; 0 for no
    /// bound. The memory really used is a little more.
    #[must_use]
    pub fn new(stored_bytes_budget: u64) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            cursor: AtomicUsize::new(0),
            recents: Recents::default(),
            budget: Budget::new(stored_bytes_budget),
            accounts: Mutex::default(),
            check: OnceLock::new(),
        }
    }

    /// The part an id lies in, locked. The last byte decides: the first four tell
    /// time, and would lead all new secrets to one lock.
    fn shard(&self, id: &RecordId) -> MutexGuard<'_, Shard> {
        let [.., last] = id.0;
        lock(&self.shards[usize::from(last) % SHARDS])
    }
}

impl Default for MemoryStore {
    /// A store of at most 1 GiB of stored bytes.
    fn default() -> Self {
        Self::new(USUAL_BUDGET)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("bytes", &self.budget.used()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, record: Record, now: Timestamp) -> Result<Created, StoreError> {
        Ok(self.shard(&record.id).create(record, &self.budget, &self.recents, now))
    }

    async fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Option<Front>, StoreError> {
        Ok(self.shard(id).front(id, client, policy, now))
    }

    async fn attempt(
        &self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        Ok(self.shard(id).attempt(id, guess, policy, now))
    }

    async fn settle(
        &self,
        id: &RecordId,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Receipt>, StoreError> {
        Ok(self.shard(id).settle(id, ending, &self.budget, now))
    }

    async fn receipt(&self, id: &RecordId, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        Ok(self.shard(id).receipt(id, now))
    }

    async fn recent(
        &self,
        account: &AccountId,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Receipt>, StoreError> {
        let mut receipts = Vec::new();
        let mut before = (Timestamp::from_secs(u64::MAX), FIRST_ID);
        while receipts.len() < limit {
            let lines = self.recents.before(account, before, limit - receipts.len());
            let Some(oldest) = lines.last() else {
                break;
            };
            before = *oldest;
            let reached = lines.iter().take_while(|(created, _)| now.since(*created) <= RECENT_REACH);
            let ids: Vec<_> = reached.map(|(_, id)| id).collect();
            receipts.extend(ids.iter().filter_map(|id| self.shard(id).receipt(id, now)));
            if ids.len() < lines.len() {
                break;
            }
        }
        Ok(receipts)
    }

    async fn note_mail(&self, id: &RecordId, mail: MailState, now: Timestamp) -> Result<(), StoreError> {
        self.shard(id).note_mail(id, mail, now);
        Ok(())
    }

    /// Goes on where the last call stopped, and once around at most: when it
    /// answers that there is no more, nothing that was due stands.
    async fn sweep(&self, limit: usize, now: Timestamp) -> Result<Swept, StoreError> {
        let limit = limit as u64;
        let start = self.cursor.load(Ordering::Relaxed);
        let mut total = Swept::default();
        for step in 0..SHARDS {
            let place = (start + step) % SHARDS;
            let left = limit - (total.expired + total.forgotten);
            let swept = lock(&self.shards[place]).sweep(left, &self.budget, &self.recents, now);
            total.expired += swept.expired;
            total.forgotten += swept.forgotten;
            if total.expired + total.forgotten >= limit {
                self.cursor.store(place, Ordering::Relaxed);
                return Ok(Swept { more: true, ..total });
            }
            give_way().await;
        }
        Ok(total)
    }

    async fn bind(&self, check: Check) -> Result<Check, StoreError> {
        Ok(self.check.get_or_init(|| check).clone())
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        let (mut usage, mut kids) = (Usage::default(), BTreeMap::new());
        for shard in &self.shards {
            lock(shard).count(&mut usage, &mut kids);
            give_way().await;
        }
        usage.kids = kids.into_iter().collect();
        Ok(usage)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl AccountStore for MemoryStore {
    async fn add_account(&self, account: Account, token: Token) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).add(account, token))
    }

    async fn account(&self, id: &AccountId) -> Result<Option<(Account, Vec<Token>)>, StoreError> {
        Ok(lock(&self.accounts).find(id))
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(lock(&self.accounts).list())
    }

    async fn remove_account(&self, id: &AccountId) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).remove(id))
    }

    async fn set_state(&self, id: &AccountId, state: AccountState) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).set_state(id, state))
    }

    async fn set_plan(&self, id: &AccountId, plan: &str) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).set_plan(id, plan))
    }

    async fn set_language(&self, id: &AccountId, language: Option<&str>) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).set_language(id, language))
    }

    async fn add_token(&self, account: &AccountId, token: Token) -> Result<TokenChange, StoreError> {
        Ok(lock(&self.accounts).add_token(account, token))
    }

    async fn rotate_token(
        &self,
        account: &AccountId,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<TokenChange, StoreError> {
        Ok(lock(&self.accounts).rotate_token(account, rotation, now))
    }

    async fn revoke_token(&self, account: &AccountId, name: &str) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).revoke_token(account, name))
    }

    async fn add_domain(&self, domain: Domain) -> Result<DomainChange, StoreError> {
        Ok(lock(&self.accounts).add_domain(domain))
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        Ok(lock(&self.accounts).domains())
    }

    async fn remove_domain(&self, host: &str) -> Result<bool, StoreError> {
        Ok(lock(&self.accounts).remove_domain(host))
    }
}

/// Lets other tasks of this thread run: a walk over a million records takes a
/// tenth of a second, and requests must not wait for it.
async fn give_way() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample;

    #[tokio::test]
    async fn a_forgotten_receipt_leaves_no_line() {
        let store = MemoryStore::default();
        let (account, newest) = (sample::account_id(1), (Timestamp::from_secs(u64::MAX), FIRST_ID));
        store.create(sample::owned(1, account), sample::START).await.unwrap();
        assert_eq!(store.recents.before(&account, newest, 9).len(), 1);
        store.sweep(9, sample::START.plus(sample::LIFE).plus(sample::LIFE)).await.unwrap();
        assert!(store.recents.before(&account, newest, 9).is_empty());
        assert_eq!(store.budget.used(), 0);
    }

    #[tokio::test]
    async fn debug_shows_no_record() {
        let store = MemoryStore::default();
        let record = sample::record(1);
        store.create(record.clone(), sample::START).await.unwrap();
        let bytes = record.stored_bytes();
        assert_eq!(format!("{store:?}"), format!("MemoryStore {{ bytes: {bytes}, .. }}"));
    }
}
