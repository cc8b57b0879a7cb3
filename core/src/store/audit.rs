//! What reading a whole store found: counts, and what does not fit together.

use std::collections::BTreeMap;

use crate::id::{Kid, RecordId};
use crate::state::State;

/// Flaws that are kept by name; beyond, they are counted only, so that memory stays
/// flat however much is broken.
pub const NAMED_FLAWS: usize = 1_000;

/// What reading every record of a store found. Nothing in it is secret.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Audit {
    /// Records that were read, and made sense.
    pub decoded: u64,
    /// Records that did not; each is a [`Flaw`], too.
    pub undecoded: u64,
    /// Records by the state they are seen in.
    pub states: States,
    /// Records under each master key.
    pub kids: BTreeMap<Kid, u64>,
    /// Accounts.
    pub accounts: u64,
    /// Tokens of accounts.
    pub tokens: u64,
    /// Registered domains.
    pub domains: u64,
    /// Lines of accounts' lists whose record is gone. They go when the list is read
    /// next: no flaw.
    pub stale_lines: u64,
    /// Running figures that could not be compared with the records, because these
    /// changed too fast or are too many.
    pub uncompared: u64,
    /// How many flaws there are.
    pub flaws: u64,
    /// The first [`NAMED_FLAWS`] of them.
    pub named: Vec<Flaw>,
}

/// How many records are seen in each [`State`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct States {
    /// Unopened, and can be opened.
    pub new: u64,
    /// Opened by one reader.
    pub received: u64,
    /// Destroyed by their creators.
    pub burned: u64,
    /// Their time passed unread.
    pub expired: u64,
    /// Their content was destroyed before its time, as a restore may do.
    pub orphaned: u64,
}

/// Something that does not fit together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flaw {
    /// What it concerns, as `record`, and its id or place, as hexadecimal or a number.
    pub of: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Audit {
    /// Counts a record that makes sense.
    pub fn record(&mut self, state: State, kid: Kid) {
        self.decoded += 1;
        *self.kids.entry(kid).or_default() += 1;
        let States { new, received, burned, expired, orphaned } = &mut self.states;
        *match state {
            State::New => new,
            State::Received => received,
            State::Burned => burned,
            State::Expired => expired,
            State::Orphaned => orphaned,
        } += 1;
    }

    /// Notes a record that does not make sense.
    pub fn undecoded(&mut self, id: &[u8], what: &'static str) {
        self.undecoded += 1;
        self.flaw("record", hex(id), what);
    }

    /// Notes what is wrong with a record that can be read.
    pub fn flaw_of(&mut self, id: &RecordId, what: &'static str) {
        self.flaw("record", hex(id.as_bytes()), what);
    }

    /// Notes what is wrong with something else.
    pub fn flaw(&mut self, kind: &str, place: impl ToString, what: &'static str) {
        self.flaws += 1;
        if self.named.len() < NAMED_FLAWS {
            self.named.push(Flaw { of: format!("{kind} {}", place.to_string()), what });
        }
    }
}

/// Bytes as they are shown.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_is_counted_and_so_many_are_named() {
        let mut audit = Audit::default();
        for place in 0..=NAMED_FLAWS {
            audit.flaw("slot", place, "odd");
        }
        assert_eq!(audit.flaws, 1 + NAMED_FLAWS as u64);
        assert_eq!(audit.named.len(), NAMED_FLAWS);
        assert_eq!(audit.named[7], Flaw { of: "slot 7".to_owned(), what: "odd" });
    }

    #[test]
    fn a_record_counts_under_its_state_and_its_key() {
        let mut audit = Audit::default();
        let (one, other) = (Kid([1; 4]), Kid([2; 4]));
        for (state, kid) in [(State::New, one), (State::Burned, other), (State::New, one)] {
            audit.record(state, kid);
        }
        assert_eq!(audit.decoded, 3);
        assert_eq!(audit.states, States { new: 2, burned: 1, ..States::default() });
        assert_eq!(audit.kids, [(one, 2), (other, 1)].into());
    }

    #[test]
    fn a_flaw_of_a_record_is_named_by_its_id() {
        let mut audit = Audit::default();
        audit.flaw_of(&RecordId([0xab; 32]), "odd");
        assert_eq!(audit.named, [Flaw { of: format!("record {}", "ab".repeat(32)), what: "odd" }]);
    }

    #[test]
    fn an_undecoded_record_is_a_flaw_by_its_id() {
        let mut audit = Audit::default();
        audit.undecoded(&[0x0a, 0xff], "a state");
        assert_eq!((audit.decoded, audit.undecoded, audit.flaws), (0, 1, 1));
        assert_eq!(audit.named[0].of, "record 0aff");
    }
}
