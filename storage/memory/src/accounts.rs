//! Accounts and their tokens, behind one lock: they are few, and change by hand.

use std::collections::{HashMap, HashSet};

use waxseal_core::id::{AccountId, TokenDigest};
use waxseal_core::store::{Account, Token};

#[derive(Default)]
pub(crate) struct Accounts {
    accounts: HashMap<AccountId, (Account, Vec<Token>)>,
    digests: HashSet<TokenDigest>,
}

impl Accounts {
    pub(crate) fn add(&mut self, account: Account, token: Token) -> bool {
        if self.accounts.contains_key(&account.id) || !self.digests.insert(token.digest) {
            return false;
        }
        self.accounts.insert(account.id, (account, vec![token]));
        true
    }

    pub(crate) fn find(&self, id: &AccountId) -> Option<(Account, Vec<Token>)> {
        self.accounts.get(id).cloned()
    }

    /// Every account, oldest first.
    pub(crate) fn list(&self) -> Vec<Account> {
        let mut accounts: Vec<_> = self.accounts.values().map(|(account, _)| account.clone()).collect();
        accounts.sort_by_key(|account| (account.created, account.id));
        accounts
    }

    pub(crate) fn remove(&mut self, id: &AccountId) -> bool {
        let Some((_, tokens)) = self.accounts.remove(id) else {
            return false;
        };
        for token in tokens {
            self.digests.remove(&token.digest);
        }
        true
    }
}
