//! `multipart/form-data` (RFC 7578) in a body that is held whole.

use zeroize::Zeroizing;

use super::{Source, Value};
use crate::contract::refusal::Refusal;

/// The most parts that are read.
const MOST_PARTS: usize = 20;
/// RFC 2046, 5.1.1: a boundary has at most 70 characters.
const LONGEST_BOUNDARY: usize = 70;

const BROKEN: Refusal = Refusal::Malformed("The request body is not valid multipart data");
const TOO_MANY: Refusal = Refusal::Malformed("The request body has too many parts");

/// Reads the parts up to the closing boundary, without which the body is
/// broken: a part may have been cut. Lines end as the first boundary's does.
pub(super) fn parse(body: &[u8], boundary: &[u8]) -> Result<Source, Refusal> {
    if boundary.is_empty() {
        // As upstream says it; yet on no route is the body dropped silently (V1-B2).
        return Err(Refusal::Nothing);
    }
    if boundary.len() > LONGEST_BOUNDARY {
        return Err(BROKEN);
    }
    let dashed = [b"--", boundary].concat();
    if is_empty_form(body, &dashed) {
        return Ok(Source::default());
    }
    let (mut rest, eol) = skip_preamble(body, &dashed)?;
    let delimiter = [eol, &dashed].concat();
    let mut source = Source::default();
    for _ in 0..MOST_PARTS {
        let (part, end) = next_part(rest, &delimiter, eol)?;
        if let Some((name, value)) = field(part, eol)? {
            source.push(name, value)?;
        }
        match end {
            End::Last => return Ok(source),
            End::Another(behind) => rest = behind,
        }
    }
    Err(TOO_MANY)
}

/// What stands behind a boundary: another part, or no more.
enum End<'a> {
    Another(&'a [u8]),
    Last,
}

/// A form without fields is its closing boundary alone, as browsers write it.
fn is_empty_form(body: &[u8], dashed: &[u8]) -> bool {
    body.trim_ascii().strip_prefix(dashed) == Some(b"--")
}

/// Finds the first boundary, at the start of a line, and the line ending it uses.
fn skip_preamble<'a>(body: &'a [u8], dashed: &[u8]) -> Result<(&'a [u8], &'static [u8]), Refusal> {
    let mut line = body;
    loop {
        if let Some(behind) = line.strip_prefix(dashed).map(trim_padding) {
            for eol in [&b"\r\n"[..], b"\n"] {
                if let Some(rest) = behind.strip_prefix(eol) {
                    return Ok((rest, eol));
                }
            }
        }
        let end = line.iter().position(|byte| *byte == b'\n').ok_or(BROKEN)?;
        line = &line[end + 1..];
    }
}

/// Splits at the next boundary. One that runs on into other text is content.
fn next_part<'a>(rest: &'a [u8], delimiter: &[u8], eol: &[u8]) -> Result<(&'a [u8], End<'a>), Refusal> {
    let mut from = 0;
    while let Some(at) = find(&rest[from..], delimiter) {
        let part = &rest[..from + at];
        let behind = &rest[from + at + delimiter.len()..];
        if behind.starts_with(b"--") {
            return Ok((part, End::Last));
        }
        if let Some(next) = trim_padding(behind).strip_prefix(eol) {
            return Ok((part, End::Another(next)));
        }
        from += at + 1;
    }
    Err(BROKEN)
}

/// Name and value of a part; `None` for one without a name.
fn field(part: &[u8], eol: &[u8]) -> Result<Option<(Zeroizing<String>, Value)>, Refusal> {
    let (headers, content) = split_headers(part, eol)?;
    let mut lines = headers.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let Some(disposition) = lines.find_map(disposition) else { return Ok(None) };
    let Some(name) = parameter(disposition, "name") else { return Ok(None) };
    let is_file = ["filename", "filename*"].iter().any(|file| parameter(disposition, file).is_some());
    let value = if is_file { Value::File } else { Value::Text(content.to_vec().into()) };
    Ok(Some((name, value)))
}

/// Splits at the empty line, which comes first in a part without headers.
fn split_headers<'a>(part: &'a [u8], eol: &[u8]) -> Result<(&'a [u8], &'a [u8]), Refusal> {
    if let Some(content) = part.strip_prefix(eol) {
        return Ok((&[], content));
    }
    let blank = [eol, eol].concat();
    let at = find(part, &blank).ok_or(BROKEN)?;
    Ok((&part[..at], &part[at + blank.len()..]))
}

/// The value of a Content-Disposition line, colon and all: its first part is not looked at.
fn disposition(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    name.eq_ignore_ascii_case(b"content-disposition").then_some(value)
}

