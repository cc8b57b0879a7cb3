//! Basic credentials (RFC 7617), read strictly: a header that is not
//! understood is refused, never taken for none (V1-A4, V1-A5).

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::wiped::Wiped;

/// Padding may be missing, as some clients send it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an Authorization header says.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// There is no such header.
    None,
    /// A user and a token, neither of them empty. Not checked yet.
    Basic {
        /// The account's name, as sent.
        user: String,
        /// The token. Wiped on drop.
        token: Zeroizing<String>,
    },
    /// There is a header, and it names nobody.
    Malformed,
}

impl Credentials {
    /// Reads the header's value.
    #[must_use]
    pub fn of(header: Option<&[u8]>) -> Self {
        match header {
            None => Self::None,
            Some(value) => basic(value).unwrap_or(Self::Malformed),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic([redacted])",
            Self::Malformed => "Malformed",
        })
    }
}

fn basic(value: &[u8]) -> Option<Credentials> {
    let value = value.trim_ascii();
    let (scheme, encoded) = value.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case(b"basic") || !encoded.first()?.is_ascii_whitespace() {
        return None;
    }
    let pair = decode(encoded.trim_ascii())?;
    let pair = std::str::from_utf8(&pair).ok()?;
    // A token may hold colons, a user may not (V1-A12).
    let (user, token) = pair.split_once(':')?;
    if user.is_empty() || token.is_empty() {
        return None;
    }
    Some(Credentials::Basic { user: user.to_owned(), token: Zeroizing::new(token.to_owned()) })
}

fn decode(encoded: &[u8]) -> Option<Wiped> {
    // Sized beforehand, so that no copy is left behind by a growing buffer.
    let mut bytes = Wiped::new(vec![0; base64::decoded_len_estimate(encoded.len())]);
    let length = BASE64.decode_slice(encoded, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Credentials {
        Credentials::of(Some(value.as_bytes()))
    }

    fn pair(user: &str, token: &str) -> Credentials {
        Credentials::Basic { user: user.into(), token: Zeroizing::new(token.into()) }
    }

    #[test]
    fn v1_a1_a_pair_is_read_whatever_the_scheme_s_case() {
        for scheme in ["Basic", "basic", "BASIC", "Basic  "] {
            assert_eq!(of(&format!("{scheme} dG9tQGV4YW1wbGUuY29tOmFiYw==")), pair("tom@example.com", "abc"));
        }
        assert_eq!(of("Basic dG9tQGV4YW1wbGUuY29tOmFiYw"), pair("tom@example.com", "abc"));
    }

    #[test]
    fn v1_a4_what_names_nobody_is_malformed() {
        for value in ["", "Basic", "Basic ", "Basic Og==", "Basic dXNlcjo=", "Basic OnRva2Vu"] {
            assert_eq!(of(value), Credentials::Malformed, "{value:?}");
        }
        for value in ["Basic bm9jb2xvbg==", "Basic !!!!", "BasicdTp0", "Basic /zp0"] {
            assert_eq!(of(value), Credentials::Malformed, "{value:?}");
        }
        assert_eq!(Credentials::of(None), Credentials::None);
    }

    #[test]
    fn v1_a5_another_scheme_is_malformed() {
        for value in ["Bearer abc", "Digest username=x", "dTp0", "Báse dTp0"] {
            assert_eq!(of(value), Credentials::Malformed, "{value:?}");
        }
    }

    #[test]
    fn v1_a12_a_token_may_hold_colons() {
        assert_eq!(of("Basic dTphOmI="), pair("u", "a:b"));
    }

    #[test]
    fn no_debug_shows_credentials() {
        let shown = format!("{:?}", of("Basic dTphOmI="));
        assert_eq!(shown, "Basic([redacted])");
    }
}
