//! Time, as values: a moment is read once from a [`Clock`] at the top of a flow,
//! and everything below takes it as an argument.

use std::fmt;

/// Whole seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A point in time, in Unix seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Unix seconds.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }

    /// This point, `ttl` later.
    #[must_use]
    pub const fn plus(self, ttl: Ttl) -> Self {
        Self(self.0.saturating_add(ttl.0))
    }

    /// How long from `earlier` until here; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Ttl {
        Ttl(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in whole seconds: a secret's time to live, a window, a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Ttl(u64);

impl Ttl {
    /// So many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(hours * 3_600)
    }

    /// So many days of 24 hours.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(days * 86_400)
    }

    /// Seconds.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }
}

/// Milliseconds since the Unix epoch: what a [`Clock`] reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment(u64);

impl Moment {
    /// A moment, in Unix milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Unix milliseconds.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The whole second this moment lies in.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp(self.0 / 1_000)
    }

    /// The tick of this moment, for a key.
    #[must_use]
    pub fn tick(self) -> Tick {
        let [.., a, b, c, d] = (self.0 / 2).to_be_bytes();
        Tick([a, b, c, d])
    }
}

/// The part of a key that tells its age: Unix time in units of 2 ms, modulo
/// 2^32. It wraps after 99.4 days, which is why no secret may live longer than
/// [`crate::policy::LONGEST_TTL`]. Not `Ord`: ticks wrap.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tick([u8; 4]);

impl Tick {
    /// From its four bytes, most significant first.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// Its four bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    /// How long from here until `later`, in units of 2 ms, modulo 2^32: whoever calls
    /// knows that the two are less than 99 days apart.
    #[must_use]
    pub const fn until(self, later: Self) -> u32 {
        u32::from_be_bytes(later.0).wrapping_sub(u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tick({})", u32::from_be_bytes(self.0))
    }
}

/// Reads wall time. Built once at the edge and handed in, so that a test of
/// thirty days takes a microsecond. An implementation never runs backwards
/// within a process.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Moment;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_two_milliseconds_and_wraps() {
        assert_eq!(Moment::from_millis(2).tick().to_bytes(), [0, 0, 0, 1]);
        assert_eq!(Moment::from_millis(2 << 32).tick().to_bytes(), [0; 4]);
        assert_eq!(Moment::from_millis(1_999).timestamp().secs(), 1);
    }

    #[test]
    fn time_neither_overflows_nor_runs_below_zero() {
        let late = Timestamp::from_secs(u64::MAX);
        assert_eq!(late.plus(Ttl::days(1)), late);
        assert_eq!(Timestamp::from_secs(1).since(late), Ttl::from_secs(0));
    }
}
