//! What the benches share: a vault over any store, without HTTP around it.

use std::sync::Arc;

use waxseal_core::policy::Policy;
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::store::Store;
use waxseal_core::system::{InlineStretch, SystemClock, SystemEntropy};
use waxseal_core::vault::{Ports, Vault};

/// A vault over `store` with the machine's clock and randomness.
#[must_use]
pub fn vault(store: Arc<dyn Store>) -> Vault {
    let entropy = Arc::new(SystemEntropy::default());
    let keyring = Keyring::generate(&*entropy).expect("a machine that runs benches has random bytes");
    let ports =
        Ports { store, clock: Arc::new(SystemClock::default()), entropy, stretch: Arc::new(InlineStretch) };
    Vault::new(ports, Arc::new(keyring), Policy::default())
}
