//! What can be asked of a server.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::header::HeaderValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use waxseal_core::secret::{Passphrase, Plaintext};
use zeroize::Zeroizing;

use crate::answer::Receipt;
use crate::error::Error;
use crate::exchange::{Answer, exchange};
use crate::form::form;
use crate::link::Key;
use crate::origin::Origin;

/// An account's name and token. The token is redacted and wiped.
#[derive(Clone)]
pub struct Credentials {
    user: String,
    token: Zeroizing<String>,
}

/// Why two texts are no credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotCredentials {
    /// A name ends at the first colon, on every server.
    #[error("an account's name is not empty and holds no colon")]
    User,
    /// The token is empty, or holds what no token does.
    #[error("a token is one line of letters and digits")]
    Token,
}

impl Credentials {
    /// The credentials of `user`.
    ///
    /// # Errors
    /// If they can't be sent as they are.
    pub fn new(user: &str, token: Zeroizing<String>) -> Result<Self, NotCredentials> {
        let plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        if !plain(user) || user.contains(':') {
            return Err(NotCredentials::User);
        }
        if plain(&token) && !token.contains(' ') {
            Ok(Self { user: user.to_owned(), token })
        } else {
            Err(NotCredentials::Token)
        }
    }

    /// The account's name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    fn header(&self) -> Option<HeaderValue> {
        let pair = Zeroizing::new(format!("{}:{}", self.user, *self.token));
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        let text = Zeroizing::new(format!("Basic {}", *encoded));
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How a secret is to be kept. What is absent is the server's choice.
#[derive(Clone, Default, Debug)]
pub struct Terms {
    /// What a reader must know beside the link.
    pub passphrase: Option<Passphrase>,
    /// Seconds that it may live.
    pub ttl: Option<u64>,
    /// Whom the server is to tell.
    pub recipient: Option<String>,
    /// The custom domain that its links stand on.
    pub share_domain: Option<String>,
}

/// A secret that was made.
#[derive(Debug)]
pub struct Shared {
    /// What the server tells of it.
    pub receipt: Receipt,
    /// What became of the message to a recipient, where the server says it.
    pub mail: Option<String>,
}

/// A secret that the server made up.
#[derive(Debug)]
pub struct Generated {
    /// As of any other.
    pub shared: Shared,
    /// The secret.
    pub value: Plaintext,
}

/// How a server does.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Standing {
    /// `nominal`, if all is well.
    pub status: String,
    /// The language it answers in, where it says it.
    pub locale: Option<String>,
}

#[derive(Deserialize)]
struct Value {
    value: String,
}

#[derive(Deserialize)]
struct Burned {
    state: Receipt,
}

/// Asks one server, as one account or as a guest.
#[derive(Clone, Debug)]
pub struct Client {
    origin: Origin,
    credentials: Option<Credentials>,
}

impl Client {
    /// A client of `origin`. The credentials go there and nowhere else.
    #[must_use]
    pub fn new(origin: Origin, credentials: Option<Credentials>) -> Self {
        Self { origin, credentials }
    }

