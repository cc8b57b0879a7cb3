//! `waxseal account token`: the tokens of an account.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::account::{AccountError, Accounts, ListedToken, NewToken, Rotated, TokenTerms};
use waxseal_core::secret::Plaintext;
use waxseal_core::store::Scope;
use waxseal_core::time::Ttl;
use waxseal_server::config::Config;

use crate::account::{refused, with_accounts};
use crate::args::Token;
use crate::exit::Failure;
use crate::{ask, out};

/// More than any file with one token in it holds.
const LARGEST_FILE: usize = 4 << 10;

/// Does what `command` says to the tokens of an account.
pub(crate) fn run(config: &Config, command: &Token) -> Result<(), Failure> {
    match command {
        Token::Add { email, name, scope, expires, with_token_file, json, yes } => {
            let life = expires.map(|span| span.0);
            let wanted = Wanted { name: name.as_deref(), scope: (*scope).into(), life };
            let new = add(config, email, &wanted, with_token_file.as_deref(), *yes)?;
            Printed::new(&new, email).print(*json)
        }
        Token::List { email, json } => list(config, email, *json),
        Token::Rotate { email, name, overlap, expires, with_token_file, json } => {
            let life = expires.map(|span| span.0);
            let rotated = rotate(config, email, name, with_token_file, overlap.0, life)?;
            let Rotated { new, aside, until } = &rotated;
            let old = Some(Old { name: aside, expires: until.secs() });
            Printed { old, ..Printed::new(new, email) }.print(*json)
        }
        Token::Revoke { email, name, yes } => revoke(config, email, name, *yes),
    }
}

struct Wanted<'a> {
    name: Option<&'a str>,
    scope: Scope,
    life: Option<Ttl>,
}

fn add(
    config: &Config,
    email: &str,
    wanted: &Wanted<'_>,
    shown: Option<&Path>,
    yes: bool,
) -> Result<NewToken, Failure> {
    let shown = shown.map(read).transpose()?;
    let shown = shown.as_ref().map(|token| token.expose().trim());
    with_accounts(config, async |accounts| {
        let tokens = accounts.tokens(email).await.map_err(|error| refused(error, email))?;
        if shown.is_none() {
            ask::confirm(yes, EMPTY_LIST, "start a new, empty list")?;
        }
        let name = wanted.name.map_or_else(|| free_name(&tokens), str::to_owned);
        let terms = TokenTerms { name: &name, scope: wanted.scope, life: wanted.life };
        accounts.add_token(email, &terms, shown).await.map_err(|error| match error {
            AccountError::TokenTaken => Failure::other(anyhow!(
                "{email} has a token `{name}` already: say another --name, or rotate or revoke that one"
            )),
            error => not_shown(error, email, "a token"),
        })
    })
}

const EMPTY_LIST: &str = "Without --with-token-file the new token starts with a new, empty list: it will not see \
                          what the account's other tokens made, nor they what it makes.";

fn free_name(tokens: &[ListedToken]) -> String {
    let names = (2..).map(|n| format!("token-{n}"));
    let mut free = names.filter(|name| !tokens.iter().any(|token| token.name == *name));
    free.next().unwrap_or_default()
}

fn not_shown(error: AccountError, email: &str, what: &str) -> Failure {
    match error {
        AccountError::WrongToken => {
            Failure::other(anyhow!("the file given by --with-token-file does not hold {what} of {email}"))
        }
        error => refused(error, email),
    }
}

/// Reads a token from a file. What is in there is never shown.
fn read(path: &Path) -> Result<Plaintext, Failure> {
    let mut text = String::with_capacity(LARGEST_FILE);
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE as u64).read_to_string(&mut text));
    let token = Plaintext::from(text);
    read.map_err(|error: io::Error| Failure::usage(anyhow!("cannot read {}: {error}", path.display())))?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let trimmed = token.expose().trim();
    if trimmed.len() == 64 && trimmed.bytes().all(is_digit) {
        return Ok(token);
    }
    let path = path.display();
    Err(Failure::usage(anyhow!(
        "{path} does not hold a token, which is 64 hexadecimal characters and nothing else"
    )))
}

fn list(config: &Config, email: &str, json: bool) -> Result<(), Failure> {
    let tokens = with_accounts(config, async |accounts| {
        accounts.tokens(email).await.map_err(|error| refused(error, email))
    })?;
    let rows: Vec<Row<'_>> = tokens.iter().map(Row::from).collect();
    if json {
        return out::json(&rows);
    }
    rows.iter().try_for_each(|Row { name, scope, created, expires, expired }| {
        let end = match expires {
            Some(secs) if *expired => format!("expired {}", out::date(*secs)),
            Some(secs) => format!("expires {}", out::date(*secs)),
            None => "never expires".to_owned(),
        };
        out::line(format_args!("{name}\t{scope}\t{end}\tmade {}", out::date(*created)))
    })
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    scope: &'static str,
    /// Unix seconds, like `expires`.
    created: u64,
    expires: Option<u64>,
    expired: bool,
}

