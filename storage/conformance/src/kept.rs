//! What a kept store holds: one that the program made once, in a format that every
//! later release must open. The files lie with the tests of each store, and are never
//! made anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use waxseal_core::account::Accounts;
use waxseal_core::id::{ClientId, LinkKey, MetadataKey};
use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::state::State;
use waxseal_core::store::{AccountState, AccountStore, Store};
use waxseal_core::system::{InlineStretch, SystemEntropy};
use waxseal_core::time::{Clock, Moment};
use waxseal_core::vault::{Ports, Reveal, Vault};

/// What leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// The text of its key file, which guards nothing else.
    pub keys: &'static str,
    /// A moment at which its secrets stand, in Unix seconds.
    pub now: u64,
    /// The link key of a guest's unread secret, `plain, of a guest`.
    pub plain: &'static str,
    /// Of one with the passphrase `swordfish`, `guarded`.
    pub guarded: &'static str,
    /// Of one that expired, and of its receipt.
    pub expired: [&'static str; 2],
    /// The metadata key of one that was opened.
    pub opened: &'static str,
    /// Of one that was burned.
    pub burned: &'static str,
    /// The token of `tom@example.com`, who has the domain `secrets.example.com` and
    /// made one secret, `of an account`. `ann@example.com` is suspended.
    pub token: &'static str,
}

#[derive(Debug)]
struct Then(u64);

impl Clock for Then {
    fn now(&self) -> Moment {
        Moment::from_millis(self.0 * 1_000)
    }
}

impl Kept {
    /// Opens everything that it holds, and so uses it up.
    ///
    /// # Panics
    /// If something is not as it was, as any test does.
    pub async fn assert_opens<S: Store + AccountStore>(&self, store: Arc<S>) {
        let (entropy, clock) = (Arc::new(SystemEntropy::default()), Arc::new(Then(self.now)));
        let keyring = Arc::new(Keyring::parse(self.keys).unwrap());
        let accounts = Accounts::new(store.clone(), keyring.clone(), clock.clone(), entropy.clone());
        let ports = Ports { store: store.clone(), clock, entropy, stretch: Arc::new(InlineStretch) };
        let vault = Vault::new(ports, keyring, Policy::default());
        let standing = store.bind(vault.keyring().check(&SystemEntropy::default()).unwrap()).await;
        assert!(vault.keyring().opens(&standing.unwrap()), "it is bound to its keys still");
        self.assert_counts(&*store).await;
        self.assert_secrets_open(&vault).await;
        self.assert_account_stands(&accounts, &vault).await;
        let domains = store.domains().await.unwrap().into_iter().map(|domain| domain.host);
        assert_eq!(domains.collect::<Vec<_>>(), ["secrets.example.com"]);
    }

    async fn assert_counts(&self, store: &dyn Store) {
        let usage = store.usage().await.unwrap();
        assert_eq!((usage.new, usage.received, usage.burned), (3, 1, 1));
        assert_eq!(usage.kids.iter().map(|(_, count)| count).sum::<u64>(), 6, "the expired among them");
    }

    async fn assert_secrets_open(&self, vault: &Vault) {
        assert_eq!(reveal(vault, self.plain, None).await.as_deref(), Some("plain, of a guest"));
        assert_eq!(reveal(vault, self.plain, None).await, None);
        assert_eq!(reveal(vault, self.guarded, Some("wrong")).await, None);
        assert_eq!(reveal(vault, self.guarded, Some("swordfish")).await.as_deref(), Some("guarded"));
        let [expired, its_receipt] = self.expired;
        assert_eq!(reveal(vault, expired, None).await, None);
        let states =
            [(self.opened, State::Received), (self.burned, State::Burned), (its_receipt, State::Expired)];
        for (key, state) in states {
            let found = vault.look(&MetadataKey::parse(key).unwrap()).await.unwrap();
            assert_eq!(found.unwrap().state, state);
        }
    }

    async fn assert_account_stands(&self, accounts: &Accounts, vault: &Vault) {
        let tom = accounts.sign_in("tom@example.com", self.token).await.unwrap().unwrap();
        let [own] = vault.recent(&tom).await.unwrap().try_into().unwrap();
        assert_eq!(reveal(vault, own.link_key.text().expose(), None).await.as_deref(), Some("of an account"));
        let listed = accounts.list().await.unwrap().into_iter();
        let states: BTreeMap<_, _> = listed.map(|account| (account.name.unwrap(), account.state)).collect();
        assert_eq!(states["tom@example.com"], AccountState::Active);
        assert_eq!(states["ann@example.com"], AccountState::Suspended);
    }
}

async fn reveal(vault: &Vault, key: &str, passphrase: Option<&str>) -> Option<String> {
    let key = LinkKey::parse(key).unwrap();
    match vault.reveal(&key, passphrase.map(Into::into), ClientId::LOCAL).await.unwrap() {
        Reveal::Shown(opened) => Some(opened.value.expose().to_owned()),
        _ => None,
    }
}
