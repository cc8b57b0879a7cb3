//! Which page a path leads to, and what may be done there.

use waxseal_core::contract::route::KeyPath;

/// A page, by its path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Page {
    /// Where a secret is made.
    Create,
    /// What its creator sees.
    Receipt(KeyPath),
    /// Where its creator destroys it.
    Burn(KeyPath),
    /// Where its reader opens it.
    Secret(KeyPath),
    /// What keeps crawlers out that ask.
    Robots,
    /// Any other path.
    Nowhere,
}

impl Page {
    /// The page of a path that is still percent-encoded. One trailing slash is
    /// ignored, but not after a key: as in the API.
    pub(crate) fn of(path: &str) -> Self {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        match segments[..] {
            [""] => Self::Create,
            ["robots.txt"] | ["robots.txt", ""] => Self::Robots,
            ["receipt" | "private", key] => keyed(key, Self::Receipt),
            ["receipt" | "private", key, "burn"] => keyed(key, Self::Burn),
            ["secret", key] => keyed(key, Self::Secret),
            _ => Self::Nowhere,
        }
    }

    /// The methods it has, as `Allow` lists them; `None` where every method finds nothing.
    pub(crate) const fn methods(&self) -> Option<&'static str> {
        match self {
            Self::Create | Self::Burn(_) | Self::Secret(_) => Some("GET, HEAD, POST"),
            Self::Receipt(_) | Self::Robots => Some("GET, HEAD"),
            Self::Nowhere => None,
        }
    }

    /// One word for logs. Never the path: the path holds the key.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Create => "create page",
            Self::Receipt(_) => "receipt page",
            Self::Burn(_) => "burn page",
            Self::Secret(_) => "secret page",
            Self::Robots => "robots",
            Self::Nowhere => "none",
        }
    }
}

fn keyed(raw: &str, page: fn(KeyPath) -> Page) -> Page {
    KeyPath::of(raw).map_or(Page::Nowhere, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> &'static str {
        Page::of(path).name()
    }

    #[test]
    fn every_page_is_known() {
        for (path, expected) in [
            ("/", "create page"),
            ("/secret/abc", "secret page"),
            ("/receipt/abc", "receipt page"),
            ("/private/abc", "receipt page"),
            ("/receipt/abc/burn", "burn page"),
            ("/private/abc/burn", "burn page"),
            ("/robots.txt", "robots"),
            ("/robots.txt/", "robots"),
        ] {
            assert_eq!(name(path), expected, "{path}");
        }
    }

    #[test]
    fn a_slash_too_many_or_one_that_is_escaped_leads_nowhere() {
        for path in [
            "//",
            "/secret",
            "/secret/",
            "//secret/abc",
            "/secret//abc",
            "/secret/abc/",
            "/secret/abc%2f",
            "/receipt/abc/",
            "/receipt/abc/burn/",
            "/receipt//burn",
            "/Secret/abc",
            "/secret/abc/burn",
            "/favicon.ico",
            "/metadata/abc",
            "",
            "*",
        ] {
            assert!(matches!(path, "") || name(path) == "none", "{path}");
        }
    }
}
