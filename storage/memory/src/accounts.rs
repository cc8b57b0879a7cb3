//! Accounts, their tokens and their domains, behind one lock: they are few, and change by hand.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{HashMap, HashSet};

use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, TokenDigest};
use waxseal_core::store::{Account, AccountState, DomainChange, Rotation, Token, TokenChange};
use waxseal_core::time::Timestamp;

#[derive(Default)]
pub(crate) struct Accounts {
    accounts: HashMap<AccountId, (Account, Vec<Token>)>,
    digests: HashSet<TokenDigest>,
    domains: BTreeMap<String, Domain>,
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
        self.domains.retain(|_, domain| domain.account != *id);
        true
    }

    pub(crate) fn set_state(&mut self, id: &AccountId, state: AccountState) -> bool {
        self.change(id, |account| account.state = state)
    }

    pub(crate) fn set_plan(&mut self, id: &AccountId, plan: &str) -> bool {
        self.change(id, |account| plan.clone_into(&mut account.plan))
    }

    fn change(&mut self, id: &AccountId, change: impl FnOnce(&mut Account)) -> bool {
        self.accounts.get_mut(id).map(|(account, _)| change(account)).is_some()
    }

    pub(crate) fn add_token(&mut self, id: &AccountId, token: Token) -> TokenChange {
        let Some((_, tokens)) = self.accounts.get_mut(id) else { return TokenChange::Unknown };
        if tokens.iter().any(|other| other.name == token.name) || !self.digests.insert(token.digest) {
            return TokenChange::Taken;
        }
        tokens.push(token);
        TokenChange::Done
    }

    pub(crate) fn rotate_token(&mut self, id: &AccountId, rotation: Rotation, now: Timestamp) -> TokenChange {
        let Rotation { old, aside, until, next } = rotation;
        let Some((_, tokens)) = self.accounts.get_mut(id) else { return TokenChange::Unknown };
        let Some(place) = tokens.iter().position(|token| token.digest == old && token.name == next.name)
        else {
            return TokenChange::Unknown;
        };
        let stale = tokens.iter().position(|token| token.name == aside);
        if stale.is_some_and(|stale| tokens[stale].expires.is_none_or(|expires| now < expires))
            || !self.digests.insert(next.digest)
        {
            return TokenChange::Taken;
        }
        let token = &mut tokens[place];
        token.expires = Some(token.expires.map_or(until, |expires| expires.min(until)));
        token.name = aside;
        tokens.push(next);
        if let Some(stale) = stale {
            self.digests.remove(&tokens.remove(stale).digest);
        }
        TokenChange::Done
    }

    pub(crate) fn revoke_token(&mut self, id: &AccountId, name: &str) -> bool {
        let Some((_, tokens)) = self.accounts.get_mut(id) else { return false };
        let Some(place) = tokens.iter().position(|token| token.name == name) else { return false };
        self.digests.remove(&tokens.remove(place).digest);
        true
    }

    pub(crate) fn add_domain(&mut self, domain: Domain) -> DomainChange {
        if !self.accounts.contains_key(&domain.account) {
            return DomainChange::Unknown;
        }
        match self.domains.entry(domain.host.clone()) {
            Entry::Occupied(_) => DomainChange::Taken,
            Entry::Vacant(free) => {
                free.insert(domain);
                DomainChange::Done
            }
        }
    }

    /// Every domain, by its host.
    pub(crate) fn domains(&self) -> Vec<Domain> {
        self.domains.values().cloned().collect()
    }

    pub(crate) fn remove_domain(&mut self, host: &str) -> bool {
        self.domains.remove(host).is_some()
    }
}
