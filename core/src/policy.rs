//! The bounds an operator sets: plain data, checked where it is used.

use std::collections::BTreeMap;

use crate::secret::Passphrase;
use crate::time::Ttl;

/// The shortest life a secret can have; shorter wishes become this.
pub const SHORTEST_TTL: Ttl = Ttl::minutes(1);
/// The longest life any plan may grant. A key's tick wraps after 99.4 days and
/// metadata lives twice as long as its secret.
pub const LONGEST_TTL: Ttl = Ttl::days(49);
/// The life of a secret whose creator named none, where the plan allows so much.
pub const USUAL_TTL: Ttl = Ttl::days(7);

/// What a creator asked for lies outside the bounds. The text is the wire's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Breach {
    /// The value is too large.
    #[error("Secret value exceeds the maximum size of {max} bytes")]
    TooLarge {
        /// The plan's bound.
        max: usize,
    },
    /// The passphrase is too short.
    #[error("Passphrase must be at least {min} characters long")]
    PassphraseTooShort {
        /// The policy's bound, in bytes.
        min: usize,
    },
    /// The passphrase is too long.
    #[error("Passphrase must be no more than {max} characters long")]
    PassphraseTooLong {
        /// The policy's bound, in bytes.
        max: usize,
    },
    /// Every secret must have a passphrase here.
    #[error("A passphrase is required for all secrets")]
    PassphraseRequired,
}

/// What one kind of caller may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The largest secret, in bytes.
    pub max_secret_bytes: usize,
    /// The longest life.
    pub max_ttl: Ttl,
}

impl Plan {
    /// Guests, where the operator says nothing else.
    pub const ANONYMOUS: Self = Self { max_secret_bytes: 10_000, max_ttl: Ttl::days(7) };
    /// Accounts, where the operator says nothing else.
    pub const ACCOUNT: Self = Self { max_secret_bytes: 10_000, max_ttl: Ttl::days(30) };

    /// The life a secret gets: what was asked for, held between
    /// [`SHORTEST_TTL`] and the plan's own bound; the usual life if nothing was asked.
    #[must_use]
    pub fn lifetime(&self, asked: Option<Ttl>) -> Ttl {
        asked.unwrap_or(USUAL_TTL).max(SHORTEST_TTL).min(self.max_ttl)
    }

    /// Whether a value of so many bytes fits. Never cut, always refused.
    ///
    /// # Errors
    /// [`Breach::TooLarge`].
    pub fn check_size(&self, bytes: usize) -> Result<(), Breach> {
        if bytes > self.max_secret_bytes {
            Err(Breach::TooLarge { max: self.max_secret_bytes })
        } else {
            Ok(())
        }
    }
}

/// The plans of a deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plans {
    /// For callers without an account.
    pub anonymous: Plan,
    /// For accounts whose plan is not named below.
    pub default: Plan,
    /// Further plans by name.
    pub named: BTreeMap<String, Plan>,
}

impl Plans {
    /// The plan an account is on. A name that the configuration no longer knows
    /// falls back to the default plan.
    #[must_use]
    pub fn of_account(&self, name: &str) -> &Plan {
        self.named.get(name).unwrap_or(&self.default)
    }

    /// The largest secret that any plan allows, in bytes.
    #[must_use]
    pub fn largest_secret(&self) -> usize {
        let named = self.named.values().map(|plan| plan.max_secret_bytes);
        named.chain([self.anonymous.max_secret_bytes, self.default.max_secret_bytes]).max().unwrap_or(0)
    }
}

impl Default for Plans {
    fn default() -> Self {
        Self { anonymous: Plan::ANONYMOUS, default: Plan::ACCOUNT, named: BTreeMap::new() }
    }
}

/// Which passphrases are accepted when a secret is made. Lengths in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassphrasePolicy {
    /// The shortest; a secret without one is another matter.
    pub min: usize,
    /// The longest. Every byte up to here counts.
    pub max: usize,
    /// Whether every secret must have one.
    pub required: bool,
}

