//! `application/x-www-form-urlencoded`, decoded byte by byte: a lossy decoder
//! would change a secret.

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use super::{Source, Value};
use crate::contract::refusal::Refusal;

/// Reads pairs separated by `&`. A stray `%` is kept as text (V1-B11), a pair
/// without `=` has an empty value. Nothing else can be wrong but the number of pairs.
pub(super) fn parse(bytes: &[u8]) -> Result<Source, Refusal> {
    let mut source = Source::default();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
        // A name that is not UTF-8 is none of ours; replaced characters keep it none.
        let name = Zeroizing::new(String::from_utf8_lossy(&decode(name)).into_owned());
        source.push(name, Value::Text(decode(value)))?;
    }
    Ok(source)
}

/// Decodes `+` and `%XX`. The capacity is given beforehand, so that no growing
/// buffer leaves a copy behind.
fn decode(encoded: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
    for (index, run) in encoded.split(|byte| *byte == b'+').enumerate() {
        if index > 0 {
            decoded.push(b' ');
        }
        decoded.extend(percent_decode(run));
    }
    decoded
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
    fn v1_p1_bytes_are_kept_as_they_are() {
        assert_eq!(value("secret=%FF%00+%0D%0A"), b"\xff\0 \r\n");
    }

    #[test]
    fn empty_pairs_are_skipped() {
        assert_eq!(parse(b"&&a=1&&").unwrap().0.len(), 1);
        assert_eq!(value("''"), b"");
    }
}
