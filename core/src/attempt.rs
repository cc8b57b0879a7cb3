//! Guesses at a passphrase: counted before they are checked, so that a crash in
//! between costs a guess and never grants one. Pure: a store keeps the bytes and
//! makes the step atomic.
//!
//! Stored layout, big-endian, version 1:
//!
//! ```text
//! version u8 | total u32 | window start u64 | window count u16 | locked until u64
//! | n u8 | n × ( client 8 | window start u64 | count u8 | locked until u64 )
//! ```

use crate::id::ClientId;
use crate::policy::AttemptPolicy;
use crate::time::{Timestamp, Ttl};

/// Clients remembered for one secret at the same time. A further client waits
/// until a place is free. Burn guesses can fill the table, and so can opening,
/// if the guesses of two windows (20 each) come from as many clients within
/// minutes. This bounds both the row and a holder of a key who changes addresses.
pub const CLIENTS: usize = 32;

const VERSION: u8 = 1;
const HEAD: usize = 24;
const CLIENT: usize = 25;

/// What a caller tries, and as whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guess {
    /// No passphrase was given: nothing is counted.
    None(ClientId),
    /// A passphrase for the secret, by its link key: counted for the client and for the secret.
    Open(ClientId),
    /// A passphrase for the burn, by the metadata key: counted for the client only.
    Burn(ClientId),
}

impl Guess {
    /// Who guesses.
    #[must_use]
    pub const fn client(self) -> ClientId {
        match self {
            Self::None(client) | Self::Open(client) | Self::Burn(client) => client,
        }
    }
}

/// Whether a guess is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is not, before that moment.
    LockedOut {
        /// When guesses are heard again.
        until: Timestamp,
    },
    /// It was counted, and is heard.
    Granted {
        /// Guesses this client has left now.
        remaining: u32,
    },
}

/// The guesses at one secret so far.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Attempts {
    total: u32,
    window: Window,
    clients: Vec<(ClientId, Window)>,
}

/// Guesses since `start`, and the lock they led to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Window {
    start: Timestamp,
    count: u16,
    locked_until: Timestamp,
}

impl Window {
    /// This window as it stands at `now`: spent ones begin anew, so that a lock which is
    /// still there has not passed.
    fn at(self, policy: &AttemptPolicy, now: Timestamp) -> Self {
        let is_new = self.count == 0 || now >= self.end(policy);
        if is_new { Self { start: now, ..Self::default() } } else { self }
    }

    /// When it is spent: with its lock, if it led to one.
    fn end(self, policy: &AttemptPolicy) -> Timestamp {
        self.lock().unwrap_or(self.start.plus(policy.window))
    }

    fn lock(self) -> Option<Timestamp> {
        (self.locked_until > Timestamp::default()).then_some(self.locked_until)
    }

    /// One more guess; the last one allowed turns the lock.
    fn count(&mut self, most: u16, lock: Ttl, now: Timestamp) {
        self.count = self.count.saturating_add(1);
        if self.count >= most {
            self.locked_until = now.plus(lock);
        }
    }

    fn left(self, most: u16) -> u32 {
        u32::from(most.saturating_sub(self.count))
    }
}

