//! Accounts: who may sign in, with which token.
//!
//! A token is 64 lower-case hexadecimal characters, 256 bits from the system.
//! What is stored is its keyed hash; with full entropy it needs no stretching.
//! Beside it stands the wrap box: the account's list key, which opens with the
//! token alone, so that a stolen store, even with the key file, lists nobody's links.

mod domains;
mod tokens;

use std::fmt;
use std::sync::Arc;

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyError, draw};
use crate::id::{AccountId, TokenDigest};
use crate::recipient::Recipient;
use crate::seal::boxes;
use crate::seal::keyring::{Keyring, push_hex};
use crate::seal::labels;
use crate::secret::KeyBytes;
use crate::store::{Account, AccountState, AccountStore, Scope, StoreError, Token};
use crate::time::{Clock, Timestamp};
use crate::vault::Member;

pub use domains::{DomainTerms, ListedDomain};
pub use tokens::{ListedToken, NewToken, Rotated, TokenTerms};

/// What an account's first token is called.
pub const FIRST_TOKEN: &str = "first";

/// Why nothing was done to an account or its tokens.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is no e-mail address.
    #[error("an account's name must be one e-mail address")]
    NotAnAddress,
    /// There is an account of this name.
    #[error("there is an account of this name already")]
    Taken,
    /// There is no account of this name.
    #[error("there is no account of this name")]
    Unknown,
    /// The account has no token of this name.
    #[error("the account has no token of this name")]
    NoToken,
    /// The account has a token of this name.
    #[error("the account has a token of this name already")]
    TokenTaken,
    /// A token's name is to be typed and read.
    #[error("a token's name must be 1 to 60 letters, digits, dots, dashes or underscores")]
    TokenName,
    /// The token that was shown is not the one it should be.
    #[error("the token shown is not that token of that account")]
    WrongToken,
    /// The token that an earlier rotation set aside has not expired yet.
    #[error("the token `{0}`, set aside by an earlier rotation, still lives")]
    StillAside(String),
    /// A domain of this host stands, be it the same account's.
    #[error("there is a domain of this host already")]
    DomainTaken,
    /// The system gave no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An API token, shown once. Wiped on drop.
pub struct TokenText(Zeroizing<String>);

impl TokenText {
    fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(draw(entropy)?);
        let mut text = Zeroizing::new(String::with_capacity(64));
        push_hex(&mut text, &*bytes);
        Ok(Self(text))
    }

    /// The token. Call it once, to show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText([redacted])")
    }
}

/// An account just made.
#[derive(Debug)]
pub struct NewAccount {
    /// Its name, as it signs in: lower-cased.
    pub name: String,
    /// Its first token. Not stored: it can't be shown again.
    pub token: TokenText,
}

/// An account, as a list shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its name; `None` if its name box does not open.
    pub name: Option<String>,
    /// The plan it is on, by name.
    pub plan: String,
    /// Whether it may act.
    pub state: AccountState,
    /// Time of making.
    pub created: Timestamp,
}

