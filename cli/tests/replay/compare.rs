//! Holds an answer against what a case expects, and says every difference.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::json::Json;
use crate::names::Names;

/// How far a clock may have gone on between two readings of it, in seconds.
const SLACK: i64 = 10;

/// What made values are made of (V1-N4).
const ALPHABET: &str = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789*$!?(";

/// What is known when an answer comes.
pub(crate) struct Comparison<'a> {
    pub(crate) names: &'a Names,
    /// When the case began, in Unix seconds.
    pub(crate) began: i64,
    pub(crate) differences: Vec<String>,
}

impl Comparison<'_> {
    /// Compares at `place`, which is only for reading the report.
    pub(crate) fn json(&mut self, place: &str, expected: &Json, found: &Json) {
        match (expected, found) {
            (Json::Object(expected), Json::Object(found)) => self.object(place, expected, found),
            (Json::List(expected), Json::List(found)) if expected.len() == found.len() => {
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    self.json(&format!("{place}[{index}]"), expected, found);
                }
            }
            (Json::Text(expected), _) => self.placeholder(place, &self.names.fill(expected), found),
            _ if expected == found => {}
            _ => self.differ(place, &expected.compact(), found),
        }
    }

    fn object(&mut self, place: &str, expected: &[(String, Json)], found: &[(String, Json)]) {
        let names = |fields: &[(String, Json)]| {
            fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
        };
        if names(expected) != names(found) {
            let (expected, found) = (names(expected), names(found));
            self.differences.push(format!("{place}: fields\n    expected {expected}\n    found    {found}"));
            return;
        }
        for ((name, expected), (_, found)) in expected.iter().zip(found) {
            self.json(&format!("{place}.{name}"), expected, found);
        }
    }

    fn placeholder(&mut self, place: &str, expected: &str, found: &Json) {
        let argument = |name: &str| {
            let rest = expected.strip_prefix("{{")?.strip_suffix("}}")?.strip_prefix(name)?;
            rest.strip_prefix(':')?.parse::<i64>().ok()
        };
        let equal = match found {
            Json::Number(found) if expected == "{{now}}" => (self.began - 1..=now() + 1).contains(found),
            Json::Number(found) => argument("left").is_some_and(|left| (left - SLACK..=left).contains(found)),
            Json::Text(found) => {
                expected == "{{any_string}}"
                    || argument("generated").is_some_and(|length| generated(found, length))
                    || match expected.strip_prefix("{{origin}}") {
                        Some(path) => origin(found).is_some_and(|found| found == path),
                        None => found == expected,
                    }
            }
            _ => false,
        };
        if !equal {
            self.differ(place, expected, found);
        }
    }

    fn differ(&mut self, place: &str, expected: &str, found: &Json) {
        let found = format!("{} {}", found.kind(), found.compact());
        self.differences.push(format!("{place}:\n    expected {expected}\n    found    {found}"));
    }
}

/// Unix seconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    since.as_secs().try_into().expect("a clock before the end of time")
}

fn generated(text: &str, length: i64) -> bool {
    i64::try_from(text.len()) == Ok(length) && text.chars().all(|character| ALPHABET.contains(character))
}

/// What follows `scheme://host`.
fn origin(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"))?;
    let path = rest.find('/').unwrap_or(rest.len());
    (path > 0).then(|| &rest[path..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &str, found: &str) -> Vec<String> {
        let mut names = Names::default();
        names.set("key", "abc");
        let mut comparison = Comparison { names: &names, began: now() - 5, differences: Vec::new() };
        let read = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        comparison.json("body", &read(expected), &read(found));
        comparison.differences
    }

    fn same(expected: &str, found: &str) {
        assert_eq!(differences(expected, found), Vec::<String>::new());
    }

    fn other(expected: &str, found: &str) {
        assert!(!differences(expected, found).is_empty(), "{expected} took {found}");
    }

    #[test]
    fn types_words_presence_and_order_count() {
        same(r#"{"a":1,"b":null,"c":[]}"#, r#"{"a":1,"b":null,"c":[]}"#);
        other(r#"{"a":1}"#, r#"{"a":"1"}"#);
        other(r#"{"a":1}"#, r#"{"a":2}"#);
        other(r#"{"a":1}"#, r#"{"a":1,"b":2}"#);
        other(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#);
        other(r#"{"a":null}"#, r#"{"a":""}"#);
        other("[]", "[1]");
        other("[]", "{}");
        other(r#""word""#, r#""Word""#);
    }

    #[test]
    fn times_are_near_and_numbers() {
        let now = now();
        same(r#""{{now}}""#, &now.to_string());
        other(r#""{{now}}""#, &format!("\"{now}\""));
        other(r#""{{now}}""#, &(now - 60).to_string());
        other(r#""{{now}}""#, &(now + 60).to_string());
        same(r#""{{left:60}}""#, "60");
        same(r#""{{left:60}}""#, "55");
        other(r#""{{left:60}}""#, "61");
        other(r#""{{left:60}}""#, "40");
        other(r#""{{left:60}}""#, r#""60""#);
    }

    #[test]
    fn names_origins_and_made_values() {
        same(r#""{{key}}""#, r#""abc""#);
        other(r#""{{key}}""#, r#""abd""#);
        other(r#""{{unset}}""#, r#""abc""#);
        same(r#""{{origin}}""#, r#""https://h.example""#);
        same(r#""{{origin}}/receipt/{{key}}""#, r#""http://h:7143/receipt/abc""#);
        other(r#""{{origin}}""#, r#""h.example""#);
        other(r#""{{origin}}""#, r#""https://h.example/""#);
        other(r#""{{origin}}""#, r#""https://""#);
        same(r#""{{generated:3}}""#, r#""a2*""#);
        other(r#""{{generated:3}}""#, r#""a1*""#);
        other(r#""{{generated:3}}""#, r#""a2""#);
        same(r#""{{any_string}}""#, r#""x""#);
        other(r#""{{any_string}}""#, "null");
    }
}