impl Attempts {
    /// Counts a guess, or refuses to hear it. `expires` is the secret's: past its
    /// life's worth of guesses it stays locked until then.
    #[must_use]
    pub fn count(
        mut self,
        guess: Guess,
        expires: Timestamp,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> (Self, Verdict) {
        self.settle_windows(policy, now);
        if let Some(until) = self.locked_until(guess, expires, policy) {
            return (self, Verdict::LockedOut { until });
        }
        if !matches!(guess, Guess::None(_)) {
            self.enter(guess, policy, now);
        }
        let remaining = self.remaining(guess, policy);
        (self, Verdict::Granted { remaining })
    }

    /// What [`Attempts::count`] would answer, without counting: for a page that
    /// says how many guesses are left before anyone makes one.
    #[must_use]
    pub fn look(
        &self,
        client: ClientId,
        expires: Timestamp,
        policy: &AttemptPolicy,
        now: Timestamp,
    ) -> Verdict {
        let mut seen = self.clone();
        seen.settle_windows(policy, now);
        let guess = Guess::Open(client);
        match seen.locked_until(guess, expires, policy) {
            Some(until) => Verdict::LockedOut { until },
            None => Verdict::Granted { remaining: seen.remaining(guess, policy) },
        }
    }

    fn settle_windows(&mut self, policy: &AttemptPolicy, now: Timestamp) {
        self.window = self.window.at(policy, now);
        self.clients.retain(|(_, window)| window.at(policy, now) == *window);
    }

    /// Until when a guess is not heard. The windows are settled.
    fn locked_until(&self, guess: Guess, expires: Timestamp, policy: &AttemptPolicy) -> Option<Timestamp> {
        let opens = matches!(guess, Guess::Open(_));
        if opens && self.total >= policy.in_a_life {
            return Some(expires);
        }
        let of_all = self.window.lock().filter(|_| opens);
        of_all.or_else(|| match self.client(guess.client()) {
            Some(window) => window.lock(),
            None if self.clients.len() >= CLIENTS => self.next_place(policy),
            None => None,
        })
    }

    fn client(&self, client: ClientId) -> Option<Window> {
        self.clients.iter().find(|(id, _)| *id == client).map(|(_, window)| *window)
    }

    /// When the first of the remembered clients is forgotten.
    fn next_place(&self, policy: &AttemptPolicy) -> Option<Timestamp> {
        self.clients.iter().map(|(_, window)| window.end(policy)).min()
    }

    fn enter(&mut self, guess: Guess, policy: &AttemptPolicy, now: Timestamp) {
        let client = guess.client();
        let place = self.clients.iter().position(|(id, _)| *id == client).unwrap_or_else(|| {
            self.clients.push((client, Window { start: now, ..Window::default() }));
            self.clients.len() - 1
        });
        self.clients[place].1.count(u16::from(policy.per_client), policy.lock, now);
        if matches!(guess, Guess::Open(_)) {
            self.total = self.total.saturating_add(1);
            self.window.count(policy.per_secret, policy.lock, now);
        }
    }

    fn remaining(&self, guess: Guess, policy: &AttemptPolicy) -> u32 {
        let own = self.client(guess.client()).unwrap_or_default().left(u16::from(policy.per_client));
        match guess {
            Guess::Burn(_) => own,
            Guess::None(_) | Guess::Open(_) => {
                own.min(self.window.left(policy.per_secret)).min(policy.in_a_life.saturating_sub(self.total))
            }
        }
    }

    /// The stored bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + CLIENT * self.clients.len());
        bytes.push(VERSION);
        bytes.extend(self.total.to_be_bytes());
        bytes.extend(self.window.start.secs().to_be_bytes());
        bytes.extend(self.window.count.to_be_bytes());
        bytes.extend(self.window.locked_until.secs().to_be_bytes());
        bytes.push(u8::try_from(self.clients.len()).unwrap_or(u8::MAX));
        for (client, window) in &self.clients {
            bytes.extend(client.as_bytes());
            bytes.extend(window.start.secs().to_be_bytes());
            bytes.push(u8::try_from(window.count).unwrap_or(u8::MAX));
            bytes.extend(window.locked_until.secs().to_be_bytes());
        }
        bytes
    }

    /// Reads the stored bytes. `None` for anything that [`Attempts::to_bytes`]
    /// does not write: the record is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let n = usize::from(head[23]);
        if head[0] != VERSION || n > CLIENTS || rest.len() != n * CLIENT {
            return None;
        }
        let window = Window {
            start: time(&head[5..13])?,
            count: short(&head[13..15])?,
            locked_until: time(&head[15..23])?,
        };
        let clients = rest.chunks_exact(CLIENT).map(client).collect::<Option<_>>()?;
        Some(Self { total: u32::from_be_bytes(head[1..5].try_into().ok()?), window, clients })
    }
}

