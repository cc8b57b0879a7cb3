//! What a bucket's tally says: a hash of figures, each changed in the step that changes
//! the record.
//!
//! ```text
//! Kkkkk    what records under the master key kkkk added, and how many of them there are
//! S0 S1 S2 what those gave back that were swept unread, received, burned, and their number
//! ```
//!
//! Each is one number of both, bytes times 2^24 and records: a command in a script that
//! writes costs Redis more than all arithmetic. So a figure holds 549 GB and eight
//! million records of one bucket. Bytes that were added under one name and given back under
//! the other would grow without end: before that they are taken to `b`, which is bytes alone.
//! Stores of earlier builds have all their bytes there, records under `kkkkk`, states under
//! `s0` to `s2`, which are counted still.

use std::collections::BTreeMap;

use waxseal_core::id::Kid;

/// Bits of a figure that are records.
const BITS: u32 = 24;
/// From so many bytes on they are taken out of a figure: an eighth of what it holds.
const FAR: i64 = 1 << 36;

/// Bytes under `b`, records under `k` and the master key's id, states under `s`.
pub(crate) type Figures = BTreeMap<Vec<u8>, i64>;

/// The field of those under a master key.
pub(crate) fn of_kid(kid: Kid) -> Vec<u8> {
    [b"K", &kid.as_bytes()[..]].concat()
}

/// What a record of so many bytes adds.
pub(crate) fn added(bytes: u64) -> i64 {
    joined(i64::try_from(bytes).unwrap_or(i64::MAX), 1)
}

fn joined(bytes: i64, records: i64) -> i64 {
    bytes.saturating_mul(1 << BITS).saturating_add(records)
}

/// Bytes and records of a figure; both can be below zero.
fn split(figure: i64) -> (i64, i64) {
    let unused = i64::BITS - BITS;
    let records = (figure << unused) >> unused;
    (figure.wrapping_sub(records) >> BITS, records)
}

/// Adds what one tally says.
pub(crate) fn add(sums: &mut Figures, tally: Vec<(Vec<u8>, i64)>) {
    for (mut field, figure) in tally {
        let (bytes, records) = match field.first() {
            Some(b'K' | b'S') => split(figure),
            _ => (0, figure),
        };
        if let Some(first) = field.first_mut() {
            first.make_ascii_lowercase();
        }
        *sums.entry(b"b".to_vec()).or_default() += bytes;
        *sums.entry(field).or_default() += records;
    }
}

/// The figures whose bytes are to be taken out, and these.
pub(crate) fn far(tally: &[(Vec<u8>, i64)]) -> impl Iterator<Item = (&[u8], i64)> {
    let joined = tally.iter().filter(|(field, _)| matches!(field.first(), Some(b'K' | b'S')));
    joined.map(|(field, figure)| (&field[..], split(*figure).0)).filter(|(_, bytes)| bytes.abs() >= FAR)
}

/// What is added to a figure to take bytes out of it.
pub(crate) fn taken(bytes: i64) -> i64 {
    joined(-bytes, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_bytes_and_records() {
        for (bytes, records) in [(0, 0), (500, 1), (-171, 1), (-1, -1), (FAR, 8_388_607), (-FAR, -8_388_608)]
        {
            assert_eq!(split(joined(bytes, records)), (bytes, records));
            assert_eq!(split(joined(bytes, records) + taken(bytes)), (0, records));
        }
    }

    #[test]
    fn figures_of_earlier_builds_count_too() {
        let tally = vec![
            (b"b".to_vec(), 700),
            (b"k1234".to_vec(), 2),
            (of_kid(Kid::try_from(&b"1234"[..]).unwrap()), added(300)),
            (b"s1".to_vec(), 1),
            (b"S1".to_vec(), joined(-171, 1)),
        ];
        let mut sums = Figures::new();
        add(&mut sums, tally);
        let expected = [(&b"b"[..], 829), (b"k1234", 3), (b"s1", 2)];
        assert_eq!(sums, expected.map(|(field, sum)| (field.to_vec(), sum)).into());
    }

    #[test]
    fn bytes_are_taken_out_before_a_figure_is_full() {
        let tally =
            [(b"K1234".to_vec(), joined(FAR, 3)), (b"S1".to_vec(), joined(1 - FAR, 3)), (b"b".to_vec(), FAR)];
        assert_eq!(far(&tally).collect::<Vec<_>>(), [(&b"K1234"[..], FAR)]);
    }
}
