//! What a request's head must be: found whole, then judged.
//!
//! The grammar is httparse's, which hyper reads with, too. What is added here is
//! what hyper 1.12 takes without a word, or hides from its caller: lines that end
//! in a bare LF, Content-Length beside Transfer-Encoding (one is dropped), codings
//! before `chunked`, and a Host that is missing, double or no host (RFC 9112, 3.2).

use std::mem::MaybeUninit;
use std::net::Ipv6Addr;

use httparse::{Header, Request, Status};
use hyper::Uri;
use hyper::http::uri::Scheme;
use memchr::{memchr, memchr3};

use super::framing::Framing;
use super::refused::{METHOD, Refused};

/// The longest head. A query may carry a secret of 10,000 bytes, each written `%00`.
pub(super) const LONGEST: usize = 64 * 1024;
/// As many header lines as hyper takes.
const LINES: usize = 100;
/// A target that is surely short enough for hyper, which takes 65,534 bytes.
const SHORT: usize = 1_024;
/// The longest name in the DNS.
const LONGEST_HOST: usize = 253;

/// Finds where a head ends, however it is cut on the way.
#[derive(Default, Debug)]
pub(super) struct End {
    seen: usize,
    line: usize,
    begun: bool,
    after_cr: bool,
}

impl End {
    /// The length of the head at the front of `held`, once it is whole. Looks at
    /// each byte once: `held` must only have grown since the last call.
    pub(super) fn find(&mut self, held: &[u8]) -> Result<Option<usize>, Refused> {
        while let Some(byte) = self.special(held) {
            self.seen += 1;
            match (self.after_cr, byte) {
                (true, b'\n') if self.line == 0 && self.begun => return self.within(Some(self.seen)),
                // Blank lines before a request are passed over (RFC 9112, 2.2).
                (true, b'\n') => (self.line, self.after_cr) = (0, false),
                (false, b'\r') => self.after_cr = true,
                _ => return Err(Refused::Malformed),
            }
        }
        self.within(None)
    }

    /// The next byte that ends a line or must not stand here; passes over what is before it.
    fn special(&mut self, held: &[u8]) -> Option<u8> {
        let rest = &held[self.seen..];
        let plain = if self.after_cr { 0 } else { memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len()) };
        (self.seen, self.line, self.begun) = (self.seen + plain, self.line + plain, self.begun || plain > 0);
        rest.get(plain).copied()
    }

    fn within(&self, found: Option<usize>) -> Result<Option<usize>, Refused> {
        if self.seen > LONGEST { Err(Refused::TooLarge) } else { Ok(found) }
    }
}

/// Judges a whole head. Says how its body is framed.
pub(super) fn judge(head: &[u8]) -> Result<Framing, Refused> {
    let mut lines = [const { MaybeUninit::uninit() }; LINES];
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(head, &mut lines) {
        Ok(Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Refused::TooLarge),
        Ok(Status::Partial) | Err(_) => return Err(Refused::Malformed),
    }
    let sound = request.method != Some(METHOD) && addressed(&request);
    if sound { framing(&request) } else { Err(Refused::Malformed) }
}

/// Whether target and Host each name a place. Only HTTP/1.0 may leave Host out.
fn addressed(request: &Request<'_, '_>) -> bool {
    match one(request.headers, "host") {
        Ok(None) if request.version == Some(0) => {}
        Ok(Some(host)) if is_host(host) => {}
        Ok(_) | Err(_) => return false,
    }
    let target = request.path.unwrap_or_default();
    if is_path(target) {
        return true;
    }
    let Ok(target) = target.parse::<Uri>() else { return false };
    match (target.authority(), target.scheme()) {
        (None, _) => true,
        // As a proxy would be asked. The place is then the target's, whatever Host
        // says (RFC 9112, 3.2.2).
        (Some(authority), Some(scheme)) => {
            (*scheme == Scheme::HTTP || *scheme == Scheme::HTTPS) && is_host(authority.as_str().as_bytes())
        }
        // As CONNECT asks.
        (Some(_), None) => false,
    }
}

/// Most targets are a path with nothing in it that needs a second look, or memory for one.
fn is_path(target: &str) -> bool {
    let plain = || target.bytes().fold(true, |all, byte| all & (is_plain(byte) | (byte == b'/')));
    target.starts_with('/') && target.len() <= SHORT && plain()
}

/// What stands in names and in most paths. Without branches, so that many bytes are looked
/// at together.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'.') | (byte == b'_')
}