impl<'a> From<&'a ListedToken> for Row<'a> {
    fn from(token: &'a ListedToken) -> Self {
        Self {
            name: &token.name,
            scope: scope_name(token.scope),
            created: token.created.secs(),
            expires: token.expires.map(|expires| expires.secs()),
            expired: token.expired,
        }
    }
}

const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Full => "full",
        Scope::Create => "create",
        Scope::Read => "read",
    }
}

fn rotate(
    config: &Config,
    email: &str,
    name: &str,
    shown: &Path,
    overlap: Ttl,
    life: Option<Ttl>,
) -> Result<Rotated, Failure> {
    let shown = read(shown)?;
    let shown = shown.expose().trim();
    with_accounts(config, async |accounts| {
        let rotated = accounts.rotate_token(email, name, shown, overlap, life).await;
        match rotated {
            Err(AccountError::NoToken) => Err(no_token(&accounts, email, name).await),
            rotated => rotated.map_err(|error| not_shown(error, email, &format!("the token `{name}`"))),
        }
    })
}

async fn no_token(accounts: &Accounts, email: &str, name: &str) -> Failure {
    match accounts.tokens(email).await {
        Ok(tokens) => {
            let names: Vec<String> = tokens.into_iter().map(|token| token.name).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Failure::other(anyhow!("{email} has no token `{name}`; it has: {known}"))
        }
        Err(error) => refused(error, email),
    }
}

fn revoke(config: &Config, email: &str, name: &str, yes: bool) -> Result<(), Failure> {
    let left = with_accounts(config, async |accounts| {
        let tokens = accounts.tokens(email).await.map_err(|error| refused(error, email))?;
        let (revoked, left): (Vec<_>, Vec<_>) = tokens.into_iter().partition(|token| token.name == name);
        if revoked.is_empty() {
            return Err(no_token(&accounts, email, name).await);
        }
        ask::confirm(yes, &loss(email, name, &left), &format!("revoke `{name}`"))?;
        match accounts.revoke_token(email, name).await {
            Ok(()) => Ok(left),
            Err(AccountError::NoToken) => Err(no_token(&accounts, email, name).await),
            Err(error) => Err(refused(error, email)),
        }
    })?;
    out::line(format_args!("revoked `{name}` of {email}"))?;
    let aside = format!("{name}.old");
    if left.iter().any(|token| token.name == aside && !token.expired) {
        out::remark(format_args!(
            "`{aside}`, which it replaced, is still heard; revoke it, too, if it must go"
        ));
    }
    Ok(())
}

/// What goes with a token. Which tokens wrap the same list key is not stored, so
/// unless it is the last, only the person who made them knows.
fn loss(email: &str, name: &str, left: &[ListedToken]) -> String {
    let names: Vec<_> = left.iter().map(|token| format!("`{}`", token.name)).collect();
    if names.is_empty() {
        return format!(
            "`{name}` is the last token of {email}: its list of secrets can never be read again, and nobody can \
             sign in until a token is added. Its secrets live on."
        );
    }
    format!(
        "Unless one of {} shares its list (made with --with-token-file, or by a rotation), the list that `{name}` \
         reads can never be read again. Its secrets live on.",
        names.join(", ")
    )
}

#[derive(Serialize)]
struct Printed<'a> {
    account: &'a str,
    name: &'a str,
    scope: &'static str,
    expires: Option<u64>,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Old<'a>>,
}

/// The token that was set aside.
#[derive(Serialize)]
struct Old<'a> {
    name: &'a str,
    expires: u64,
}

impl<'a> Printed<'a> {
    fn new(new: &'a NewToken, account: &'a str) -> Self {
        Self {
            account,
            name: &new.name,
            scope: scope_name(new.scope),
            expires: new.expires.map(|expires| expires.secs()),
            token: new.token.expose(),
            old: None,
        }
    }

    /// The token alone goes to standard output, unless all is JSON.
    fn print(&self, json: bool) -> Result<(), Failure> {
        let printed = if json { out::json(self) } else { self.say() };
        printed.inspect_err(|_| {
            let Self { account, name, .. } = self;
            out::remark(format_args!(
                "The token `{name}` is there now, but nobody has it. Revoke it, then add another: waxseal account \
                 token revoke {account} {name} --yes"
            ));
        })
    }

    fn say(&self) -> Result<(), Failure> {
        if let Some(old) = &self.old {
            out::remark(format_args!(
                "The old one is `{}` now, and heard until {}.",
                old.name,
                out::date(old.expires)
            ));
        }
        let Self { account, name, scope, .. } = self;
        let end = self.expires.map(|secs| format!(", until {}", out::date(secs))).unwrap_or_default();
        out::remark(format_args!("The token `{name}` ({scope}{end}) of {account}. It is shown this once:"));
        out::line(self.token)
    }
}
