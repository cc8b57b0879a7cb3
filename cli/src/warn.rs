//! What fits badly together and yet can be served: said in the log, without a name
//! of an account.

use std::collections::BTreeMap;

use waxseal_core::account::{Accounts, Listed};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Store;
use waxseal_server::config::Config;

use crate::key::hex;

/// A key file from before a rotation fits the store, and yet lacks keys.
pub(crate) async fn of_missing_keys(store: &dyn Store, keyring: &Keyring) {
    let usage = match store.usage().await {
        Ok(usage) => usage,
        Err(error) => return tracing::warn!("cannot tell which keys the records need: {error}"),
    };
    for (kid, records) in usage.kids.into_iter().filter(|(kid, _)| keyring.master(*kid).is_none()) {
        let key = hex(kid);
        tracing::warn!(
            key,
            records,
            "the key file lacks a key that records need; restore a copy that holds it"
        );
    }
}

/// Plans that accounts are on and the configuration does not have, and domains of
/// accounts that are not there.
pub(crate) async fn of_strangers(config: &Config, accounts: &Accounts) {
    let listed = match accounts.list().await {
        Ok(listed) => listed,
        Err(error) => return tracing::warn!("cannot tell which plans the accounts are on: {error}"),
    };
    for (plan, accounts) in strange_plans(config, &listed) {
        tracing::warn!(
            plan,
            accounts,
            "accounts are on a plan that the configuration lacks: `default` bounds them"
        );
    }
    for host in overruled(config, accounts).await {
        tracing::warn!(host, "a domain of the store is overruled by the configuration, which names it, too");
    }
    let is_there = |name: &str| listed.iter().any(|account| account.name.as_deref() == Some(name));
    for domain in config.site.domains.iter().filter(|domain| !is_there(&domain.account)) {
        let host = domain.host.as_str();
        tracing::warn!(
            host,
            "a domain of the configuration is an account's that is not there: nobody can use it"
        );
    }
}

/// Hosts of the store that the configuration names, too.
async fn overruled<'a>(config: &'a Config, accounts: &Accounts) -> Vec<&'a str> {
    // A store that does not answer is told of by whoever follows its domains.
    let stored = accounts.domains().await.unwrap_or_default();
    let is_stored = |host: &&str| stored.iter().any(|domain| domain.host == *host);
    config.site.domains.iter().map(|domain| domain.host.as_str()).filter(is_stored).collect()
}

/// How many accounts are on each plan that the configuration lacks.
fn strange_plans<'a>(config: &Config, listed: &'a [Listed]) -> BTreeMap<&'a str, usize> {
    let known = |plan: &str| plan == "default" || config.plans.named.contains_key(plan);
    let mut strange = BTreeMap::new();
    for account in listed.iter().filter(|account| !known(&account.plan)) {
        *strange.entry(account.plan.as_str()).or_default() += 1;
    }
    strange
}
