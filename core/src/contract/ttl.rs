//! The grammar of `ttl` (§7.1, C-13). Clients send whatever their caller gave
//! them, so nothing is refused here: the plan clamps.

use super::number::leading_integer;
use crate::policy::SHORTEST_TTL;
use crate::time::Ttl;

/// The life that a text asks for; `None` if it asks for none: empty, or `0`,
/// which clients in use send when their caller named no life.
#[must_use]
pub fn ttl(text: &str) -> Option<Ttl> {
    if matches!(text, "" | "0") {
        return None;
    }
    let secs = leading_integer(text).and_then(|number| u64::try_from(number).ok());
    Some(secs.map_or(SHORTEST_TTL, |secs| Ttl::from_secs(secs).max(SHORTEST_TTL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: Option<u64> = Some(60);

    fn secs(text: &str) -> Option<u64> {
        ttl(text).map(Ttl::secs)
    }

    #[test]
    fn v1_t1_empty_or_zero_is_not_given() {
        assert_eq!(secs(""), None);
        assert_eq!(secs("0"), None);
    }

    #[test]
    fn v1_t2_no_number_and_negative_are_a_minute() {
        for text in
            ["abc", "-5", " ", "null", "-", "+", "- 5", "３６００", "00", "0x1000", "-0", "\u{a0}3600"]
        {
            assert_eq!(secs(text), SHORTEST, "{text:?}");
        }
    }

    #[test]
    fn v1_t3_short_lives_are_a_minute() {
        assert_eq!([secs("1"), secs("59"), secs("60"), secs("3_600"), secs("1e4")], [SHORTEST; 5]);
        assert_eq!(secs("61"), Some(61));
    }

    #[test]
    fn v1_t5_huge_digits_saturate() {
        assert!(secs("99999999999999999999999999") > Some(1 << 60));
        assert_eq!(secs("-99999999999999999999999999"), SHORTEST);
    }

    #[test]
    fn v1_t6_the_leading_integer_counts() {
        for text in
            ["3600", "3600.9", "3600abc", " 3600", "+3600", "\n3600", "0003600", "\t\r\u{b}\u{c} 3600"]
        {
            assert_eq!(secs(text), Some(3600), "{text:?}");
        }
    }
}