/// A body has one framing, written in one way.
fn framing(request: &Request<'_, '_>) -> Result<Framing, Refused> {
    let length = one(request.headers, "content-length")?;
    let coding = one(request.headers, "transfer-encoding")?;
    match (length, coding) {
        (None, None) => Ok(Framing::Length(0)),
        (Some(length), None) => decimal(length).map(Framing::Length).ok_or(Refused::Malformed),
        (None, Some(coding)) if request.version == Some(1) && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::CHUNKED)
        }
        (_, Some(_)) => Err(Refused::Malformed),
    }
}

/// The value of a header that may stand once.
fn one<'a>(headers: &[Header<'a>], name: &str) -> Result<Option<&'a [u8]>, Refused> {
    let mut found = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (first, None) => Ok(first.map(|header| header.value)),
        _ => Err(Refused::Malformed),
    }
}

/// A length in digits. Beyond 2^63 there is no body, and hyper has other uses for
/// the largest numbers.
fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    let number: u64 = std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()?;
    i64::try_from(number).is_ok().then_some(number)
}

/// A name or an address, perhaps with a port. Narrower than RFC 3986: no escapes,
/// no user, nothing that no resolver would take.
fn is_host(text: &[u8]) -> bool {
    let bracketed = text.starts_with(b"[");
    let end = if bracketed { memchr(b']', text).map(|at| at + 1) } else { memchr(b':', text) };
    let (place, port) = text.split_at(end.unwrap_or(text.len()));
    let is_port = port.is_empty() || port.strip_prefix(b":").is_some_and(is_port);
    is_port && if bracketed { is_address(place) } else { is_name(place) }
}

/// An address of IPv6, in brackets.
fn is_address(text: &[u8]) -> bool {
    let address = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    address.and_then(|address| std::str::from_utf8(address).ok()?.parse::<Ipv6Addr>().ok()).is_some()
}

fn is_name(text: &[u8]) -> bool {
    (1..=LONGEST_HOST).contains(&text.len()) && text.iter().fold(true, |all, byte| all & is_plain(*byte))
}

/// An empty port is the scheme's own (RFC 3986, 3.2.3).
fn is_port(text: &[u8]) -> bool {
    text.is_empty() || decimal(text).is_some_and(|port| port <= u64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_at_its_blank_line_however_it_is_cut() {
        let sent = b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        let mut end = End::default();
        let found = (0..=sent.len()).find_map(|cut| end.find(&sent[..cut]).unwrap().map(|at| (cut, at)));
        assert_eq!(found, Some((sent.len() - 4, sent.len() - 4)));
        assert_eq!(End::default().find(sent), Ok(Some(sent.len() - 4)));
    }

    #[test]
    fn bare_line_ends_and_nul_are_refused_at_once() {
        for sent in ["GET /\n", "GET /\rx", "\n", "GET /\0", "GET / HTTP/1.1\r\nA: b\n"] {
            assert_eq!(End::default().find(sent.as_bytes()), Err(Refused::Malformed), "{sent:?}");
        }
        assert_eq!(End::default().find(&[b'a'; LONGEST + 1]), Err(Refused::TooLarge));
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        let good = ["a", "a.b-c_d.example", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[2001:db8::7]:443"];
        for host in good {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        let bad = [
            "", ":80", "a b", "a/b", "u@a", "a:b", "a:65536", "a:80:80", "[::1", "[a]", "[::1]80", "a,b",
            "ä", "a%20",
        ];
        for host in bad {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        assert!(!is_host("a".repeat(254).as_bytes()));
    }

    #[test]
    fn what_is_a_path_at_a_glance_is_one_for_hyper() {
        for target in ["/", "//a.example/b", "/secret/0a-_.Z", "/.", &format!("/{}", "a".repeat(SHORT - 1))] {
            assert!(is_path(target), "{target}");
            let uri: Uri = target.parse().unwrap();
            assert!(uri.authority().is_none() && uri.path() == target);
        }
        for target in ["", "*", "a", "a:80", "http://a/", "/a?b", "/a b", "/%41", "/\u{e9}"] {
            assert!(!is_path(target), "{target}");
        }
        assert!(!is_path(&format!("/{}", "a".repeat(SHORT))));
    }

    #[test]
    fn a_length_is_digits() {
        assert_eq!(decimal(b"0042"), Some(42));
        for text in ["", "+1", "-1", "1,1", "0x1", "1 ", "9223372036854775808", "99999999999999999999"] {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
        }
    }
}
