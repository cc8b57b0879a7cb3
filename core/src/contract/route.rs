//! Which of the contract's routes a request takes, and the key in its path.

use std::fmt;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::id::{LinkKey, MetadataKey};
use crate::store::{Action, Scope};
use crate::wiped::Wiped;

/// Keys this long or longer are looked up (V1-E3). Shorter ones never existed.
const SHORTEST_KEY: usize = 20;
/// Longer ones are not looked up either: the newest upstream makes 63.
const LONGEST_KEY: usize = 128;

/// A route of the API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Route {
    /// Whether the service is up.
    Status,
    /// Whether the credentials are right.
    Authcheck,
    /// Keep a value.
    Share,
    /// The same under its other name, which also takes `secret[secret]=…`.
    Create,
    /// Make a value and keep it.
    Generate,
    /// Open, once.
    Reveal(KeyPath),
    /// Show the metadata.
    Look(KeyPath),
    /// Destroy unread.
    Burn(KeyPath),
    /// List the account's own.
    Recent,
    /// Anything else.
    Unrouted,
}

impl Route {
    /// The route of a method and a path that is still percent-encoded (§1).
    ///
    /// One trailing slash is ignored, but not after a key. Doubled slashes,
    /// escaped slashes and methods a path does not have lead nowhere.
    #[must_use]
    pub fn of(method: &str, path: &str) -> Self {
        let Some(path) = path.strip_prefix("/api/v1/") else { return Self::Unrouted };
        // One more than any route has: a path of more leads nowhere.
        let mut segments = [""; 4];
        let count = segments.iter_mut().zip(path.split('/')).map(|(slot, segment)| *slot = segment).count();
        match method {
            "GET" | "HEAD" => Self::of_get(&segments[..count]),
            "POST" => Self::of_post(&segments[..count]),
            _ => Self::Unrouted,
        }
    }

    /// Whether a path is that of [`Route::Status`], whatever the method.
    #[must_use]
    pub fn is_status(path: &str) -> bool {
        matches!(path.strip_prefix("/api/v1/"), Some("status" | "status/"))
    }

    fn of_get(segments: &[&str]) -> Self {
        match segments {
            ["status"] | ["status", ""] => Self::Status,
            ["authcheck"] | ["authcheck", ""] => Self::Authcheck,
            ["private" | "metadata" | "receipt", "recent"]
            | ["private" | "metadata" | "receipt", "recent", ""] => Self::Recent,
            ["private" | "metadata" | "receipt", key] => keyed(key, Self::Look),
            _ => Self::Unrouted,
        }
    }

    fn of_post(segments: &[&str]) -> Self {
        match segments {
            ["share"] | ["share", ""] => Self::Share,
            ["create"] | ["create", ""] => Self::Create,
            ["generate"] | ["generate", ""] => Self::Generate,
            ["secret", key] => keyed(key, Self::Reveal),
            ["private" | "metadata" | "receipt", key] => keyed(key, Self::Look),
            ["private" | "metadata" | "receipt", key, "burn"] => keyed(key, Self::Burn),
            _ => Self::Unrouted,
        }
    }

    /// One word for logs and metrics. Never the path: the path holds the key.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Authcheck => "authcheck",
            Self::Share => "share",
            Self::Create => "create",
            Self::Generate => "generate",
            Self::Reveal(_) => "reveal",
            Self::Look(_) => "look",
            Self::Burn(_) => "burn",
            Self::Recent => "recent",
            Self::Unrouted => "unrouted",
        }
    }

    /// Whether a caller without an account is refused (V1-A7).
    #[must_use]
    pub const fn needs_account(&self) -> bool {
        matches!(self, Self::Authcheck | Self::Recent)
    }

    /// Whether a token of this scope may take it. One that may not is refused like
    /// one that does not verify (V1-A3), on routes that serve guests, too:
    /// credentials that come with a request are never passed over.
    #[must_use]
    pub const fn is_open_to(&self, scope: Scope) -> bool {
        match (scope, self) {
            (Scope::Full, _) | (_, Self::Status | Self::Authcheck) => true,
            (Scope::Create, _) => matches!(self, Self::Share | Self::Create | Self::Generate),
            (Scope::Read, _) => matches!(self, Self::Look(_) | Self::Recent),
        }
    }

    /// Which allowance the request uses up, if any.
    #[must_use]
    pub const fn action(&self) -> Option<Action> {
        match self {
            Self::Share | Self::Create | Self::Generate => Some(Action::Create),
            Self::Reveal(_) => Some(Action::Reveal),
            _ => None,
        }
    }

    /// The key in the path, where the route has one.
    #[must_use]
    pub const fn key(&self) -> Option<&KeyPath> {
        match self {
            Self::Reveal(key) | Self::Look(key) | Self::Burn(key) => Some(key),
            _ => None,
        }
    }
}

