//! An account and its tokens, and a domain, each as one packed string, big-endian,
//! version 1. Texts and boxes stand behind their length, four bytes; what may be
//! absent stands behind a 1, or is a 0.
//!
//! ```text
//! version 1 | state 1 | created 8 | name | plan | 0, or 1 and language | tokens 4
//! then each: digest 32 | scope 1 | created 8 | 0, or 1 and expires 8 | name | wrap
//!
//! account 16 | version 1 | 0, or 1 and colour 3 | 0, or 1 and name
//! ```
//!
//! A domain begins with the account, which the script looks for that removes one.

use waxseal_core::brand::Accent;
use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, TokenDigest};
use waxseal_core::store::{Account, AccountState, Scope, Token};
use waxseal_core::time::Timestamp;

const VERSION: u8 = 1;

/// Packs an account.
pub(crate) fn pack(account: &Account, tokens: &[Token]) -> Vec<u8> {
    let mut packed = vec![VERSION, account.state.code()];
    packed.extend(account.created.secs().to_be_bytes());
    put(&mut packed, &account.name);
    put(&mut packed, account.plan.as_bytes());
    packed.push(u8::from(account.language.is_some()));
    if let Some(language) = &account.language {
        put(&mut packed, language.as_bytes());
    }
    packed.extend(length(tokens.len()));
    for token in tokens {
        put_token(&mut packed, token);
    }
    packed
}

fn put_token(packed: &mut Vec<u8>, token: &Token) {
    packed.extend(token.digest.as_bytes());
    packed.push(token.scope.code());
    packed.extend(token.created.secs().to_be_bytes());
    packed.push(u8::from(token.expires.is_some()));
    if let Some(expires) = token.expires {
        packed.extend(expires.secs().to_be_bytes());
    }
    put(packed, token.name.as_bytes());
    put(packed, &token.wrap);
}

fn put(packed: &mut Vec<u8>, part: &[u8]) {
    packed.extend(length(part.len()));
    packed.extend(part);
}

/// Redis keeps no string of more than 512 MiB, so none of its parts is longer.
fn length(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

/// Reads what [`pack`] writes. `None` for anything else.
pub(crate) fn unpack(id: &AccountId, packed: &[u8]) -> Option<(Account, Vec<Token>)> {
    let mut rest = Rest(packed);
    if rest.byte()? != VERSION {
        return None;
    }
    let state = AccountState::from_code(rest.byte()?)?;
    let created = rest.time()?;
    let name = rest.part()?.to_vec();
    let plan = rest.text()?;
    let language = if rest.is_there()? { Some(rest.text()?) } else { None };
    let count = rest.length()?;
    let mut tokens = Vec::new();
    for _ in 0..count {
        tokens.push(rest.token()?);
    }
    rest.0.is_empty().then_some((Account { id: *id, name, plan, language, state, created }, tokens))
}

/// Packs a domain, less its host.
pub(crate) fn pack_domain(domain: &Domain) -> Vec<u8> {
    let mut packed = domain.account.as_bytes().to_vec();
    packed.extend([VERSION, u8::from(domain.accent.is_some())]);
    if let Some(accent) = &domain.accent {
        packed.extend(accent.0);
    }
    packed.push(u8::from(domain.name.is_some()));
    if let Some(name) = &domain.name {
        put(&mut packed, name.as_bytes());
    }
    packed
}

/// Reads what [`pack_domain`] writes. `None` for anything else.
pub(crate) fn unpack_domain(host: Vec<u8>, packed: &[u8]) -> Option<Domain> {
    let mut rest = Rest(packed);
    let account = AccountId::try_from(rest.take(16)?).ok()?;
    if rest.byte()? != VERSION {
        return None;
    }
    let accent = if rest.is_there()? { Some(Accent(rest.take(3)?.try_into().ok()?)) } else { None };
    let name = if rest.is_there()? { Some(rest.text()?) } else { None };
    let host = String::from_utf8(host).ok()?;
    rest.0.is_empty().then_some(Domain { host, account, name, accent })
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn is_there(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn time(&mut self) -> Option<Timestamp> {
        let bytes = self.take(8)?.try_into().ok()?;
        Some(Timestamp::from_secs(u64::from_be_bytes(bytes)))
    }

    fn length(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.part()?.to_vec()).ok()
    }

    fn token(&mut self) -> Option<Token> {
        let digest = TokenDigest::try_from(self.take(32)?).ok()?;
        let scope = Scope::from_code(self.byte()?)?;
        let created = self.time()?;
        let expires = if self.is_there()? { Some(self.time()?) } else { None };
        let name = self.text()?;
        Some(Token { digest, name, scope, created, expires, wrap: self.part()?.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_conformance::sample::{account, account_id, after, token};

    #[test]
    fn what_is_packed_unpacks_and_nothing_else_does() {
        for n in 1..4 {
            let lasting = Token { expires: None, ..token(n) };
            let ending = Token { expires: Some(after(9)), ..token(n + 9) };
            for tokens in [vec![], vec![lasting.clone()], vec![lasting, ending]] {
                let packed = pack(&account(n), &tokens);
                assert_eq!(unpack(&account_id(n), &packed), Some((account(n), tokens)));
                for cut in 0..packed.len() {
                    assert_eq!(unpack(&account_id(n), &packed[..cut]), None);
                }
                assert_eq!(unpack(&account_id(n), &[&packed[..], b"x"].concat()), None);
            }
        }
    }
    #[test]
    fn a_domain_unpacks_too() {
        let plain = Domain::new("a.example", account_id(1));
        let named = Domain { name: Some("A".to_owned()), accent: Some(Accent([1, 2, 3])), ..plain.clone() };
        for domain in [plain, named] {
            let packed = pack_domain(&domain);
            for cut in 0..packed.len() {
                assert_eq!(unpack_domain(b"a.example".to_vec(), &packed[..cut]), None);
            }
            assert_eq!(unpack_domain(b"a.example".to_vec(), &packed), Some(domain));
        }
    }
}
