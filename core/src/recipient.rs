//! Who is to be told of a secret by mail.

use std::fmt;

/// RFC 5321, 4.5.3.1: octets of a local part, of a domain, of both with the `@`.
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 253;
const LONGEST_ADDRESS: usize = 254;

/// What stands for the rest of a name once it is masked (V1-K3).
const STARS: &str = "*****";

/// One e-mail address, checked and lower-cased. Its `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(String);

impl Recipient {
    /// The first address in a text such as `Tom <tom@example.com>` (V1-P5).
    ///
    /// `None` for a text without one, and for any text with CR, LF or NUL, which
    /// have no place in a mail's header. An address must stand free: what is
    /// only the tail of a longer name would reach somebody else.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        if text.contains(['\r', '\n', '\0']) {
            return None;
        }
        text.match_indices('@').find_map(|(at, _)| address_around(text, at))
    }

    /// A text that is one address and nothing else, as an account's name must be.
    #[must_use]
    pub fn exact(text: &str) -> Option<Self> {
        Self::find(text).filter(|found| found.0.eq_ignore_ascii_case(text))
    }

    /// The address, for the mailer.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As answers show it: `to*****@e*****.com` (V1-K3).
    #[must_use]
    pub fn masked(&self) -> String {
        // Both marks are there: `find` is the only way to make an address.
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        let top = domain.rsplit('.').next().unwrap_or_default();
        let start = |text: &str, n: usize| text.chars().take(n).collect::<String>();
        format!("{}{STARS}@{}{STARS}.{top}", start(local, 2), start(domain, 1))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.masked())
    }
}

fn address_around(text: &str, at: usize) -> Option<Recipient> {
    let (before, after) = (&text[..at], &text[at + 1..]);
    let rest = before.trim_end_matches(is_of_local);
    let local = before[rest.len()..].trim_start_matches('\'');
    let behind = after.trim_start_matches(is_of_domain);
    let domain = after[..after.len() - behind.len()].trim_end_matches('.');
    let stands_free =
        rest.chars().next_back().is_none_or(is_delimiter) && behind.chars().next().is_none_or(is_delimiter);
    let fits = local.len() + 1 + domain.len() <= LONGEST_ADDRESS;
    (stands_free && fits && is_local(local) && is_domain(domain))
        .then(|| Recipient(format!("{local}@{domain}").to_ascii_lowercase()))
}

/// RFC 5322's dot-atom, in ASCII.
fn is_local(local: &str) -> bool {
    local.len() <= LONGEST_LOCAL && local.split('.').all(|atom| !atom.is_empty())
}

/// Whether a text is a domain name: two labels or more, the last of letters or
/// an encoded one of any length (V1-K4). RFC 1035, 2.3.1 and 2.3.4.
pub(crate) fn is_domain(domain: &str) -> bool {
    let Some((rest, top)) = domain.rsplit_once('.') else { return false };
    let top_is_name = top.bytes().all(|byte| byte.is_ascii_alphabetic()) || starts_encoded(top);
    domain.len() <= LONGEST_DOMAIN
        && top.len() >= 2
        && top_is_name
        && is_label(top)
        && rest.split('.').all(is_label)
}

fn starts_encoded(label: &str) -> bool {
    label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

const fn is_of_local(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '.' | '!'
                | '#'
                | '$'
                | '%'
                | '&'
                | '\''
                | '*'
                | '+'
                | '-'
                | '/'
                | '='
                | '?'
                | '^'
                | '_'
                | '`'
                | '{'
                | '|'
                | '}'
                | '~'
        )
}

const fn is_of_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-')
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        Recipient::find(text).map(|recipient| recipient.expose().to_owned())
    }

    #[test]
    fn v1_p5_the_first_address_is_found_and_lower_cased() {
        for text in [
            "a@b.com",
            "A@B.Com",
            "Tom <a@b.com>",
            "a@b.com,c@d.net",
            "a@b.com; c@d.net",
            " a@b.com ",
            "<b>a@b.com</b>",
            "'a@b.com'",
            "\"a@b.com\"",
            "mailto:a@b.com",
            "Ask a@b.com.",
            "@ a@b.com",
            "a@b a@b.com",
        ] {
            assert_eq!(found(text).as_deref(), Some("a@b.com"), "{text}");
        }
        assert_eq!(found("o'brien+x@a-b.co.uk").as_deref(), Some("o'brien+x@a-b.co.uk"));
    }

    #[test]
    fn v1_e9_what_has_no_address_is_none() {
        for text in [
            "",
            "not-an-address",
            "a@b",
            "@b.com",
            "a@",
            "a@.com",
            "a@b..com",
            "a@-b.com",
            "a@b-.com",
            "a@b.c",
            "a@b.123",
            ".a@b.com",
            "a..b@c.com",
            "a.@b.com",
            "a@b.com@c.com",
            "a@1.2.3.4",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(found(&format!("{}@b.com", "a".repeat(65))), None);
        assert_eq!(found(&format!("a@{}.com", "b".repeat(64))), None);
        assert_eq!(found(&format!("a@{}com", "b.".repeat(130))), None);
    }

    #[test]
    fn local_part_and_domain_may_each_fit_and_be_too_long_together() {
        let address = |domain: usize| {
            let label = "b".repeat(61);
            format!("{}@{label}.{label}.{}.com", "a".repeat(64), "b".repeat(domain - 128))
        };
        assert!(found(&address(189)).is_some());
        assert_eq!(found(&address(190)), None);
    }

    #[test]
    fn v1_e9_line_breaks_and_nul_are_refused_wherever_they_stand() {
        for text in ["a@b.com\r\nBcc: x@y.com", "a@b.com\n", "\0a@b.com", "a@b.com, \r"] {
            assert_eq!(found(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_tail_of_a_longer_name_is_no_address() {
        for text in ["ñandu@b.com", "a\\b@c.com", "a@b.comñ", "a@b.com_x", "a@b_c.com"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn v1_k4_long_top_level_domains_are_accepted() {
        assert!(found("a@b.photography").is_some());
        assert!(found("a@b.xn--p1ai").is_some());
    }

    #[test]
    fn v1_k3_five_stars_hide_the_rest() {
        let masked = |text: &str| Recipient::find(text).unwrap().masked();
        assert_eq!(masked("tom@example.com"), "to*****@e*****.com");
        assert_eq!(masked("a@b.co.uk"), "a*****@b*****.uk");
        assert_eq!(
            format!("{:?}", Recipient::find("tom@example.com").unwrap()),
            "Recipient(to*****@e*****.com)"
        );
    }
}
