//! How the ring of master keys turns: a key is added that opens only; once every
//! node has it, it is promoted to seal; the one before goes when no record needs
//! it. A node that runs takes over another ring of the same root while it serves.

use std::sync::{Arc, PoisonError};

use subtle::ConstantTimeEq;

use super::keyring::{Keyring, Master, Ring, Use};
use crate::entropy::{Entropy, EntropyError, draw};
use crate::id::Kid;
use crate::secret::KeyBytes;

/// Why the ring does not turn that way. Nothing has changed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RingError {
    /// No key of this id is in the ring.
    #[error("there is no such key in the key file")]
    Unknown,
    /// The key that seals can't go.
    #[error("this key seals new secrets")]
    Seals,
    /// The other key file has another root: it belongs to another deployment.
    #[error("its root is another one")]
    OtherRoot,
}

impl Keyring {
    /// Adds a new master key that opens only, and answers its id. Once every node
    /// has it, it may be promoted.
    ///
    /// # Errors
    /// [`EntropyError`], also for the one chance in 2^32 that its id is taken.
    pub fn add(&self, entropy: &dyn Entropy) -> Result<Kid, EntropyError> {
        let master = Master::new(KeyBytes::from(draw(entropy)?), Use::Opens);
        let kid = master.kid();
        self.turn(|ring| {
            if ring.iter().any(|other| other.kid() == kid) {
                return Err(EntropyError);
            }
            ring.push(Arc::new(master));
            Ok(kid)
        })
    }

    /// Has new secrets sealed under this key; the one before opens only from then on.
    ///
    /// # Errors
    /// [`RingError::Unknown`].
    pub fn promote(&self, kid: Kid) -> Result<(), RingError> {
        self.turn(|ring| {
            if !ring.iter().any(|master| master.kid() == kid) {
                return Err(RingError::Unknown);
            }
            for master in ring {
                *master = master.used(if master.kid() == kid { Use::Seals } else { Use::Opens });
            }
            Ok(())
        })
    }

    /// Removes a key. What was sealed under it opens for nobody from then on.
    ///
    /// # Errors
    /// [`RingError::Unknown`], [`RingError::Seals`].
    pub fn retire(&self, kid: Kid) -> Result<(), RingError> {
        self.turn(|ring| {
            let place = ring.iter().position(|master| master.kid() == kid).ok_or(RingError::Unknown)?;
            if ring[place].usage() == Use::Seals {
                return Err(RingError::Seals);
            }
            ring.remove(place);
            Ok(())
        })
    }

    /// Takes over the ring of another reading of the key file. What is under way
    /// goes on with the keys that it took.
    ///
    /// # Errors
    /// [`RingError::OtherRoot`]: then this ring stays.
    pub fn take_over(&self, other: &Self) -> Result<(), RingError> {
        if !bool::from(self.root.expose().ct_eq(other.root.expose())) {
            return Err(RingError::OtherRoot);
        }
        let theirs = other.ring();
        self.turn(|ring| {
            *ring = theirs;
            Ok(())
        })
    }

    fn turn<T, E>(&self, turn: impl FnOnce(&mut Ring) -> Result<T, E>) -> Result<T, E> {
        turn(&mut self.ring.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    fn ring_of(keyring: &Keyring) -> Vec<(Kid, Use)> {
        keyring.ring().iter().map(|master| (master.kid(), master.usage())).collect()
    }

    #[test]
    fn the_ring_turns_key_by_key_and_its_file_follows() {
        let entropy = SystemEntropy::default();
        let keyring = Keyring::generate(&entropy).unwrap();
        let old = keyring.sealing();
        let new = keyring.add(&entropy).unwrap();
        assert_eq!(ring_of(&keyring), [(old, Use::Seals), (new, Use::Opens)]);
        keyring.promote(new).unwrap();
        assert_eq!(ring_of(&keyring), [(old, Use::Opens), (new, Use::Seals)]);
        assert_eq!(keyring.sealer().kid(), new);
        let read = Keyring::parse(&keyring.to_text()).unwrap();
        assert_eq!(ring_of(&read), ring_of(&keyring));
        assert_eq!(keyring.retire(new), Err(RingError::Seals));
        keyring.retire(old).unwrap();
        assert_eq!(ring_of(&keyring), [(new, Use::Seals)]);
        assert!(keyring.master(old).is_none() && read.master(old).is_some());
        for unknown in [keyring.retire(old), keyring.promote(old)] {
            assert_eq!(unknown, Err(RingError::Unknown));
        }
        assert_eq!(ring_of(&keyring), [(new, Use::Seals)]);
    }

    #[test]
    fn the_ring_of_another_root_is_refused() {
        let entropy = SystemEntropy::default();
        let (keyring, other) = (Keyring::generate(&entropy).unwrap(), Keyring::generate(&entropy).unwrap());
        let before = ring_of(&keyring);
        assert_eq!(keyring.take_over(&other), Err(RingError::OtherRoot));
        assert_eq!(ring_of(&keyring), before);
    }
}