impl PassphrasePolicy {
    /// Whether a new secret may have this passphrase, or none.
    ///
    /// # Errors
    /// The [`Breach`] it is.
    pub fn check(&self, passphrase: Option<&Passphrase>) -> Result<(), Breach> {
        match passphrase.map(|passphrase| passphrase.expose().len()) {
            None if self.required => Err(Breach::PassphraseRequired),
            Some(len) if len < self.min => Err(Breach::PassphraseTooShort { min: self.min }),
            Some(len) if len > self.max => Err(Breach::PassphraseTooLong { max: self.max }),
            _ => Ok(()),
        }
    }
}

impl Default for PassphrasePolicy {
    fn default() -> Self {
        Self { min: 0, max: 1_024, required: false }
    }
}

/// How many guesses at a passphrase are heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptPolicy {
    /// Guesses of one client on one secret within the window.
    pub per_client: u8,
    /// Guesses of all clients together on one secret within the window.
    pub per_secret: u16,
    /// Guesses to open one secret in all its life; then it stays locked until it expires.
    pub in_a_life: u32,
    /// The window.
    pub window: Ttl,
    /// How long a client, or a secret, is locked once its guesses are used up.
    pub lock: Ttl,
}

impl Default for AttemptPolicy {
    fn default() -> Self {
        Self {
            per_client: 5,
            per_secret: 20,
            in_a_life: 100,
            window: Ttl::minutes(10),
            lock: Ttl::minutes(30),
        }
    }
}

/// Everything an operator may bound.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// What callers may do.
    pub plans: Plans,
    /// Which passphrases are accepted.
    pub passphrases: PassphrasePolicy,
    /// How many guesses are heard.
    pub attempts: AttemptPolicy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_held_within_the_plan() {
        let plan = Plan::ANONYMOUS;
        assert_eq!(plan.lifetime(None), Ttl::days(7));
        assert_eq!(plan.lifetime(Some(Ttl::from_secs(1))), SHORTEST_TTL);
        assert_eq!(plan.lifetime(Some(Ttl::hours(1))), Ttl::hours(1));
        assert_eq!(plan.lifetime(Some(Ttl::days(8))), Ttl::days(7));
        let short = Plan { max_ttl: Ttl::hours(1), ..plan };
        assert_eq!(short.lifetime(None), Ttl::hours(1));
    }

    #[test]
    fn a_passphrase_is_held_to_every_bound_and_to_none_beyond() {
        let policy = PassphrasePolicy { min: 3, max: 5, required: false };
        let check = |policy: &PassphrasePolicy, text: &str| policy.check(Some(&Passphrase::from(text)));
        assert_eq!(check(&policy, "12"), Err(Breach::PassphraseTooShort { min: 3 }));
        assert_eq!([check(&policy, "123"), check(&policy, "12345"), policy.check(None)], [Ok(()); 3]);
        assert_eq!(check(&policy, "123456"), Err(Breach::PassphraseTooLong { max: 5 }));
        assert_eq!(
            check(&policy, "12\u{e9}\u{e9}"),
            Err(Breach::PassphraseTooLong { max: 5 }),
            "bytes count"
        );
        let strict = PassphrasePolicy { required: true, ..policy };
        assert_eq!((strict.check(None), check(&strict, "123")), (Err(Breach::PassphraseRequired), Ok(())));
    }

    #[test]
    fn the_largest_secret_is_that_of_the_most_generous_plan() {
        let plan = |max_secret_bytes| Plan { max_secret_bytes, ..Plan::ACCOUNT };
        let plans = |anonymous, default, named| Plans {
            anonymous: plan(anonymous),
            default: plan(default),
            named: [("named".to_owned(), plan(named))].into(),
        };
        for plans in [plans(3, 1, 2), plans(1, 3, 2), plans(1, 2, 3)] {
            assert_eq!(plans.largest_secret(), 3);
        }
    }
}
