//! Numbers and what depends on them.

use waxseal_core::time::Ttl;

use crate::text::fill;
use crate::words::Words;

/// A text that depends on a number, which stands at its place `{n}`.
///
/// Two forms are enough for our languages. Spanish, French and Portuguese have a
/// third one in CLDR, for whole millions; nothing is counted that high here.
#[derive(Clone, Copy, Debug)]
pub struct Plural {
    /// For the numbers that the language's [`Rule`] calls singular.
    pub one: &'static str,
    /// For all others.
    pub other: &'static str,
}

/// Which numbers take the singular (CLDR's cardinal rules, for integers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// 1: English, Spanish, German.
    One,
    /// 0 and 1: French, Portuguese.
    ZeroAndOne,
}

impl Rule {
    fn is_singular(self, n: u64) -> bool {
        match self {
            Self::One => n == 1,
            Self::ZeroAndOne => n <= 1,
        }
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Words {
    /// A counted text in the form that `n` takes.
    #[must_use]
    pub fn count(&self, plural: &Plural, n: u64) -> String {
        let form = if self.rule.is_singular(n) { plural.one } else { plural.other };
        fill(form, &[("n", &self.number(n))])
    }

    /// A number, its digits in groups of three: `10,000`. Four digits stay together
    /// where the language does so.
    #[must_use]
    pub fn number(&self, n: u64) -> String {
        let digits = n.to_string();
        if digits.len() < self.grouped_from {
            return digits;
        }
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push_str(self.group);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A length of time, exactly, in the largest unit that it is a whole number
    /// of: `7 days`, `90 minutes`.
    #[must_use]
    pub fn duration(&self, ttl: Ttl) -> String {
        let secs = ttl.secs();
        let units = [(DAY, &self.units.days), (HOUR, &self.units.hours), (MINUTE, &self.units.minutes)];
        let whole = units.into_iter().find(|(unit, _)| secs > 0 && secs.is_multiple_of(*unit));
        let (unit, name) = whole.unwrap_or((1, &self.units.seconds));
        self.count(name, secs / unit)
    }

    /// A length of time to wait, rounded up to a unit that a person would wait in.
    #[must_use]
    pub fn wait(&self, ttl: Ttl) -> String {
        let secs = ttl.secs().max(1);
        let (unit, name) = match secs {
            ..=90 => (1, &self.units.seconds),
            91..=5_400 => (MINUTE, &self.units.minutes),
            5_401..=172_800 => (HOUR, &self.units.hours),
            _ => (DAY, &self.units.days),
        };
        self.count(name, secs.div_ceil(unit))
    }
}
