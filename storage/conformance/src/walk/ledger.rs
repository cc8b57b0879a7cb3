//! What a walk's creators and readers would remember: the promises, without the machinery.

use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::state::State;
use waxseal_core::time::{Timestamp, Ttl};

/// Every secret of a walk, oldest first.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) secrets: Vec<Secret>,
}

/// What is known of one secret.
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) link: String,
    pub(super) metadata: String,
    pub(super) passphrase: Option<String>,
    /// How it ended at a person's hand, and when.
    pub(super) ended: Option<(State, Timestamp)>,
    created: Timestamp,
    expires: Timestamp,
    owner: Option<usize>,
    attempts: Attempts,
}

/// What a reader, or a burning creator, finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Door {
    Open,
    Closed,
    Gone,
}

impl Secret {
    /// Lives from the first of `life` until the second.
    pub(super) fn new(
        value: String,
        link: String,
        metadata: String,
        passphrase: Option<String>,
        (created, expires): (Timestamp, Timestamp),
        owner: Option<usize>,
    ) -> Self {
        let attempts = Attempts::default();
        Self { value, link, metadata, passphrase, ended: None, created, expires, owner, attempts }
    }

    /// Counts a guess, if there is anything to guess.
    pub(super) fn knock(&mut self, guess: Guess, right: bool, now: Timestamp) -> Door {
        if self.ended.is_some() || now >= self.expires {
            return Door::Gone;
        }
        if self.passphrase.is_none() {
            return Door::Open;
        }
        let policy = AttemptPolicy::default();
        let (attempts, verdict) = std::mem::take(&mut self.attempts).count(guess, self.expires, &policy, now);
        self.attempts = attempts;
        if right && matches!(verdict, Verdict::Granted { .. }) { Door::Open } else { Door::Closed }
    }

    /// What its creator is told; `None` once the receipt is gone, too: after twice its life.
    pub(super) fn state(&self, now: Timestamp) -> Option<State> {
        let life = self.expires.secs() - self.created.secs();
        if now.secs() >= self.expires.secs() + life {
            return None;
        }
        Some(match self.ended {
            Some((state, _)) => state,
            None if now >= self.expires => State::Expired,
            None => State::New,
        })
    }
}

impl Ledger {
    pub(super) fn add(&mut self, secret: Secret) {
        let keys = |secret: &Secret| [secret.link.clone(), secret.metadata.clone()];
        let [link, metadata] = keys(&secret);
        let taken: Vec<_> = self.secrets.iter().flat_map(keys).collect();
        assert!(!link.is_empty() && !metadata.is_empty() && link != metadata);
        assert!(!taken.contains(&link) && !taken.contains(&metadata), "a key was given twice");
        self.secrets.push(secret);
    }

    /// One of them, `None` if there is none yet. The latest ones are the likeliest.
    pub(super) fn pick(&self, n: u8) -> Option<usize> {
        let last = self.secrets.len().checked_sub(1)?;
        Some(last - usize::from(n) % (last + 1))
    }

    /// An account's own of the last 30 days, newest first.
    pub(super) fn recent(&self, owner: usize, now: Timestamp) -> Vec<usize> {
        let of_owner = |secret: &Secret| {
            let is_recent = now.since(secret.created) <= Ttl::days(30);
            secret.owner == Some(owner) && is_recent && secret.state(now).is_some()
        };
        (0..self.secrets.len()).rev().filter(|n| of_owner(&self.secrets[*n])).collect()
    }
}