fn client(bytes: &[u8]) -> Option<(ClientId, Window)> {
    let window = Window {
        start: time(&bytes[8..16])?,
        count: u16::from(bytes[16]),
        locked_until: time(&bytes[17..25])?,
    };
    Some((ClientId::try_from(&bytes[..8]).ok()?, window))
}

fn time(bytes: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_secs(u64::from_be_bytes(bytes.try_into().ok()?)))
}

fn short(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES: Timestamp = Timestamp::from_secs(1_000_000);

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn client(n: u8) -> ClientId {
        ClientId([n; 8])
    }

    /// Makes a guess and says what came of it: how many are left, or until when it is locked.
    fn guess(attempts: &mut Attempts, guess: Guess, now: u64) -> Result<u32, u64> {
        let (after, verdict) =
            std::mem::take(attempts).count(guess, EXPIRES, &AttemptPolicy::default(), at(now));
        *attempts = after;
        match verdict {
            Verdict::Granted { remaining } => Ok(remaining),
            Verdict::LockedOut { until } => Err(until.secs()),
        }
    }

    #[test]
    fn a_client_has_five_guesses_and_is_then_locked_for_half_an_hour() {
        let mut attempts = Attempts::default();
        for left in (0..5).rev() {
            assert_eq!(guess(&mut attempts, Guess::Open(client(1)), 1_000), Ok(left));
        }
        assert_eq!(guess(&mut attempts, Guess::Open(client(1)), 1_001), Err(2_800));
        assert_eq!(guess(&mut attempts, Guess::Burn(client(1)), 1_001), Err(2_800));
        assert_eq!(guess(&mut attempts, Guess::Open(client(2)), 1_001), Ok(4), "others are not locked out");
        assert_eq!(guess(&mut attempts, Guess::Open(client(1)), 2_800), Ok(4));
    }

    #[test]
    fn a_lock_that_is_shorter_than_the_window_gives_all_guesses_back_when_it_ends() {
        let policy = AttemptPolicy { lock: Ttl::minutes(1), ..AttemptPolicy::default() };
        let mut attempts = Attempts::default();
        let mut open = |now| {
            let (after, verdict) =
                std::mem::take(&mut attempts).count(Guess::Open(client(1)), EXPIRES, &policy, at(now));
            attempts = after;
            verdict
        };
        for remaining in (0..5).rev() {
            assert_eq!(open(1_000), Verdict::Granted { remaining });
        }
        assert_eq!(open(1_059), Verdict::LockedOut { until: at(1_060) });
        assert_eq!(open(1_060), Verdict::Granted { remaining: 4 });
    }

    #[test]
    fn a_window_that_passes_forgets_its_guesses() {
        let mut attempts = Attempts::default();
        for _ in 0..4 {
            guess(&mut attempts, Guess::Open(client(1)), 1_000).unwrap();
        }
        assert_eq!(guess(&mut attempts, Guess::Open(client(1)), 1_600), Ok(4));
    }

    #[test]
    fn all_clients_together_have_twenty_guesses() {
        let mut attempts = Attempts::default();
        for n in 0..20 {
            guess(&mut attempts, Guess::Open(client(n / 4)), 1_000).unwrap();
        }
        assert_eq!(guess(&mut attempts, Guess::Open(client(99)), 1_000), Err(2_800));
        assert_eq!(guess(&mut attempts, Guess::Burn(client(99)), 1_000), Ok(4), "the creator can still burn");
    }

    #[test]
    fn a_hundred_guesses_lock_until_the_secret_expires() {
        let mut attempts = Attempts::default();
        for n in 0..100u8 {
            guess(&mut attempts, Guess::Open(client(n)), u64::from(n) * 700).unwrap();
        }
        assert_eq!(guess(&mut attempts, Guess::Open(client(200)), 80_000), Err(EXPIRES.secs()));
        assert_eq!(guess(&mut attempts, Guess::Burn(client(200)), 80_000), Ok(4));
    }

    #[test]
    fn no_guess_counts_nothing() {
        let mut attempts = Attempts::default();
        for _ in 0..50 {
            assert_eq!(guess(&mut attempts, Guess::None(client(1)), 1_000), Ok(5));
        }
        assert_eq!(attempts.total, 0);
        assert!(attempts.clients.is_empty());
    }

    #[test]
    fn the_table_of_clients_is_bounded() {
        let mut attempts = Attempts::default();
        for n in 0..32 {
            guess(&mut attempts, Guess::Burn(client(n)), 1_000).unwrap();
        }
        assert_eq!(guess(&mut attempts, Guess::Burn(client(40)), 1_100), Err(1_600));
        assert_eq!(guess(&mut attempts, Guess::Burn(client(3)), 1_100), Ok(3), "known clients go on");
        assert_eq!(guess(&mut attempts, Guess::Burn(client(40)), 1_600), Ok(4));
    }

    #[test]
    fn a_table_of_locked_clients_has_room_when_the_first_lock_ends() {
        let mut attempts = Attempts::default();
        for n in 0..32 {
            for _ in 0..5 {
                guess(&mut attempts, Guess::Burn(client(n)), 1_000 + u64::from(n)).unwrap();
            }
        }
        assert_eq!(guess(&mut attempts, Guess::Burn(client(40)), 1_100), Err(2_800));
        assert_eq!(guess(&mut attempts, Guess::Burn(client(40)), 2_800), Ok(4));
    }

    #[test]
    fn opening_at_the_turn_of_a_window_can_fill_the_table() {
        let mut attempts = Attempts::default();
        guess(&mut attempts, Guess::Open(client(0)), 1_000).unwrap();
        for n in 1..19 {
            guess(&mut attempts, Guess::Open(client(n)), 1_599).unwrap();
        }
        for n in 19..33 {
            assert_eq!(guess(&mut attempts, Guess::Open(client(n)), 1_600), Ok(4));
        }
        assert_eq!(guess(&mut attempts, Guess::Open(client(33)), 1_600), Err(2_199));
        assert_eq!(guess(&mut attempts, Guess::Open(client(33)), 2_199), Ok(4));
    }

    #[test]
    fn looking_counts_nothing_and_agrees_with_counting() {
        let policy = AttemptPolicy::default();
        let mut attempts = Attempts::default();
        for now in [1_000, 1_001, 1_002] {
            let looked = attempts.look(client(1), EXPIRES, &policy, at(now));
            let left = guess(&mut attempts, Guess::Open(client(1)), now).unwrap();
            assert_eq!(looked, Verdict::Granted { remaining: left + 1 });
        }
    }

    #[test]
    fn stored_bytes_read_back_and_others_are_refused() {
        let mut attempts = Attempts::default();
        for n in 0..9 {
            guess(&mut attempts, Guess::Open(client(n)), 1_000 + u64::from(n)).unwrap();
        }
        let bytes = attempts.to_bytes();
        assert_eq!(Attempts::from_bytes(&bytes), Some(attempts));
        for cut in 0..bytes.len() {
            assert_eq!(Attempts::from_bytes(&bytes[..cut]), None);
        }
        let mut other = bytes;
        other[0] = 2;
        assert_eq!(Attempts::from_bytes(&other), None);
    }

    #[test]
    fn a_full_table_reads_back_and_a_fuller_one_is_refused() {
        let mut attempts = Attempts::default();
        for n in 0..32 {
            guess(&mut attempts, Guess::Burn(client(n)), 1_000).unwrap();
        }
        let mut bytes = attempts.to_bytes();
        assert_eq!(Attempts::from_bytes(&bytes), Some(attempts));
        bytes[HEAD - 1] += 1;
        bytes.extend([9; CLIENT]);
        assert_eq!(Attempts::from_bytes(&bytes), None);
    }
}
