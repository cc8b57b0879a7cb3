//! Keeps the domains in memory as the store has them, so that a change is seen
//! without a restart and no request waits for the store.

use std::time::Duration;

use waxseal_core::api::Api;
use waxseal_core::contract::site::Site;
use waxseal_core::domain::Domain;
use waxseal_core::store::StoreError;

/// A change is seen within two seconds; this leaves one for a busy store.
const EVERY: Duration = Duration::from_secs(1);

/// What was read last, and whether the store answered.
#[derive(Default)]
pub(crate) struct Follower {
    last: Vec<Domain>,
    failing: bool,
}

impl Follower {
    /// Reads the domains once.
    pub(crate) async fn read(&mut self, api: &Api) {
        self.note(api.accounts.domains().await, &api.site);
    }

    /// Reads them again and again, until the task is aborted.
    pub(crate) async fn read_for_ever(mut self, api: &Api) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.read(api).await;
        }
    }

    /// Has the site heed what was read. If the store did not answer, the domains
    /// read last stay, and that is said once, not every second.
    fn note(&mut self, read: Result<Vec<Domain>, StoreError>, site: &Site) {
        let was_failing = std::mem::replace(&mut self.failing, read.is_err());
        match read {
            Ok(domains) if domains != self.last => {
                site.domains.set_stored(domains.iter().cloned());
                tracing::info!(domains = domains.len(), "the domains of the store are in force");
                self.last = domains;
            }
            Ok(_) if was_failing => tracing::info!("the domains can be read again"),
            Ok(_) => {}
            Err(error) if !was_failing => {
                tracing::warn!(%error, "the domains can't be read; those read last stay in force");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logged::logged;
    use waxseal_core::id::AccountId;

    #[test]
    fn while_the_store_does_not_answer_what_was_read_last_stays() {
        let (site, mut follower) = (Site::new("https", "example.com"), Follower::default());
        let domains = |hosts: &[&str]| -> Result<Vec<Domain>, StoreError> {
            Ok(hosts.iter().map(|host| Domain::new(*host, AccountId([1; 16]))).collect())
        };
        let in_force = || ["a.test", "b.test"].map(|host| site.domain_of(Some(host)).is_some());
        follower.note(domains(&["a.test"]), &site);
        assert_eq!(in_force(), [true, false]);
        for _ in 0..2 {
            follower.note(Err(StoreError::Unavailable("the disk is gone".into())), &site);
            assert_eq!(in_force(), [true, false]);
        }
        follower.note(domains(&["a.test"]), &site);
        assert_eq!(in_force(), [true, false]);
        follower.note(domains(&["b.test"]), &site);
        assert_eq!(in_force(), [false, true]);
        follower.note(domains(&[]), &site);
        assert_eq!(in_force(), [false, false]);
    }

    #[test]
    fn that_the_store_does_not_answer_is_said_once_and_so_is_that_it_does_again() {
        let (site, mut follower) = (Site::new("https", "example.com"), Follower::default());
        let gone = || Err(StoreError::Unavailable("the disk is gone".into()));
        let said = logged(|| {
            for read in [Ok(vec![]), gone(), gone(), gone(), Ok(vec![]), Ok(vec![])] {
                follower.note(read, &site);
            }
        });
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("WARN") && said[0].contains("stay in force"), "{said:?}");
        assert!(said[1].contains("can be read again"), "{said:?}");
    }
}
