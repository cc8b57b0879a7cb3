//! A length of time, as it is typed.

use std::str::FromStr;

use waxseal_core::time::Ttl;

/// A length of time: a number with s, m, h or d, ten years at most. A bare number
/// is refused: nobody should have to guess its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span(pub(crate) Ttl);

const LONGEST: Ttl = Ttl::days(3_650);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
        let read = units.iter().find_map(|(letter, secs)| {
            let number =
                text.strip_suffix(*letter).filter(|number| number.bytes().all(|c| c.is_ascii_digit()));
            number?.parse::<u64>().ok()?.checked_mul(*secs)
        });
        let span = read.map(Ttl::from_secs).filter(|span| *span <= LONGEST);
        span.map(Self).ok_or_else(|| {
            "write a number and s, m, h or d, such as 90m, 24h or 30d (3650d at most)".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_a_bound() {
        let span = |text: &str| text.parse::<Span>().ok().map(|span| span.0);
        assert_eq!(span("0s"), Some(Ttl::from_secs(0)));
        assert_eq!(span("90m"), Some(Ttl::minutes(90)));
        assert_eq!(span("3650d"), Some(Ttl::days(3_650)));
        for text in ["", "d", "30", "+3d", "-3d", "3 d", "3dd", "3651d", "1.5h", "99999999999999999999d"] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
