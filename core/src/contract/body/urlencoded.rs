//! `application/x-www-form-urlencoded`, decoded byte by byte: a lossy decoder
//! would change a secret.

use memchr::{memchr, memchr2};
use zeroize::Zeroizing;

use super::{Source, Value};
use crate::contract::refusal::Refusal;
use crate::wiped::Wiped;

/// Reads pairs separated by `&`. A stray `%` is kept as text (V1-B11), a pair
/// without `=` has an empty value. Nothing else can be wrong but the number of pairs.
pub(super) fn parse(bytes: &[u8]) -> Result<Source, Refusal> {
    let mut source = Source::default();
    let mut rest = Some(bytes);
    while let Some(bytes) = rest {
        let (pair, behind) = cut(bytes, memchr(b'&', bytes));
        rest = behind;
        if !pair.is_empty() {
            let (name, value) = cut(pair, memchr(b'=', pair));
            // A name that is not UTF-8 is none of ours; replaced characters keep it none.
            let name = Zeroizing::new(String::from_utf8_lossy(&decode(name)).into_owned());
            source.push(name, Value::Text(decode(value.unwrap_or_default())))?;
        }
    }
    Ok(source)
}

/// What stands before and behind the byte at `place`.
fn cut(bytes: &[u8], place: Option<usize>) -> (&[u8], Option<&[u8]>) {
    place.map_or((bytes, None), |place| (&bytes[..place], Some(&bytes[place + 1..])))
}

/// Decodes `+` and `%XX`; what stands between them is taken over in one piece. The
/// capacity is given beforehand, so that no growing buffer leaves a copy behind.
fn decode(encoded: &[u8]) -> Wiped {
    let mut decoded = Wiped::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some(place) = memchr2(b'+', b'%', rest) {
        decoded.extend_from_slice(&rest[..place]);
        let (byte, length) = match rest[place..] {
            [b'%', high, low, ..] => hex(high, low).map_or((b'%', 1), |byte| (byte, 3)),
            [b'+', ..] => (b' ', 1),
            _ => (b'%', 1),
        };
        decoded.push(byte);
        rest = &rest[place + length..];
    }
    decoded.extend_from_slice(rest);
    decoded
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(body: &str) -> Vec<u8> {
        let Value::Text(bytes) = parse(body.as_bytes()).unwrap().0.remove(0).value else {
            panic!("a form holds text")
        };
        bytes.to_vec()
    }

    #[test]
    fn v1_b1_plus_is_a_blank_and_a_semicolon_separates_nothing() {
        assert_eq!(value("secret=a+b%2Bc"), b"a b+c");
        assert_eq!(value("secret=a;ttl=1"), b"a;ttl=1");
        assert_eq!(value("secret=a=b=="), b"a=b==");
    }

    #[test]
    fn v1_b11_a_stray_percent_is_text() {
        for text in ["100%", "a%zzb", "%", "%4", "%%"] {
            assert_eq!(value(&format!("secret={text}")), text.as_bytes(), "{text}");
        }
        assert_eq!(value("secret=%%41"), b"%A");
    }

    #[test]
    fn what_is_decoded_is_what_another_decoder_makes_of_it() {
        let odd = "%e4%BD%A0+%+%2+%2%41%zz%%25&".repeat(3);
        let plain = odd.replace('+', " ").replace('&', "");
        let expected: Vec<u8> = percent_encoding::percent_decode_str(&plain).collect();
        assert_eq!(*decode(odd.replace('&', "").as_bytes()), expected);
    }

    #[test]
    fn v1_p1_bytes_are_kept_as_they_are() {
        assert_eq!(value("secret=%FF%00+%0D%0A"), b"\xff\0 \r\n");
    }

    #[test]
    fn empty_pairs_are_skipped() {
        assert_eq!(parse(b"&&a=1&&").unwrap().0.len(), 1);
        assert_eq!(value("''"), b"");
    }
}
