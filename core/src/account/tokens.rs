//! The tokens of an account: several, each with a name, a scope and an end.
//!
//! Every token wraps a list key of the account, without which its list of
//! secrets can't be read. A further token gets the list key of one that is shown,
//! or a new one, and with it an empty list. Nobody can tell from the store which
//! tokens wrap the same list key: that would tell more than a store should know.

use super::{AccountError, Accounts, TokenText};
use crate::entropy::draw;
use crate::secret::KeyBytes;
use crate::store::{Rotation, Scope, StoreError, Token, TokenChange};
use crate::time::{Timestamp, Ttl};

/// What a rotation adds to the name of the token it sets aside.
const ASIDE: &str = ".old";

/// The longest name of a token, in bytes.
const LONGEST_NAME: usize = 60;

/// How a further token is to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenTerms<'a> {
    /// What its owner calls it: 1 to 60 of `[A-Za-z0-9._-]`, once in the account.
    pub name: &'a str,
    /// What it may do.
    pub scope: Scope,
    /// How long it is heard; `None` for ever.
    pub life: Option<Ttl>,
}

/// A token just made.
#[derive(Debug)]
pub struct NewToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// From here on it is refused.
    pub expires: Option<Timestamp>,
    /// The token. Not stored: it can't be shown again.
    pub token: TokenText,
}

/// What came of a rotation.
#[derive(Debug)]
pub struct Rotated {
    /// The token that bears the name now.
    pub new: NewToken,
    /// What the one before is called now.
    pub aside: String,
    /// From here on that one is refused.
    pub until: Timestamp,
}

/// A token, as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedToken {
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Time of making.
    pub created: Timestamp,
    /// From here on it is refused.
    pub expires: Option<Timestamp>,
    /// Whether that is past.
    pub expired: bool,
}

impl Accounts {
    /// The tokens of an account, oldest first.
    ///
    /// # Errors
    /// [`AccountError::Unknown`], [`AccountError::Store`].
    pub async fn tokens(&self, account: &str) -> Result<Vec<ListedToken>, AccountError> {
        let now = self.clock.now().timestamp();
        let mut tokens = self.stored_tokens(account).await?;
        tokens.sort_by(|one, other| (one.created, &one.name).cmp(&(other.created, &other.name)));
        let listed = |Token { name, scope, created, expires, .. }| ListedToken {
            name,
            scope,
            created,
            expires,
            expired: expires.is_some_and(|expires| now >= expires),
        };
        Ok(tokens.into_iter().map(listed).collect())
    }

    /// Adds a further token. `shown`, a token of this account, expired or not, has
    /// it wrap the same list key; without one it starts with an empty list.
    ///
    /// # Errors
    /// [`AccountError`]; nothing is stored then.
    pub async fn add_token(
        &self,
        account: &str,
        terms: &TokenTerms<'_>,
        shown: Option<&str>,
    ) -> Result<NewToken, AccountError> {
        check_name(terms.name)?;
        let tokens = self.stored_tokens(account).await?;
        let list_key = match shown {
            Some(shown) => self.list_key(&tokens, shown)?,
            None => KeyBytes::from(draw(&*self.entropy)?),
        };
        let (new, row) = self.make(terms, &list_key)?;
        match self.store.add_token(&self.id(account), row).await? {
            TokenChange::Done => Ok(new),
            TokenChange::Unknown => Err(AccountError::Unknown),
            TokenChange::Taken => Err(AccountError::TokenTaken),
        }
    }

    /// Replaces a token, which must be shown, by a new one of the same name, scope
    /// and list key. The old one is called `NAME.old` and heard for `overlap` more,
    /// or to its own end if that is earlier. The new one lives for `life`; if none
    /// is given, for as long as the old one was made for.
    ///
    /// # Errors
    /// [`AccountError`]; nothing has changed then.
    pub async fn rotate_token(
        &self,
        account: &str,
        name: &str,
        shown: &str,
        overlap: Ttl,
        life: Option<Ttl>,
    ) -> Result<Rotated, AccountError> {
        let tokens = self.stored_tokens(account).await?;
        let old = tokens.iter().find(|token| token.name == name).ok_or(AccountError::NoToken)?;
        let list_key = self.list_key(std::slice::from_ref(old), shown)?;
        let life = life.or(old.expires.map(|expires| expires.since(old.created)));
        let (new, next) = self.make(&TokenTerms { name, scope: old.scope, life }, &list_key)?;
        let until = next.created.plus(overlap);
        let until = old.expires.map_or(until, |expires| expires.min(until));
        let (now, aside) = (next.created, format!("{name}{ASIDE}"));
        let rotation = Rotation { old: old.digest, aside: aside.clone(), until, next };
        match self.store.rotate_token(&self.id(account), rotation, now).await? {
            TokenChange::Done => Ok(Rotated { new, aside, until }),
            TokenChange::Unknown => Err(AccountError::NoToken),
            TokenChange::Taken => Err(AccountError::StillAside(aside)),
        }
    }

    /// Removes a token: it is refused from now on. Whether the account's list can
    /// still be read hangs on whether another token wraps its list key.
    ///
    /// # Errors
    /// [`AccountError::NoToken`], also if there is no such account; [`AccountError::Store`].
    pub async fn revoke_token(&self, account: &str, name: &str) -> Result<(), AccountError> {
        let revoked = self.store.revoke_token(&self.id(account), name).await?;
        if revoked { Ok(()) } else { Err(AccountError::NoToken) }
    }

    async fn stored_tokens(&self, account: &str) -> Result<Vec<Token>, AccountError> {
        let found: Result<_, StoreError> = self.store.account(&self.id(account)).await;
        found?.map(|(_, tokens)| tokens).ok_or(AccountError::Unknown)
    }

    /// The list key that the shown token, one of `tokens`, wraps.
    fn list_key(&self, tokens: &[Token], shown: &str) -> Result<KeyBytes, AccountError> {
        let digest = self.keyring.token_digest(shown.as_bytes());
        let row = tokens.iter().find(|token| token.digest == digest);
        row.and_then(|row| self.unwrap(row, shown)).ok_or(AccountError::WrongToken)
    }

    fn make(&self, terms: &TokenTerms<'_>, list_key: &KeyBytes) -> Result<(NewToken, Token), AccountError> {
        let token = TokenText::draw(&*self.entropy)?;
        let row = self.token(&token, list_key, terms, self.clock.now().timestamp())?;
        Ok((NewToken { name: row.name.clone(), scope: row.scope, expires: row.expires, token }, row))
    }
}

fn check_name(name: &str) -> Result<(), AccountError> {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(is_usual) {
        Ok(())
    } else {
        Err(AccountError::TokenName)
    }
}
