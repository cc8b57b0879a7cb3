//! The kinds of values that a configuration holds. Each reads itself from text,
//! so that a flag, an environment variable and the file accept the same.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use waxseal_core::policy::{LONGEST_TTL, SHORTEST_TTL};
use waxseal_core::recipient::Recipient;
use waxseal_core::time::Ttl;

use super::log::{LogFormat, LogLevels};

/// A value outside what is allowed; the text says what is.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(String);

pub(super) fn bad<T>(message: impl Into<String>) -> Result<T, BadValue> {
    Err(BadValue(message.into()))
}

/// Where the server listens: an address and a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listen(pub SocketAddr);

impl FromStr for Listen {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        text.parse().map(Self).or_else(|_| {
            bad(format!("`{text}` is no address and port, such as 127.0.0.1:7143 or [::1]:7143"))
        })
    }
}

/// A host that links can stand on, lower-cased: a name in ASCII or an address
/// (IPv6 in brackets), with a port if it has one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Host(String);

impl Host {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is this machine to itself: `localhost`, below it, or a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        if let Ok(address) = self.0.parse::<SocketAddr>() {
            return address.ip().is_loopback();
        }
        let name = without_port(&self.0).unwrap_or(&self.0);
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            || name == "localhost"
            || name.ends_with(".localhost")
    }
}

impl From<SocketAddr> for Host {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string())
    }
}

impl FromStr for Host {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let host = text.to_ascii_lowercase();
        match without_port(&host) {
            Some(name) if is_address(name) || is_name(name) => Ok(Self(host)),
            _ => bad(format!(
                "`{text}` is no host; write a bare name such as secrets.example.com, with :PORT if it has \
                 one, without http:// and without a path (names beyond ASCII in their xn-- form)"
            )),
        }
    }
}

/// The host less its port. `None` if the port is none, 1 to 65535.
fn without_port(host: &str) -> Option<&str> {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            (digits && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some(name)
        }
        _ => Some(host),
    }
}

fn is_address(name: &str) -> bool {
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
}

/// RFC 1123: labels of 1 to 63 letters, digits and inner hyphens, 253 in all.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// How links begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// As it stands in a link.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl FromStr for Scheme {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        match text {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => bad(format!("`{text}` is no scheme; allowed: http, https")),
        }
    }
}

/// Peers whose word on a client's address counts: a network, or one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Proxy(pub(super) IpNet);

impl FromStr for Proxy {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).or_else(|_| bad(format!("`{text}` is no network, such as 10.0.0.0/8 or fd00::/8")))
    }
}

/// A short name: of a plan, of a region.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Code(pub(super) String);

impl FromStr for Code {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=32).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            bad(format!("`{text}` is no short name: 1 to 32 letters, digits, - and _"))
        }
    }
}

/// A name for people to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Title(pub(super) String);

impl Title {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Title {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        const LONGEST: usize = 100;
        let length = text.trim().chars().count();
        if (1..=LONGEST).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.trim().to_owned()))
        } else {
            bad("it must be a name for people to read: 1 to 100 characters on one line")
        }
    }
}

/// A sentence or two for people to read, on one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Remark(pub(super) String);

impl FromStr for Remark {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        const LONGEST: usize = 300;
        let length = text.trim().chars().count();
        if (1..=LONGEST).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.trim().to_owned()))
        } else {
            bad("it must be a text for people to read: 1 to 300 characters on one line")
        }
    }
}

/// Where a key file stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct KeyPath(pub(super) PathBuf);

impl FromStr for KeyPath {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text.is_empty() || text.contains('\0') {
            return bad("it must be the path of a file, such as data/waxseal.key");
        }
        Ok(Self(text.into()))
    }
}

/// The e-mail address that names an account, lower-cased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Account(pub(super) String);

impl FromStr for Account {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        Recipient::exact(text).map_or_else(
            || bad(format!("`{text}` is no e-mail address, such as ops@example.com")),
            |address| Ok(Self(address.expose().to_owned())),
        )
    }
}

/// Reads a kind of another crate, which can't read itself.
pub(super) fn as_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    deserializer.deserialize_str(Text(PhantomData)).map(Some)
}

