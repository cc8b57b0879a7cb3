//! The custom domains of accounts, beside those that a configuration names.

use std::collections::HashMap;

use super::{AccountError, Accounts};
use crate::brand::Accent;
use crate::domain::Domain;
use crate::store::{DomainChange, StoreError};

/// How a domain is to be. Whether its host is one that links can stand on is for
/// whoever takes it from an operator to check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DomainTerms<'a> {
    /// Its bare host name, in any case, with a port if it has one.
    pub host: &'a str,
    /// What it is called; `None` for the site's name.
    pub name: Option<&'a str>,
    /// Its colour; `None` for the site's.
    pub accent: Option<Accent>,
}

/// A domain, as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedDomain {
    /// Its host.
    pub host: String,
    /// The name of the account that may name it; `None` if its name box does not open.
    pub account: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Its colour.
    pub accent: Option<Accent>,
}

impl Accounts {
    /// Registers a domain of an account.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::DomainTaken`], [`AccountError::Store`];
    /// nothing is stored then.
    pub async fn add_domain(&self, account: &str, terms: &DomainTerms<'_>) -> Result<(), AccountError> {
        let domain = Domain {
            host: terms.host.to_ascii_lowercase(),
            account: self.id(account),
            name: terms.name.map(str::to_owned),
            accent: terms.accent,
        };
        match self.store.add_domain(domain).await? {
            DomainChange::Done => Ok(()),
            DomainChange::Unknown => Err(AccountError::Unknown),
            DomainChange::Taken => Err(AccountError::DomainTaken),
        }
    }

    /// Every domain of the store, by its host: what
    /// [`Domains::set_stored`](crate::domain::Domains::set_stored) takes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.store.domains().await
    }

    /// The same, for a person to read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list_domains(&self) -> Result<Vec<ListedDomain>, StoreError> {
        let accounts = self.store.accounts().await?.into_iter();
        let name = |id, sealed: &[u8]| self.keyring.open_name(&id, sealed).ok();
        let names: HashMap<_, _> =
            accounts.map(|account| (account.id, name(account.id, &account.name))).collect();
        let listed = |Domain { host, account, name, accent }| ListedDomain {
            host,
            account: names.get(&account).cloned().flatten(),
            name,
            accent,
        };
        Ok(self.store.domains().await?.into_iter().map(listed).collect())
    }

    /// Removes the domain of this host, in any case. Links that stand on it open
    /// for as long as the host leads here. `false` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_domain(&self, host: &str) -> Result<bool, StoreError> {
        self.store.remove_domain(&host.to_ascii_lowercase()).await
    }
}