    /// The server.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The account's name, unless it asks as a guest.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.credentials.as_ref().map(Credentials::user)
    }

    /// Shares `secret`.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn share(&self, secret: &Plaintext, terms: &Terms) -> Result<Shared, Error> {
        let answer = self.make("share", ("secret", secret.expose().as_bytes()), terms).await?;
        let receipt = self.read(&answer)?;
        Ok(Shared { receipt, mail: answer.mail })
    }

    /// Has the server make a secret up, of `length` characters if it is new enough to hear it.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn generate(&self, length: Option<u16>, terms: &Terms) -> Result<Generated, Error> {
        let length = length.map(|length| length.to_string()).unwrap_or_default();
        let answer = self.make("generate", ("length", length.as_bytes()), terms).await?;
        let (receipt, Value { value }) = (self.read(&answer)?, self.read(&answer)?);
        Ok(Generated { shared: Shared { receipt, mail: answer.mail }, value: value.into() })
    }

    /// Opens a secret, which ends it. [`Error::Lost`] may have ended it, too.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn reveal(&self, key: &Key, passphrase: Option<&Passphrase>) -> Result<Plaintext, Error> {
        let path = format!("secret/{}", key.expose());
        let answer = self.post(&path, &of_passphrase(passphrase)).await?;
        if let Ok(Value { value }) = serde_json::from_slice(&answer.body) {
            return Ok(value.into());
        }
        // Servers before 0.18 give bytes that are no UTF-8 as they are. It was opened: so
        // show what can be shown.
        let text = Zeroizing::new(String::from_utf8_lossy(&answer.body).into_owned());
        let value = serde_json::from_str::<Value>(&text);
        value.map(|read| read.value.into()).map_err(|_| self.stranger(&answer))
    }

    /// Destroys a secret unread: what its receipt says then. Servers of 0.18 to 0.23 still
    /// say there what was before.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn burn(&self, key: &Key, passphrase: Option<&Passphrase>) -> Result<Receipt, Error> {
        let path = format!("private/{}/burn", key.expose());
        let answer = self.post(&path, &of_passphrase(passphrase)).await?;
        self.read::<Burned>(&answer).map(|burned| burned.state)
    }

    /// What became of a secret. Never its value, though servers of 0.18 to 0.25 send it.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn receipt(&self, key: &Key) -> Result<Receipt, Error> {
        let answer = self.post(&format!("private/{}", key.expose()), &[]).await?;
        self.read(&answer)
    }

    /// What the account made, in the server's order.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn recent(&self) -> Result<Vec<Receipt>, Error> {
        let answer = self.get("private/recent").await?;
        self.read(&answer)
    }

    /// How the server does, and whether it knows the credentials, if there are any.
    ///
    /// # Errors
    /// If the server can't be asked, or refuses.
    pub async fn status(&self) -> Result<Standing, Error> {
        let answer = self.get("status").await?;
        self.read(&answer)
    }

    async fn make(&self, path: &str, first: (&str, &[u8]), terms: &Terms) -> Result<Answer, Error> {
        let ttl = terms.ttl.map(|ttl| ttl.to_string());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (recipient, domain) = (text(&terms.recipient), text(&terms.share_domain));
        let mut fields = vec![first];
        fields.extend(of_passphrase(terms.passphrase.as_ref()));
        fields.push(("ttl", ttl.as_deref().unwrap_or_default().as_bytes()));
        fields.push(("recipient", recipient.as_bytes()));
        fields.push(("share_domain", domain.as_bytes()));
        // An empty ttl is a minute to some servers: what is not said is not sent.
        fields.retain(|(name, value)| *name == "secret" || !value.is_empty());
        self.post(path, &fields).await
    }

    async fn get(&self, path: &str) -> Result<Answer, Error> {
        self.send(Method::GET, path, &[]).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &[u8])]) -> Result<Answer, Error> {
        self.send(Method::POST, path, fields).await
    }

    async fn send(&self, method: Method, path: &str, fields: &[(&str, &[u8])]) -> Result<Answer, Error> {
        let authorization = self.credentials.as_ref().and_then(Credentials::header);
        let answer = exchange(&self.origin, method, path, authorization, form(fields)).await?;
        answer.accepted(&self.origin)
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Error> {
        serde_json::from_slice(&answer.body).map_err(|_| self.stranger(answer))
    }

    fn stranger(&self, answer: &Answer) -> Error {
        Error::Stranger { origin: self.origin.clone(), status: answer.status }
    }
}

fn of_passphrase(passphrase: Option<&Passphrase>) -> Vec<(&'static str, &[u8])> {
    passphrase.map(|passphrase| ("passphrase", passphrase.expose())).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_cannot_be_sent_are_refused_and_none_is_shown() {
        let new = |user: &str, token: &str| Credentials::new(user, Zeroizing::new(token.to_owned()));
        assert_eq!(new("a:b", "t").unwrap_err(), NotCredentials::User);
        assert_eq!(new("", "t").unwrap_err(), NotCredentials::User);
        assert_eq!(new("a", "").unwrap_err(), NotCredentials::Token);
        assert_eq!(new("a", "t\nx").unwrap_err(), NotCredentials::Token);
        let shown = format!("{:?}", Client::new("http://a".parse().unwrap(), new("tom", "hunter2").ok()));
        assert!(shown.contains("tom") && !shown.contains("hunter2"), "{shown}");
    }
}