/// The accounts of a deployment.
#[derive(Clone, Debug)]
pub struct Accounts {
    store: Arc<dyn AccountStore>,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Accounts {
    /// Accounts that stand in `store`, under the keys of `keyring`.
    #[must_use]
    pub fn new(
        store: Arc<dyn AccountStore>,
        keyring: Arc<Keyring>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { store, keyring, clock, entropy }
    }

    /// Adds an account with its first token.
    ///
    /// # Errors
    /// [`AccountError`]; nothing is stored then.
    pub async fn add(&self, name: &str, plan: &str) -> Result<NewAccount, AccountError> {
        let name = Recipient::exact(name).ok_or(AccountError::NotAnAddress)?.expose().to_owned();
        let id = self.keyring.account_id(&name);
        let created = self.clock.now().timestamp();
        let token = TokenText::draw(&*self.entropy)?;
        let list_key = KeyBytes::from(draw(&*self.entropy)?);
        let account = Account {
            id,
            name: self.keyring.seal_name(&id, &name, &*self.entropy)?,
            plan: plan.to_owned(),
            language: None,
            state: AccountState::Active,
            created,
        };
        let terms = TokenTerms { name: FIRST_TOKEN, scope: Scope::Full, life: None };
        let stored = self.token(&token, &list_key, &terms, created)?;
        if self.store.add_account(account, stored).await? {
            Ok(NewAccount { name, token })
        } else {
            Err(AccountError::Taken)
        }
    }

    fn token(
        &self,
        token: &TokenText,
        list_key: &KeyBytes,
        terms: &TokenTerms<'_>,
        created: Timestamp,
    ) -> Result<Token, EntropyError> {
        let text = token.expose().as_bytes();
        let digest = self.keyring.token_digest(text);
        let secret = boxes::hashed(text);
        let wrap =
            boxes::seal(&self.wrap_terms(&secret, &digest), boxes::ROOT, list_key.expose(), &*self.entropy)?;
        Ok(Token {
            digest,
            name: terms.name.to_owned(),
            scope: terms.scope,
            created,
            expires: terms.life.map(|life| created.plus(life)),
            wrap,
        })
    }

    fn wrap_terms<'a>(&'a self, secret: &'a [u8; 32], digest: &'a TokenDigest) -> boxes::Terms<'a> {
        let purpose = self.keyring.account_key();
        boxes::Terms { purpose, secret, label: labels::WRAP, context: digest.as_bytes() }
    }

    /// Who signs in with this name and token; `None` if the pair does not verify.
    /// An unknown name takes the same path as a wrong token.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sign_in(&self, name: &str, token: &str) -> Result<Option<Member>, StoreError> {
        let id = self.keyring.account_id(name);
        let digest = self.keyring.token_digest(token.as_bytes());
        let found = self.store.account(&id).await?;
        let (account, tokens) = match found {
            Some((account, tokens)) if account.state == AccountState::Active && !tokens.is_empty() => {
                (Some(account), tokens)
            }
            _ => (None, vec![stand_in()]),
        };
        let now = self.clock.now().timestamp();
        let Some(token_row) = matching(&tokens, &digest, now) else { return Ok(None) };
        let Some(account) = account else { return Ok(None) };
        Ok(self.member(&account, name, token_row, token))
    }

    fn member(&self, account: &Account, name: &str, row: &Token, token: &str) -> Option<Member> {
        Some(Member {
            id: account.id,
            name: name.to_lowercase(),
            plan: account.plan.clone(),
            scope: row.scope,
            list_key: self.unwrap(row, token)?,
        })
    }

    /// The list key that a token wraps.
    fn unwrap(&self, row: &Token, token: &str) -> Option<KeyBytes> {
        let secret = boxes::hashed(token.as_bytes());
        let opened = boxes::open(&self.wrap_terms(&secret, &row.digest), &row.wrap).ok()?;
        let list_key = Zeroizing::new(<[u8; 32]>::try_from(opened.as_slice()).ok()?);
        Some(KeyBytes::from(*list_key))
    }

    /// Every account, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let listed = |account: Account| Listed {
            name: self.keyring.open_name(&account.id, &account.name).ok(),
            plan: account.plan,
            state: account.state,
            created: account.created,
        };
        Ok(self.store.accounts().await?.into_iter().map(listed).collect())
    }

    /// Removes an account, its tokens and its domains; its secrets live on. `false`
    /// if there was none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.store.remove_account(&self.id(name)).await
    }

    /// Has an account's tokens refused from now on; its secrets live on. `false` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn suspend(&self, name: &str) -> Result<bool, StoreError> {
        self.store.set_state(&self.id(name), AccountState::Suspended).await
    }

    /// Has them heard again. `false` if there is no such account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn resume(&self, name: &str) -> Result<bool, StoreError> {
        self.store.set_state(&self.id(name), AccountState::Active).await
    }

    /// Puts an account on another plan. `false` if there is no such account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_plan(&self, name: &str, plan: &str) -> Result<bool, StoreError> {
        self.store.set_plan(&self.id(name), plan).await
    }

    /// The id of the account of this name, whether there is one or not.
    #[must_use]
    pub fn id(&self, name: &str) -> AccountId {
        self.keyring.account_id(name)
    }
}

/// What an unknown name's token is compared with. No token has this digest.
fn stand_in() -> Token {
    let digest = TokenDigest([0; 32]);
    Token {
        digest,
        name: String::new(),
        scope: Scope::Create,
        created: Timestamp::default(),
        expires: None,
        wrap: Vec::new(),
    }
}

/// The token of this digest that has not expired. Looks at every one, in constant
/// time each.
fn matching<'a>(tokens: &'a [Token], digest: &TokenDigest, now: Timestamp) -> Option<&'a Token> {
    let mut place = u32::MAX;
    for (n, token) in (0u32..).zip(tokens) {
        let live = Choice::from(u8::from(token.expires.is_none_or(|expires| now < expires)));
        let same = token.digest.as_bytes().ct_eq(digest.as_bytes()) & live;
        place.conditional_assign(&n, same);
    }
    tokens.get(usize::try_from(place).ok()?)
}
