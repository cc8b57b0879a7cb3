//! A part of the records behind one lock. Each method is called with the lock
//! held, and is one atomic step.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use waxseal_core::attempt::Guess;
use waxseal_core::id::{ClientId, Kid, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::{Ending, Stored};
use waxseal_core::store::{Attempt, Created, Front, MailState, Receipt, Record, Swept, Usage};
use waxseal_core::time::Timestamp;

use crate::budget::Budget;
use crate::kept::Kept;
use crate::recents::Recents;

/// Records by id. A B-tree, because it grows by nodes: a hash table of as many
/// records stands half empty after each doubling.
#[derive(Default)]
pub(crate) struct Shard {
    records: BTreeMap<Place, Box<Kept>>,
}

/// A record's place in the tree: its id with the four bytes of time last. Keys
/// that come in ascending order leave a B-tree's nodes half full; in this order
/// they come at random, and each costs 16 bytes less (measured over a million).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place([u8; 32]);

impl Place {
    fn of(id: &RecordId) -> Self {
        let mut bytes = id.0;
        bytes.rotate_left(4);
        Self(bytes)
    }

    fn id(self) -> RecordId {
        let mut bytes = self.0;
        bytes.rotate_right(4);
        RecordId(bytes)
    }
}

impl Shard {
    pub(crate) fn create(
        &mut self,
        record: Record,
        budget: &Budget,
        recents: &Recents,
        now: Timestamp,
    ) -> Created {
        let Entry::Vacant(place) = self.records.entry(Place::of(&record.id)) else {
            return Created::Taken;
        };
        if !budget.reserve(record.stored_bytes()) {
            return Created::Full;
        }
        if let Some(owner) = &record.owner {
            recents.add(owner.account, (record.sealed.created, record.id));
        }
        place.insert(Box::new(Kept::new(record, now)));
        Created::Fresh
    }

    pub(crate) fn front(
        &self,
        id: &RecordId,
        client: ClientId,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Option<Front> {
        self.records.get(&Place::of(id))?.front(client, policy, now)
    }

    pub(crate) fn attempt(
        &mut self,
        id: &RecordId,
        guess: Guess,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Attempt {
        self.records.get_mut(&Place::of(id)).map_or(Attempt::Gone, |kept| kept.attempt(guess, policy, now))
    }

    pub(crate) fn settle(
        &mut self,
        id: &RecordId,
        ending: Ending,
        budget: &Budget,
        now: Timestamp,
    ) -> Option<Receipt> {
        let kept = self.records.get_mut(&Place::of(id))?;
        budget.release(kept.end(ending, now)?);
        kept.receipt(id, now)
    }

    pub(crate) fn receipt(&self, id: &RecordId, now: Timestamp) -> Option<Receipt> {
        self.records.get(&Place::of(id))?.receipt(id, now)
    }

    pub(crate) fn note_mail(&mut self, id: &RecordId, mail: MailState, now: Timestamp) {
        if let Some(kept) = self.records.get_mut(&Place::of(id)) {
            kept.note_mail(mail, now);
        }
    }

    /// Erases and forgets at most `limit` records that are due.
    pub(crate) fn sweep(&mut self, limit: u64, budget: &Budget, recents: &Recents, now: Timestamp) -> Swept {
        let mut swept = Swept::default();
        self.records.retain(|place, kept| {
            if swept.expired + swept.forgotten >= limit {
                return true;
            }
            if kept.is_forgotten(now) {
                forget(place.id(), kept, budget, recents);
                swept.forgotten += 1;
                return false;
            }
            if kept.is_stale(now) {
                budget.release(kept.expire());
                swept.expired += 1;
            }
            true
        });
        swept
    }

    /// Adds what stands here to `usage` and to the count under each master key.
    pub(crate) fn count(&self, usage: &mut Usage, kids: &mut BTreeMap<Kid, u64>) {
        for kept in self.records.values() {
            usage.bytes += kept.stored_bytes();
            *kids.entry(kept.kid()).or_default() += 1;
            match kept.state() {
                Stored::New => usage.new += u64::from(kept.is_sealed()),
                Stored::Received => usage.received += 1,
                Stored::Burned => usage.burned += 1,
            }
        }
    }
}

/// Gives back a record's bytes and takes it from its account's list, before it is dropped.
fn forget(id: RecordId, kept: &Kept, budget: &Budget, recents: &Recents) {
    budget.release(kept.stored_bytes());
    if let Some(owner) = kept.owner() {
        recents.remove(owner.account, (kept.created(), id));
    }
}
