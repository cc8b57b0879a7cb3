//! JSON as the wire wants it: compact, in the order of the struct, in one buffer.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::site::Numbers;
use super::{Always, Reply, escape};
use crate::time::{Timestamp, Ttl};
use crate::wiped::Wiped;

/// What everything carries that a handler answers.
pub(super) static HANDLED: Always = &carried("application/json; charset=utf-8");
/// The same where no handler was found (V1-R12).
pub(super) static UNROUTED: Always = &carried("application/json");

const fn carried(content_type: &'static str) -> [(&'static str, &'static str); 4] {
    [
        ("content-type", content_type),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ]
}

/// A whole answer, with the headers that every answer of its kind carries.
pub(super) fn answer(status: u16, always: Always, body: &impl Serialize) -> Reply {
    let room = if status == 200 { USUAL } else { SHORT };
    Reply { status, always, own: Vec::new(), body: compact(body, room) }
}

/// An answer that tells a value, however large, before the members of `rest`, which must
/// have some.
pub(super) fn telling(value: &str, rest: &impl Serialize) -> Reply {
    let mut bytes = Wiped::with_capacity(SHORT + value.len());
    bytes.append(br#"{"value":"#);
    escape::string(&mut bytes, value);
    let joint = bytes.len();
    write(&mut bytes, rest);
    // An object goes on where another would begin.
    bytes[joint] = b',';
    Reply { status: 200, always: HANDLED, own: Vec::new(), body: trimmed(bytes) }
}

pub(super) fn message(status: u16, text: &str) -> Reply {
    answer(status, HANDLED, &Message { message: text })
}

pub(super) fn error(status: u16, text: &'static str) -> Reply {
    answer(status, UNROUTED, &Error { error: text })
}

/// The status that says what v1's 404 does not.
pub(super) fn intended(status: u16, reply: Reply) -> Reply {
    with_header(reply, "x-ots-intended-status", status.to_string())
}

pub(super) fn with_header(
    mut reply: Reply,
    name: &'static str,
    value: impl Into<Cow<'static, str>>,
) -> Reply {
    reply.own.push((name, value.into()));
    reply
}

/// A number of seconds, written the way the operator chose (C-1).
#[derive(Clone, Copy)]
pub(super) struct Number(u64, Numbers);

impl Number {
    pub(super) const fn ttl(ttl: Ttl, numbers: Numbers) -> Self {
        Self(ttl.secs(), numbers)
    }

    pub(super) const fn timestamp(timestamp: Timestamp, numbers: Numbers) -> Self {
        Self(timestamp.secs(), numbers)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Numbers::Number => serializer.serialize_u64(self.0),
            Numbers::String => serializer.collect_str(&self.0),
        }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct Error {
    error: &'static str,
}

fn compact(body: &impl Serialize, room: usize) -> Wiped {
    let mut bytes = Wiped::with_capacity(room);
    write(&mut bytes, body);
    trimmed(bytes)
}

fn write(bytes: &mut Wiped, body: &impl Serialize) {
    serde_json::to_writer(bytes, body)
        .expect("strings and integers always serialize, and memory takes every byte");
}

/// An answer may wait long for its client: it keeps little more room than it needs.
fn trimmed(mut bytes: Wiped) -> Wiped {
    if bytes.capacity() - bytes.len() > USUAL {
        bytes.move_to(0);
    }
    bytes
}

/// Bytes of all answers but lists and large values.
const USUAL: usize = 1_024;
/// Bytes of what went wrong, and of what stands beside a value. All room is wiped in the end.
const SHORT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_little_more_room_than_it_needs() {
        let value = "\u{1}\"\\é漢🦀".repeat(500);
        for bytes in [compact(&value, USUAL), telling(&value, &Error { error: "" }).body] {
            assert!(bytes.capacity() - bytes.len() <= USUAL);
        }
    }

    #[test]
    fn a_value_that_is_told_stands_before_the_rest() {
        let body = telling("\"é", &Error { error: "none" }).body;
        assert_eq!(&body[..], r#"{"value":"\"é","error":"none"}"#.as_bytes());
    }

    #[test]
    fn v1_c_1_numbers_are_numbers_unless_told_otherwise() {
        let shown = |numbers| compact(&[Number(3_600, numbers)], SHORT).to_vec();
        assert_eq!(shown(Numbers::Number), b"[3600]");
        assert_eq!(shown(Numbers::String), br#"["3600"]"#);
    }
}
