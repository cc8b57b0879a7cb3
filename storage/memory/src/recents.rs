//! Which records an account made, newest first.

use std::collections::{BTreeSet, HashMap};

use waxseal_core::id::{AccountId, RecordId};
use waxseal_core::time::Timestamp;

use crate::lock::lock;
use crate::sync::Mutex;

/// A record in an account's list, ordered by the time of making, then by id.
pub(crate) type Line = (Timestamp, RecordId);

/// The list of every account. One lock for all: a line is a few dozen
/// nanoseconds' work, and guests have none.
#[derive(Default)]
pub(crate) struct Recents(Mutex<HashMap<AccountId, BTreeSet<Line>>>);

impl Recents {
    pub(crate) fn add(&self, account: AccountId, line: Line) {
        lock(&self.0).entry(account).or_default().insert(line);
    }

    pub(crate) fn remove(&self, account: AccountId, line: Line) {
        let mut accounts = lock(&self.0);
        if let Some(lines) = accounts.get_mut(&account) {
            lines.remove(&line);
            if lines.is_empty() {
                accounts.remove(&account);
            }
        }
    }

    /// At most `limit` lines older than `before`, newest first.
    pub(crate) fn before(&self, account: &AccountId, before: Line, limit: usize) -> Vec<Line> {
        let accounts = lock(&self.0);
        let Some(lines) = accounts.get(account) else {
            return Vec::new();
        };
        lines.range(..before).rev().take(limit).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample::{account_id, after, id};

    #[test]
    fn an_account_without_lines_takes_no_room() {
        let (recents, account) = (Recents::default(), account_id(1));
        recents.add(account, (after(1), id(1)));
        recents.add(account, (after(2), id(2)));
        recents.remove(account, (after(1), id(1)));
        assert_eq!(recents.before(&account, (after(9), id(9)), 9), [(after(2), id(2))]);
        recents.remove(account, (after(2), id(2)));
        assert!(lock(&recents.0).is_empty());
    }
}