/// A parameter's value, quoted or not. A quote inside is `\"` or `%22`, which
/// no name of ours holds, so that escapes need not be undone.
fn parameter(disposition: &[u8], name: &str) -> Option<Zeroizing<String>> {
    let mut quoted = false;
    let mut escaped = false;
    let parts = disposition.split(|byte| {
        let quote = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        quoted ^= quote;
        !quoted && *byte == b';'
    });
    parts.skip(1).find_map(|part| {
        let equals = part.iter().position(|byte| *byte == b'=')?;
        let value = part[equals + 1..].trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
        let is_it = part[..equals].trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        is_it.then(|| Zeroizing::new(String::from_utf8_lossy(value).into_owned()))
    })
}

fn trim_padding(bytes: &[u8]) -> &[u8] {
    let padding = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &bytes[padding..]
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, and the content of what is no file.
    type Pair = (String, Option<Vec<u8>>);

    fn pairs(body: &str) -> Result<Vec<Pair>, Refusal> {
        let fields = parse(body.as_bytes(), b"XbX")?.0.into_iter();
        Ok(fields
            .map(|field| match field.value {
                Value::Text(bytes) | Value::Fraction(bytes) => (field.name.to_string(), Some(bytes.to_vec())),
                Value::File => (field.name.to_string(), None),
            })
            .collect())
    }

    fn part(head: &str, content: &str) -> String {
        format!("--XbX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    }

    fn one(head: &str, content: &str) -> Pair {
        pairs(&format!("{}--XbX--\r\n", part(head, content))).unwrap().remove(0)
    }

    #[test]
    fn v1_b2_parts_are_read_byte_for_byte() {
        let body = format!("{}{}--XbX--", part("name=\"secret\"", "ñ🔑\r\nx\n"), part("name=ttl", "3600"));
        let fields = pairs(&body).unwrap();
        assert_eq!(fields[0], ("secret".into(), Some("ñ🔑\r\nx\n".into())));
        assert_eq!(fields[1], ("ttl".into(), Some(b"3600".to_vec())));
    }

    #[test]
    fn v1_b2_bare_line_feeds_preamble_and_padding_are_taken() {
        let body =
            "preamble\n--XbX \t\ncontent-disposition:form-data;name=\"secret\"\n\na\r\n--XbX--\nepilogue";
        assert_eq!(pairs(body).unwrap(), [("secret".into(), Some(b"a\r".to_vec()))]);
    }

    #[test]
    fn v1_b10_a_file_name_makes_a_file() {
        assert_eq!(one("name=\"secret\"; filename=\"a;b.txt\"", "x").1, None);
        assert_eq!(one("name=\"secret\"; filename=\"\"", "x").1, None);
        assert_eq!(one("filename*=UTF-8''a; name=\"secret\"", "x").1, None);
        assert_eq!(one("name=\"a\\\"; filename=\\\"b\"", "x").1, Some(b"x".to_vec()));
        assert_eq!(one("name=\"a; filename=b\"", "x").1, Some(b"x".to_vec()));
    }

    #[test]
    fn what_only_looks_like_a_boundary_is_content() {
        let content = "--XbX\r\n--XbXY\r\n --XbX--";
        assert_eq!(one("name=\"a\"", &content[7..]).1.unwrap(), &content.as_bytes()[7..]);
        assert_eq!(one("name=\"a\"", "").1.unwrap(), b"");
    }

    #[test]
    fn v1_b2_a_broken_body_is_refused() {
        let whole = format!("{}--XbX--", part("name=\"secret\"", "hello"));
        for cut in 0..whole.len() {
            assert!(pairs(&whole[..cut]).is_err(), "{cut}");
        }
        assert_eq!(parse(whole.as_bytes(), b"").err(), Some(Refusal::Nothing));
        assert_eq!(parse(whole.as_bytes(), &[b'a'; 71]).err(), Some(BROKEN));
        assert_eq!(pairs("--XbX\r\nno headers end\r\n--XbX--").err(), Some(BROKEN));
    }

    #[test]
    fn the_longest_boundary_is_read_and_a_longer_one_is_not() {
        let read = |length: usize| {
            let boundary = "b".repeat(length);
            let body = format!("--{boundary}\r\n\r\nx\r\n--{boundary}--");
            parse(body.as_bytes(), boundary.as_bytes()).map(|_| ())
        };
        assert_eq!([read(70), read(71), read(72)], [Ok(()), Err(BROKEN), Err(BROKEN)]);
    }

    #[test]
    fn v1_b2_a_form_without_fields_is_its_closing_boundary() {
        for body in ["--XbX--", "--XbX--\r\n", "\r\n--XbX--\r\n"] {
            assert!(pairs(body).unwrap().is_empty(), "{body:?}");
        }
        assert_eq!(pairs("--XbX--\r\nmore").err(), Some(BROKEN));
    }

    #[test]
    fn parts_without_a_name_are_skipped_and_counted() {
        let body = |n: usize| format!("{}--XbX--", "--XbX\r\n\r\nx\r\n".repeat(n));
        assert!(pairs(&body(20)).unwrap().is_empty());
        assert_eq!(pairs(&body(21)).err(), Some(TOO_MANY));
    }
}
