//! Stores of accounts that are broken on purpose; see [`crate::broken`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::task::yield_now;
use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, TokenDigest};
use waxseal_core::store::{
    Account, AccountState, AccountStore, DomainChange, Rotation, StoreError, Token, TokenChange,
};
use waxseal_core::time::Timestamp;

type Entries = BTreeMap<AccountId, (Account, Vec<Token>)>;

/// In which way a store of accounts is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountFault {
    /// Adding a token reads, decides, and writes in a later step.
    AddAfterCheck,
    /// A rotation reads, decides, and writes in a later step.
    RotateAfterCheck,
    /// A digest is looked for in its own account only.
    DigestsPerAccount,
    /// A rotation gives the old token the whole overlap, past its own end.
    LifeLengthened,
    /// A rotation removes what was set aside before, living or not.
    OverlapCut,
    /// The account goes with its last token.
    LastTokenTakesAll,
    /// Adding a domain reads, decides, and writes in a later step.
    DomainAfterCheck,
    /// A host is looked for among its own account's only.
    HostsPerAccount,
    /// A domain outlives its account.
    DomainsKept,
    /// Domains are all written again, from what was read in an earlier step.
    DomainsRewritten,
    /// A host is found by how it begins.
    HostsByPrefix,
}

/// One Mutex around a map: a store of accounts without a fault, or with one.
#[derive(Debug)]
pub struct FaultyAccounts {
    entries: Mutex<Entries>,
    domains: Mutex<Vec<Domain>>,
    fault: Option<AccountFault>,
}

impl FaultyAccounts {
    /// A store that keeps every law.
    #[must_use]
    pub fn sound() -> Self {
        Self { entries: Mutex::default(), domains: Mutex::default(), fault: None }
    }

    /// A store that is sound but for one fault.
    #[must_use]
    pub fn with(fault: AccountFault) -> Self {
        Self { fault: Some(fault), ..Self::sound() }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_domains(&self) -> MutexGuard<'_, Vec<Domain>> {
        self.domains.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `entries` stays locked by the caller, so that the account is there still.
    fn may_add_domain(&self, entries: &Entries, domains: &[Domain], domain: &Domain) -> DomainChange {
        if !entries.contains_key(&domain.account) {
            return DomainChange::Unknown;
        }
        let mut looked_at = domains
            .iter()
            .filter(|other| !self.has(AccountFault::HostsPerAccount) || other.account == domain.account);
        if looked_at.any(|other| self.is_host(other, &domain.host)) {
            return DomainChange::Taken;
        }
        DomainChange::Done
    }

    fn is_host(&self, domain: &Domain, host: &str) -> bool {
        domain.host == host || self.has(AccountFault::HostsByPrefix) && domain.host.starts_with(host)
    }

    fn has(&self, fault: AccountFault) -> bool {
        self.fault == Some(fault)
    }

    /// Whether the digest stands where this store looks for it.
    fn stands(&self, entries: &Entries, account: &AccountId, digest: &TokenDigest) -> bool {
        let everywhere = !self.has(AccountFault::DigestsPerAccount);
        let mut looked_at = entries.iter().filter(|(id, _)| everywhere || *id == account);
        looked_at.any(|(_, (_, tokens))| tokens.iter().any(|token| token.digest == *digest))
    }

    fn may_add(&self, entries: &Entries, id: &AccountId, token: &Token) -> TokenChange {
        let Some((_, tokens)) = entries.get(id) else { return TokenChange::Unknown };
        let namesake = tokens.iter().any(|other| other.name == token.name);
        if namesake || self.stands(entries, id, &token.digest) {
            return TokenChange::Taken;
        }
        TokenChange::Done
    }

    fn may_rotate(
        &self,
        entries: &Entries,
        id: &AccountId,
        rotation: &Rotation,
        now: Timestamp,
    ) -> TokenChange {
        let Some((_, tokens)) = entries.get(id) else { return TokenChange::Unknown };
        let Rotation { old, aside, next, .. } = rotation;
        if !tokens.iter().any(|token| token.digest == *old && token.name == next.name) {
            return TokenChange::Unknown;
        }
        let lives = |token: &Token| token.expires.is_none_or(|expires| now < expires);
        let blocked = tokens.iter().any(|token| token.name == *aside && lives(token));
        if self.stands(entries, id, &next.digest) || blocked && !self.has(AccountFault::OverlapCut) {
            return TokenChange::Taken;
        }
        TokenChange::Done
    }

    fn rotate(&self, tokens: &mut Vec<Token>, rotation: Rotation) {
        let Rotation { old, aside, until, next } = rotation;
        tokens.retain(|token| token.name != aside);
        for token in tokens.iter_mut().filter(|token| token.digest == old) {
            let own = token.expires.filter(|_| !self.has(AccountFault::LifeLengthened));
            token.expires = Some(own.map_or(until, |own| own.min(until)));
            token.name.clone_from(&aside);
        }
        tokens.push(next);
    }
}

#[async_trait]
impl AccountStore for FaultyAccounts {
    async fn add_account(&self, account: Account, token: Token) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        if entries.contains_key(&account.id) || self.stands(&entries, &account.id, &token.digest) {
            return Ok(false);
        }
        Ok(entries.insert(account.id, (account, vec![token])).is_none())
    }

