//! Custom domains: further hosts that links may stand on.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::brand::Accent;
use crate::id::AccountId;

/// A custom domain for links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// Its bare host name, lower-cased, with a port if it has one.
    pub host: String,
    /// The account that may name it.
    pub account: AccountId,
    /// What it is called; `None` for the site's name.
    pub name: Option<String>,
    /// Its colour; `None` for the site's.
    pub accent: Option<Accent>,
}

impl Domain {
    /// A domain that looks like the site.
    #[must_use]
    pub fn new(host: impl Into<String>, account: AccountId) -> Self {
        Self { host: host.into(), account, name: None, accent: None }
    }
}

/// The registered domains, in memory, so that no request waits for a store: those
/// of the configuration, which stay, and those of the store as they were last
/// read, which [`Domains::set_stored`] replaces.
#[derive(Default, Debug)]
pub struct Domains {
    configured: Vec<Arc<Domain>>,
    by_host: RwLock<Arc<ByHost>>,
}

type ByHost = HashMap<String, Arc<Domain>>;

impl Domains {
    /// Puts what the store holds in the place of what it held. A host that the
    /// configuration names, too, stays as the configuration says.
    pub fn set_stored(&self, stored: impl IntoIterator<Item = Domain>) {
        let stored = stored.into_iter().map(Arc::new);
        let all = stored.chain(self.configured.iter().cloned());
        let by_host = Arc::new(all.map(|domain| (domain.host.clone(), domain)).collect());
        *self.by_host.write().unwrap_or_else(PoisonError::into_inner) = by_host;
    }

    /// The domain of this host, in any case.
    #[must_use]
    pub fn find(&self, host: &str) -> Option<Arc<Domain>> {
        let by_host = Arc::clone(&self.by_host.read().unwrap_or_else(PoisonError::into_inner));
        by_host.get(&*lower_cased(host)).cloned()
    }
}

impl FromIterator<Domain> for Domains {
    /// The domains of the configuration.
    fn from_iter<I: IntoIterator<Item = Domain>>(configured: I) -> Self {
        let configured = configured.into_iter().map(Arc::new).collect();
        let domains = Self { configured, by_host: RwLock::default() };
        domains.set_stored([]);
        domains
    }
}

fn lower_cased(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        host.to_ascii_lowercase().into()
    } else {
        host.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: AccountId = AccountId([1; 16]);
    const STORED: AccountId = AccountId([2; 16]);

    fn owner(domains: &Domains, host: &str) -> Option<AccountId> {
        domains.find(host).map(|domain| domain.account)
    }

    #[test]
    fn what_the_store_held_is_replaced_and_what_the_configuration_says_stays() {
        let domains: Domains = [Domain::new("a.test", CONFIGURED)].into_iter().collect();
        domains.set_stored([Domain::new("a.test", STORED), Domain::new("b.test:8443", STORED)]);
        assert_eq!(owner(&domains, "A.test"), Some(CONFIGURED));
        assert_eq!(owner(&domains, "B.test:8443"), Some(STORED));
        assert_eq!(owner(&domains, "b.test"), None);
        domains.set_stored([Domain::new("c.test", STORED)]);
        let now = ["a.test", "b.test:8443", "c.test"].map(|host| owner(&domains, host));
        assert_eq!(now, [Some(CONFIGURED), None, Some(STORED)]);
    }
}
