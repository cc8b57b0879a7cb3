//! How v1 reads a number out of a text.

/// The integer a text starts with: blanks, an optional sign, digits; the rest
/// is ignored (V1-T6). `None` without a digit there. More digits than fit saturate.
pub(super) fn leading_integer(text: &str) -> Option<i64> {
    // Ruby's blanks, which those clients were written against: ASCII white space and VT.
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        digits => (false, digits),
    };
    let mut digits = digits.iter().take_while(|byte| byte.is_ascii_digit()).peekable();
    digits.peek()?;
    let size = digits.fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if negative { -size } else { size })
}