    async fn account(&self, id: &AccountId) -> Result<Option<(Account, Vec<Token>)>, StoreError> {
        Ok(self.entries().get(id).cloned())
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut accounts: Vec<_> = self.entries().values().map(|(account, _)| account.clone()).collect();
        accounts.sort_by_key(|account| (account.created, account.id));
        Ok(accounts)
    }

    async fn remove_account(&self, id: &AccountId) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        if !self.has(AccountFault::DomainsKept) {
            self.all_domains().retain(|domain| domain.account != *id);
        }
        Ok(entries.remove(id).is_some())
    }

    async fn set_state(&self, id: &AccountId, state: AccountState) -> Result<bool, StoreError> {
        Ok(self.entries().get_mut(id).map(|(account, _)| account.state = state).is_some())
    }

    async fn set_plan(&self, id: &AccountId, plan: &str) -> Result<bool, StoreError> {
        Ok(self.entries().get_mut(id).map(|(account, _)| plan.clone_into(&mut account.plan)).is_some())
    }

    async fn add_token(&self, id: &AccountId, token: Token) -> Result<TokenChange, StoreError> {
        let mut change = self.may_add(&self.entries(), id, &token);
        if self.has(AccountFault::AddAfterCheck) {
            yield_now().await;
        }
        let mut entries = self.entries();
        if !self.has(AccountFault::AddAfterCheck) {
            change = self.may_add(&entries, id, &token);
        }
        if let (TokenChange::Done, Some((_, tokens))) = (change, entries.get_mut(id)) {
            tokens.push(token);
        }
        Ok(change)
    }

    async fn rotate_token(
        &self,
        id: &AccountId,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<TokenChange, StoreError> {
        let mut change = self.may_rotate(&self.entries(), id, &rotation, now);
        if self.has(AccountFault::RotateAfterCheck) {
            yield_now().await;
        }
        let mut entries = self.entries();
        if !self.has(AccountFault::RotateAfterCheck) {
            change = self.may_rotate(&entries, id, &rotation, now);
        }
        if let (TokenChange::Done, Some((_, tokens))) = (change, entries.get_mut(id)) {
            self.rotate(tokens, rotation);
        }
        Ok(change)
    }

    async fn revoke_token(&self, id: &AccountId, name: &str) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        let Some((_, tokens)) = entries.get_mut(id) else { return Ok(false) };
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        let (revoked, last) = (tokens.len() < before, tokens.is_empty());
        if last && self.has(AccountFault::LastTokenTakesAll) {
            entries.remove(id);
        }
        Ok(revoked)
    }

    async fn add_domain(&self, domain: Domain) -> Result<DomainChange, StoreError> {
        let read = self.all_domains().clone();
        let mut change = self.may_add_domain(&self.entries(), &read, &domain);
        let late = self.has(AccountFault::DomainAfterCheck) || self.has(AccountFault::DomainsRewritten);
        if late {
            yield_now().await;
        }
        let entries = self.entries();
        let mut domains = self.all_domains();
        if !late {
            change = self.may_add_domain(&entries, &domains, &domain);
        }
        if self.has(AccountFault::DomainsRewritten) {
            *domains = read;
        }
        if change == DomainChange::Done {
            domains.push(domain);
        }
        Ok(change)
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        let mut domains = self.all_domains().clone();
        domains.sort_by(|one, other| one.host.cmp(&other.host));
        Ok(domains)
    }

    async fn remove_domain(&self, host: &str) -> Result<bool, StoreError> {
        let mut domains = self.all_domains();
        let before = domains.len();
        domains.retain(|domain| !self.is_host(domain, host));
        Ok(domains.len() < before)
    }
}
