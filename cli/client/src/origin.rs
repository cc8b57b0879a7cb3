//! Which server is asked.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hyper::Uri;

/// A server: scheme, host and port, and nothing else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    https: bool,
    /// Lower-case; an IPv6 address in its brackets.
    host: String,
    port: u16,
}

/// Why a text names no server. Repeats nothing of it: it may hold a password or a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAnOrigin {
    /// No URL at all, or one of another scheme.
    #[error("this is no server; write it as https://secrets.example.com")]
    NoUrl,
    /// A password would stand in what every user of the machine can see.
    #[error("a server's URL holds no name and no password; the token belongs into a file (--token-file)")]
    Userinfo,
    /// Servers of this API stand at the root of their host.
    #[error("a server has no path of its own; write scheme and host alone, as https://secrets.example.com")]
    Path,
}

impl Origin {
    /// The origin of a URL, whatever its path.
    ///
    /// # Errors
    /// If the text is no URL over HTTP, or carries a password.
    pub fn of_url(uri: &Uri) -> Result<Self, NotAnOrigin> {
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(NotAnOrigin::NoUrl),
        };
        let authority = uri.authority().ok_or(NotAnOrigin::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(NotAnOrigin::Userinfo);
        }
        let host = authority.host().to_lowercase();
        let port = match &authority.as_str()[host.len()..] {
            "" | ":" => default_port(https),
            _ => authority.port_u16().filter(|port| *port != 0).ok_or(NotAnOrigin::NoUrl)?,
        };
        if host.is_empty() { Err(NotAnOrigin::NoUrl) } else { Ok(Self { https, host, port }) }
    }

    /// The same scheme on another host, such as a custom domain with or without a port.
    #[must_use]
    pub fn on(&self, host: &str) -> Option<Self> {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{host}").parse().ok()
    }

    /// Whether what is sent is encrypted on its way.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether it is this machine, so that nothing passes over a network.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let name = self.bare_host();
        name.parse::<IpAddr>().map_or_else(
            |_| name == "localhost" || name.ends_with(".localhost"),
            |address| address.is_loopback(),
        )
    }

    /// The host, for whoever looks it up: an IPv6 address without brackets.
    pub(crate) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What stands in `Host`: the port where it is not the scheme's.
    pub(crate) fn authority(&self) -> String {
        if self.port == default_port(self.https) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let uri: Uri = text.trim().parse().map_err(|_| NotAnOrigin::NoUrl)?;
        let origin = Self::of_url(&uri)?;
        match (uri.path(), uri.query()) {
            // As the API's own documentation writes it.
            ("" | "/" | "/api" | "/api/" | "/api/v1" | "/api/v1/", None) => Ok(origin),
            _ => Err(NotAnOrigin::Path),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_scheme_host_and_port() {
        for (text, shown) in [
            ("https://Secrets.Example.com", "https://secrets.example.com"),
            ("https://secrets.example.com:443/", "https://secrets.example.com"),
            ("http://[::1]:7143", "http://[::1]:7143"),
            (" http://127.0.0.1:80 ", "http://127.0.0.1"),
            ("https://eu.onetimesecret.com/api/v1", "https://eu.onetimesecret.com"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, why) in [
            ("", NotAnOrigin::NoUrl),
            ("secrets.example.com", NotAnOrigin::NoUrl),
            ("ftp://a.b", NotAnOrigin::NoUrl),
            ("https://a.b:0", NotAnOrigin::NoUrl),
            ("https://a.b:99999", NotAnOrigin::NoUrl),
            ("https://tom:hunter2@a.b", NotAnOrigin::Userinfo),
            ("https://a.b/secret/x", NotAnOrigin::Path),
            ("https://a.b/?x", NotAnOrigin::Path),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for (text, own) in [
            ("http://localhost:1", true),
            ("http://x.localhost", true),
            ("http://127.8.9.1", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().is_loopback(), own, "{text}");
        }
    }
}