fn keyed(raw: &str, route: fn(KeyPath) -> Route) -> Route {
    KeyPath::of(raw).map_or(Route::Unrouted, route)
}

/// The key in a path, as text. It is a capability: wiped on drop, not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPath {
    decoded: Zeroizing<String>,
    /// `None` if nothing is left out of it.
    echo: Option<Zeroizing<String>>,
}

impl KeyPath {
    /// Decodes one segment of a path. `None` if it is empty or hides a slash.
    #[must_use]
    pub fn of(segment: &str) -> Option<Self> {
        if segment.is_empty() {
            return None;
        }
        // Nearly always nothing stands in it but what a key is made of.
        if segment.bytes().fold(true, |all, byte| all & is_echoed(char::from(byte))) {
            return Some(Self { decoded: Zeroizing::new(segment.to_owned()), echo: None });
        }
        // Capacities are given beforehand, so that no growing buffer leaves a copy behind.
        let mut bytes = Wiped::with_capacity(segment.len());
        bytes.extend(percent_decode_str(segment));
        // What is not UTF-8 is no key; replaced characters keep it none.
        let decoded = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
        if decoded.contains('/') {
            return None;
        }
        let mut echo = Zeroizing::new(String::with_capacity(decoded.len()));
        echo.extend(decoded.chars().filter(|c| is_echoed(*c)));
        Some(Self { decoded, echo: Some(echo) })
    }

    /// What answers echo: the key without characters outside `[A-Za-z0-9_-]` (V1-P11).
    #[must_use]
    pub fn echo(&self) -> &str {
        self.echo.as_ref().unwrap_or(&self.decoded)
    }

    /// The link key it names. Look-up takes the decoded text exactly (C-16).
    ///
    /// # Errors
    /// [`Refusal::NotAKey`] for a length no key ever had (V1-E3).
    pub fn link_key(&self) -> Result<LinkKey, Refusal> {
        self.check_length().map(|()| LinkKey::named(&self.decoded))
    }

    /// The metadata key it names.
    ///
    /// # Errors
    /// As [`KeyPath::link_key`].
    pub fn metadata_key(&self) -> Result<MetadataKey, Refusal> {
        self.check_length().map(|()| MetadataKey::named(&self.decoded))
    }

    fn check_length(&self) -> Result<(), Refusal> {
        if (SHORTEST_KEY..=LONGEST_KEY).contains(&self.echo().len()) { Ok(()) } else { Err(Refusal::NotAKey) }
    }
}

impl fmt::Debug for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPath([redacted])")
    }
}

