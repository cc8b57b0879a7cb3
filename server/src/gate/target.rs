//! Bytes that RFC 3986 keeps out of a target and clients send all the same: a
//! secret in the query with a quotation mark in it, as curl does not escape it, or
//! with letters beyond ASCII. Other servers of this API take them, so they are
//! escaped here: hyper would refuse the request, and the secret with it.

use std::ops::Range;

use memchr::memchr;
use waxseal_core::wiped::Wiped;

/// Escapes what stands raw in the target of the head that is the first `length`
/// bytes of `held`. Says how long the head is then.
pub(super) fn escape(held: &mut Wiped, length: usize) -> usize {
    // Most heads have none of them anywhere: nobody need look where the target stands.
    if !held[..length].iter().fold(false, |any, byte| any | is_raw(*byte)) {
        return length;
    }
    let Some(target) = target(&held[..length]) else { return length };
    let raw = held[target.clone()].iter().filter(|byte| is_raw(**byte)).count();
    if raw == 0 {
        return length;
    }
    let mut escaped = Wiped::with_capacity(held.len() + 2 * raw);
    escaped.extend_from_slice(&held[..target.start]);
    for byte in &held[target.clone()] {
        match is_raw(*byte) {
            true => escaped.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]),
            false => escaped.push(*byte),
        }
    }
    escaped.extend_from_slice(&held[target.end..]);
    *held = escaped;
    length + 2 * raw
}

/// What stands between the first two blanks of the first line that is not empty.
fn target(head: &[u8]) -> Option<Range<usize>> {
    let line = head.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let end = line + memchr(b'\r', &head[line..])?;
    let start = line + memchr(b' ', &head[line..end])? + 1;
    let behind = start + memchr(b' ', &head[start..end])?;
    Some(start..behind)
}

// Without branches, so that many bytes are looked at together.
const fn is_raw(byte: u8) -> bool {
    (byte == b'"') | (byte == b'<') | (byte == b'>') | (byte >= 0x80)
}

fn digit(nibble: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(nibble)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(head: &[u8]) -> Vec<u8> {
        let mut held = Wiped::new([head, b"behind\"".as_slice()].concat());
        let length = escape(&mut held, head.len());
        assert_eq!(&held[length..], b"behind\"", "what follows stays as it is");
        held[..length].to_vec()
    }

    #[test]
    fn what_stands_raw_in_a_target_is_escaped() {
        let head = b"\r\nPOST /a?secret=\"<caf\xc3\xa9>\" HTTP/1.1\r\nX: \"\xe9\"\r\n\r\n";
        let expected = b"\r\nPOST /a?secret=%22%3Ccaf%C3%A9%3E%22 HTTP/1.1\r\nX: \"\xe9\"\r\n\r\n";
        assert_eq!(escaped(head), expected);
    }

    #[test]
    fn a_sound_head_and_what_is_none_stay_as_they_are() {
        for head in ["GET /%22 HTTP/1.1\r\nX: <\r\n\r\n", "GET\r\n\r\n", "GET \"\r\n\r\n", "\r\n\r\n", ""] {
            assert_eq!(escaped(head.as_bytes()), head.as_bytes(), "{head:?}");
        }
    }
}
