//! Looks for secrets in a text, however they are written there.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// So much of a secret, from its beginning or its end, is a leak.
const PART: usize = 12;
/// Shorter texts stand everywhere.
const SHORTEST: usize = 10;

/// What must not be found.
#[derive(Default)]
pub(crate) struct Search(Vec<(&'static str, String)>);

impl Search {
    /// Adds a secret, and gives it back to be used. Searched for is its longest
    /// run of letters, digits, dots and colons: what no encoding breaks up.
    pub(crate) fn keep(&mut self, what: &'static str, secret: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':');
        let run = secret.split(|c| !is_plain(c)).max_by_key(|run| run.len()).unwrap_or_default();
        assert!(run.len() >= SHORTEST, "{secret} is too short to be found");
        self.0.push((what, run.to_owned()));
        secret.to_owned()
    }

    /// Adds a secret that is looked for as it is, whatever signs it has.
    pub(crate) fn keep_whole(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= SHORTEST && secret.is_ascii(), "{secret} cannot be found");
        self.0.push((what, secret.to_owned()));
    }

    /// How many secrets are looked for.
    pub(crate) fn secrets(&self) -> usize {
        self.0.len()
    }

    /// What is found: which secret, how it is written, and the line.
    pub(crate) fn all_in(&self, text: &str) -> Vec<String> {
        let lines: Vec<(&str, String)> = text.lines().map(|line| (line, line.to_lowercase())).collect();
        let mut found = Vec::new();
        for (what, secret) in &self.0 {
            for (form, needle, is_exact) in parts(secret).into_iter().flat_map(forms) {
                let needle = if is_exact { needle } else { needle.to_lowercase() };
                let hit = |(line, lower): &&(&str, String)| {
                    if is_exact { line.contains(&needle) } else { lower.contains(&needle) }
                };
                found.extend(lines.iter().find(hit).map(|(line, _)| format!("{what}, {form}: {line}")));
            }
        }
        found
    }
}

/// Its beginning and its end: logs cut what is long.
fn parts(secret: &str) -> Vec<&str> {
    if secret.len() <= PART {
        return vec![secret];
    }
    vec![&secret[..PART], &secret[secret.len() - PART..]]
}

/// The ways to write it: name, text, and whether upper and lower case differ.
fn forms(part: &str) -> Vec<(&'static str, String, bool)> {
    let each = |write: fn(u8) -> String| part.bytes().map(write).collect::<Vec<_>>();
    let mut forms = vec![
        ("plain", part.to_owned(), false),
        ("hex", each(|byte| format!("{byte:02x}")).concat(), false),
        ("spaced hex", each(|byte| format!("{byte:02x}")).join(" "), false),
        ("percent-encoded", each(|byte| format!("%{byte:02x}")).concat(), false),
        ("JSON-escaped", each(|byte| format!("\\u{byte:04x}")).concat(), false),
        ("escaped", each(|byte| format!("\\x{byte:02x}")).concat(), false),
        ("bytes", each(|byte| byte.to_string()).join(", "), false),
        ("close bytes", each(|byte| byte.to_string()).join(","), false),
    ];
    for before in 0..3 {
        forms.push(("base64", base64(&BASE64_STANDARD_NO_PAD, part, before), true));
        forms.push(("base64url", base64(&BASE64_URL_SAFE_NO_PAD, part, before), true));
    }
    forms
}

/// What surely stands in the base64 of a text that has the part behind `before`
/// bytes, or three more, or six: the signs that depend on the part alone.
fn base64(engine: &impl Engine, part: &str, before: usize) -> String {
    let bytes = [&b"xx"[..before], part.as_bytes()].concat();
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    engine.encode(bytes)[from..to].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

    const SECRET: &str = "Wv7canaryVALUEq9";

    fn found(text: &str) -> usize {
        let mut search = Search::default();
        search.keep("value", SECRET);
        search.all_in(&format!("INFO one\nINFO two request=\"{text}\" three\n")).len()
    }

    #[test]
    fn a_log_without_it_is_clean() {
        assert_eq!(found("nothing of the kind, 87, 118, 55"), 0);
        assert_eq!(found("canaryVALUE"), 0, "eleven signs of its middle are no find");
    }

    #[test]
    fn it_is_found_in_every_writing() {
        let bytes = SECRET.as_bytes();
        let each = |write: fn(&u8) -> String| bytes.iter().map(write).collect::<String>();
        let planted = [
            SECRET.to_owned(),
            SECRET.to_uppercase(),
            format!("{SECRET:?}"),
            SECRET[..13].to_owned(),
            SECRET[3..].to_owned(),
            each(|byte| format!("{byte:02x}")),
            each(|byte| format!("{byte:02X}")),
            each(|byte| format!("%{byte:02X}")),
            each(|byte| format!("%{byte:02x}")),
            each(|byte| format!("\\u00{byte:02X}")),
            each(|byte| format!("\\x{byte:02x}")),
            format!("{bytes:?}"),
            serde_json::to_string(bytes).unwrap(),
            serde_json::to_string(SECRET).unwrap(),
            BASE64_STANDARD.encode(SECRET),
            BASE64_URL_SAFE.encode(SECRET),
            format!("Basic {}", BASE64_STANDARD.encode(format!("a@b.co:{SECRET}"))),
        ];
        for text in planted {
            assert!(found(&text) > 0, "{text}");
        }
    }

    #[test]
    fn base64_is_found_wherever_it_begins() {
        for before in 0..7 {
            let text = format!("{}{SECRET} and more", "~".repeat(before));
            assert!(found(&BASE64_STANDARD.encode(&text)) > 0, "{before}");
            assert!(found(&BASE64_URL_SAFE.encode(&text)) > 0, "{before}");
        }
    }

    #[test]
    fn it_is_found_between_signs_that_encodings_change() {
        let mut search = Search::default();
        let secret = search.keep("value", "\"é/Wv7canaryVALUEq9\\\n");
        let percent = "%22%C3%A9%2FWv7canaryVALUEq9%5C%0A".to_owned();
        for text in [format!("{secret:?}"), serde_json::to_string(&secret).unwrap(), percent] {
            assert!(!search.all_in(&text).is_empty(), "{text}");
        }
    }
}