// Without branches, so that many are looked at together.
const fn is_echoed(character: char) -> bool {
    character.is_ascii_alphanumeric() | (character == '_') | (character == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghijklmnopqrstu";

    fn name(method: &str, path: &str) -> &'static str {
        Route::of(method, path).name()
    }

    #[test]
    fn v1_r1_to_r10_every_route_is_known() {
        for (method, path, expected) in [
            ("GET", "/api/v1/status", "status"),
            ("GET", "/api/v1/authcheck", "authcheck"),
            ("POST", "/api/v1/share", "share"),
            ("POST", "/api/v1/create", "create"),
            ("POST", "/api/v1/generate", "generate"),
            ("GET", "/api/v1/private/recent", "recent"),
            ("GET", "/api/v1/metadata/recent", "recent"),
            ("GET", "/api/v1/receipt/recent", "recent"),
        ] {
            assert_eq!(name(method, path), expected, "{method} {path}");
        }
        assert_eq!(name("POST", &format!("/api/v1/secret/{KEY}")), "reveal");
        for alias in ["private", "metadata", "receipt"] {
            assert_eq!(name("GET", &format!("/api/v1/{alias}/{KEY}")), "look");
            assert_eq!(name("POST", &format!("/api/v1/{alias}/{KEY}")), "look");
            assert_eq!(name("POST", &format!("/api/v1/{alias}/{KEY}/burn")), "burn");
        }
    }

    #[test]
    fn v1_r11_r12_other_methods_and_paths_lead_nowhere() {
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post"] {
            assert_eq!(name(method, "/api/v1/share"), "unrouted", "{method}");
            assert_eq!(name(method, &format!("/api/v1/secret/{KEY}")), "unrouted", "{method}");
            assert_eq!(name(method, &format!("/api/v1/private/{KEY}/burn")), "unrouted", "{method}");
        }
        for path in ["/", "/api/v1", "/api/v1/", "/api/v1/nope", "/api/v2/share", "/API/v1/share", "share"] {
            assert_eq!(name("POST", path), "unrouted", "{path}");
        }
    }

    #[test]
    fn v1_r13_head_goes_where_get_goes() {
        assert_eq!(name("HEAD", "/api/v1/status"), "status");
        assert_eq!(name("HEAD", &format!("/api/v1/private/{KEY}")), "look");
        assert_eq!(name("HEAD", "/api/v1/private/recent"), "recent");
    }

    #[test]
    fn a_path_of_the_status_is_known_as_its_route_is() {
        for path in ["status", "status/", "status//", "status/x", "authcheck", "statu", ""] {
            let path = format!("/api/v1/{path}");
            assert_eq!(Route::is_status(&path), Route::of("GET", &path) == Route::Status, "{path}");
        }
        assert!(!Route::is_status("status"));
    }

    #[test]
    fn v1_r14_one_trailing_slash_is_ignored_but_not_after_a_key() {
        assert_eq!(name("GET", "/api/v1/status/"), "status");
        assert_eq!(name("POST", "/api/v1/share/"), "share");
        assert_eq!(name("GET", "/api/v1/private/recent/"), "recent");
        for path in ["status//", "/status", "private//recent"] {
            assert_eq!(name("GET", &format!("/api/v1/{path}")), "unrouted", "{path}");
        }
        for path in [
            format!("secret/{KEY}/"),
            format!("private/{KEY}/"),
            format!("private/{KEY}/burn/"),
            "secret/".into(),
            "secret".into(),
            "private//burn".into(),
            "private/recent/".into(),
        ] {
            assert_eq!(name("POST", &format!("/api/v1/{path}")), "unrouted", "{path}");
        }
    }

    #[test]
    fn v1_r15_a_post_of_recent_is_a_key_that_is_too_short() {
        let route = Route::of("POST", "/api/v1/private/recent");
        assert_eq!(route.name(), "look");
        assert_eq!(route.key().unwrap().metadata_key().unwrap_err(), Refusal::NotAKey);
    }

    #[test]
    fn v1_p11_an_escaped_slash_leads_nowhere() {
        assert_eq!(name("POST", &format!("/api/v1/secret/{KEY}%2F")), "unrouted");
        assert_eq!(name("POST", &format!("/api/v1/secret/%2f{KEY}")), "unrouted");
    }

    #[test]
    fn v1_p11_cleaning_serves_the_echo_and_the_lookup_is_exact() {
        let plain = KeyPath::of(KEY).unwrap();
        assert_eq!(plain.link_key().unwrap().text().expose(), KEY);
        let dotted = KeyPath::of(&format!("%20{KEY}.%C3%B1")).unwrap();
        assert_eq!(dotted.echo(), KEY);
        assert_ne!(dotted.link_key().unwrap().text().expose(), KEY);
        let dash = KeyPath::of(&format!("{KEY}-")).unwrap();
        assert_eq!(dash.echo(), format!("{KEY}-"));
        assert_ne!(dash.link_key().unwrap().text().expose(), KEY);
        assert!(KeyPath::of("%ff%fe").unwrap().link_key().is_err());
    }

    #[test]
    fn v1_e3_lengths_are_those_of_the_cleaned_key() {
        let length = |n: usize| KeyPath::of(&"a".repeat(n)).unwrap().link_key().is_ok();
        assert!(!length(19) && length(20) && length(62) && length(128) && !length(129));
        assert!(KeyPath::of(&format!("{}....", "a".repeat(18))).unwrap().link_key().is_err());
    }

    #[test]
    fn only_what_changes_something_has_an_allowance() {
        assert_eq!(Route::Share.action(), Some(Action::Create));
        assert_eq!(Route::Generate.action(), Some(Action::Create));
        assert_eq!(Route::of("POST", &format!("/api/v1/secret/{KEY}")).action(), Some(Action::Reveal));
        assert_eq!(Route::Status.action(), None);
        assert!(Route::Recent.needs_account() && Route::Authcheck.needs_account());
        assert!(!Route::Share.needs_account());
    }

    #[test]
    fn no_debug_shows_the_key() {
        let shown = format!("{:?}", Route::of("POST", &format!("/api/v1/secret/{KEY}")));
        assert!(!shown.contains(KEY));
    }
}
