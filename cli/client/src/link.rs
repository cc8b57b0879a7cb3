//! What names one secret: a link of any server's, or a key alone.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use zeroize::Zeroizing;

use crate::origin::{NotAnOrigin, Origin};

/// Longer than the keys of any server, old or new.
const LONGEST: usize = 128;

/// What opens or tells of a secret. Redacted and wiped.
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// The key, for a link or a request.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

/// What a link is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It opens the secret, once.
    Secret,
    /// It tells its creator what became of the secret, and burns it.
    Receipt,
}

/// A link, as far as it was given.
#[derive(Clone, Debug)]
pub struct Link {
    /// The server it leads to; none where only a key was given.
    pub origin: Option<Origin>,
    /// What it is for; none where only a key was given.
    pub kind: Option<Kind>,
    /// Its key.
    pub key: Key,
}

/// Why a text is no link. Repeats nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotALink {
    /// Neither a URL nor a key.
    #[error("this is no link and no key; a link looks like https://secrets.example.com/secret/KEY")]
    Neither,
    /// A URL that leads to no secret.
    #[error("this URL leads to no secret; a link ends in /secret/KEY, /receipt/KEY or /private/KEY")]
    OtherUrl,
    /// A URL that names no server.
    #[error(transparent)]
    Origin(#[from] NotAnOrigin),
}

impl FromStr for Link {
    type Err = NotALink;

    fn from_str(text: &str) -> Result<Self, NotALink> {
        let text = text.trim();
        if !text.contains("://") {
            let key = key(text).ok_or(NotALink::Neither)?;
            return Ok(Self { origin: None, kind: None, key });
        }
        let uri: Uri = text.parse().map_err(|_| NotALink::OtherUrl)?;
        let origin = Origin::of_url(&uri)?;
        let (kind, key) = of_path(uri.path()).ok_or(NotALink::OtherUrl)?;
        Ok(Self { origin: Some(origin), kind: Some(kind), key })
    }
}

fn of_path(path: &str) -> Option<(Kind, Key)> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut parts = path.strip_prefix('/')?.split('/');
    let (place, text, further) = (parts.next()?, parts.next()?, parts.next());
    let kind = match (place, further) {
        ("secret", None) => Kind::Secret,
        ("receipt" | "private" | "metadata", None | Some("burn")) => Kind::Receipt,
        _ => return None,
    };
    Some((kind, key(text)?)).filter(|_| parts.next().is_none())
}

fn key(text: &str) -> Option<Key> {
    let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then(|| Key(Zeroizing::new(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, Option<Kind>, String) {
        let link: Link = text.parse().unwrap();
        (link.origin.map(|origin| origin.to_string()), link.kind, link.key.expose().to_owned())
    }

    #[test]
    fn links_of_every_age_are_read() {
        let server = Some("https://a.b".to_owned());
        for (path, kind) in [
            ("secret/k1", Kind::Secret),
            ("secret/k1/?locale=fr", Kind::Secret),
            ("secret/k1#x", Kind::Secret),
            ("private/k1", Kind::Receipt),
            ("receipt/k1/", Kind::Receipt),
            ("receipt/k1/burn", Kind::Receipt),
            ("metadata/k1", Kind::Receipt),
        ] {
            let found = read(&format!(" https://A.b/{path}\n"));
            assert_eq!(found, (server.clone(), Some(kind), "k1".to_owned()), "{path}");
        }
        assert_eq!(read("k1\n"), (None, None, "k1".to_owned()));
    }

    #[test]
    fn what_is_no_link_is_refused_and_not_repeated() {
        for text in [
            "",
            "-",
            "a b",
            "a/secret/k",
            "https://a.b/",
            "https://a.b/about",
            "https://a.b/secret/a-b",
            "https://a.b/secret/k/burn",
            "https://a.b/receipt/k/x/y",
            "file:///secret/k",
            "https://t:p@a.b/secret/k",
            &"k".repeat(129),
        ] {
            let refused = text.parse::<Link>().unwrap_err().to_string();
            assert!(text.len() < 4 || !refused.contains(text), "{refused}");
        }
    }

    #[test]
    fn no_debug_shows_a_key() {
        assert!(!format!("{:?}", "https://a.b/secret/hunter2".parse::<Link>().unwrap()).contains("hunter2"));
    }
}