/// Refuses while the value is being visited: what is refused later has lost its
/// place in the file, if it is an element of an array.
struct Text<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! read_as_text {
    ($($kind:ty),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text(PhantomData))
            }
        }
    )*};
}
read_as_text!(Listen, Host, Scheme, Proxy, Code, Account, Title, Remark, KeyPath, LogFormat, LogLevels);

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Whole<const MIN: u64, const MAX: u64>(pub(super) u64);

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// For lengths in memory, where `MAX` is far below every `usize`.
    pub(super) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const MIN: u64, const MAX: u64>;
        impl<const MIN: u64, const MAX: u64> Visitor<'_> for Number<MIN, MAX> {
            type Value = Whole<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {MIN} to {MAX}")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                let within = u64::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
                let refused = || E::invalid_value(de::Unexpected::Signed(number), &self);
                within.map(Whole).ok_or_else(refused)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// The longest life that a plan grants: seconds, or a number with s, m, h or d.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Life(pub(super) Ttl);

impl Life {
    fn checked(secs: Option<u64>, written: impl fmt::Display) -> Result<Self, BadValue> {
        let ttl = secs.map(Ttl::from_secs);
        match ttl.filter(|ttl| (SHORTEST_TTL..=LONGEST_TTL).contains(ttl)) {
            Some(ttl) => Ok(Self(ttl)),
            None => bad(format!(
                "`{written}` is no life that a plan can grant; allowed are 60 seconds to {} days, as seconds \
                 (604800) or with a unit (\"90m\", \"36h\", \"7d\")",
                LONGEST_TTL.secs() / Ttl::days(1).secs()
            )),
        }
    }
}

impl FromStr for Life {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
        let unit = units.iter().find(|(letter, _)| text.ends_with(*letter));
        let (number, secs) = unit.map_or((text, 1), |(_, secs)| (&text[..text.len() - 1], *secs));
        Self::checked(number.parse::<u64>().ok().and_then(|number| number.checked_mul(secs)), text)
    }
}

impl<'de> Deserialize<'de> for Life {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Life;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds, or a length of time such as \"7d\"")
            }
            fn visit_i64<E: de::Error>(self, secs: i64) -> Result<Life, E> {
                Life::checked(u64::try_from(secs).ok(), secs).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Life, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads<T: FromStr>(texts: &[&str]) -> Vec<bool> {
        texts.iter().map(|text| text.parse::<T>().is_ok()).collect()
    }

    #[test]
    fn hosts_are_bare() {
        let good = [
            "example.com",
            "Example.COM:8080",
            "localhost",
            "127.0.0.1:7143",
            "[::1]",
            "[::1]:80",
            "xn--e1afmkfd.example",
        ];
        assert_eq!(reads::<Host>(&good), [true; 7]);
        let long = "a".repeat(64);
        let none = [
            "",
            "https://example.com",
            "example.com/",
            "a b",
            "-a.com",
            "a..b",
            "a:0",
            "a:65536",
            "a:+1",
            "::1",
            "bücher.de",
            "a@b",
            &long,
        ];
        assert_eq!(reads::<Host>(&none), [false; 13]);
        assert_eq!("Example.COM:8080".parse::<Host>().unwrap().as_str(), "example.com:8080");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_address() {
        let local = |text: &str| text.parse::<Host>().unwrap().is_loopback();
        assert!(
            ["localhost", "a.localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:80"]
                .into_iter()
                .all(local)
        );
        assert!(!["example.com", "localhost.example.com", "10.0.0.1:80", "[::2]"].into_iter().any(local));
    }

    #[test]
    fn a_life_has_bounds_and_units() {
        let life = |text: &str| text.parse::<Life>().ok().map(|life| life.0);
        assert_eq!(life("60"), Some(Ttl::minutes(1)));
        assert_eq!(life("90m"), Some(Ttl::minutes(90)));
        assert_eq!(life("36h"), Some(Ttl::hours(36)));
        assert_eq!(life("49d"), Some(LONGEST_TTL));
        for text in ["59", "59s", "50d", "4233601", "", "d", "7dd", "-7d", "7 days", "99999999999999999999d"]
        {
            assert_eq!(life(text), None, "{text}");
        }
    }

    #[test]
    fn a_proxy_is_a_network_or_an_address() {
        assert_eq!("10.1.2.3".parse::<Proxy>().unwrap().0.to_string(), "10.1.2.3/32");
        assert_eq!(
            reads::<Proxy>(&["10.0.0.0/8", "::1", "fd00::/8", "10.0.0.0/33", "proxy"]),
            [true, true, true, false, false]
        );
    }
}
