//! Accounts, their tokens and their domains. Read from the file each time, so that another
//! process's change is seen at once.

use async_trait::async_trait;
use rusqlite::{Connection, Params, Row, params};
use waxseal_core::brand::Accent;
use waxseal_core::domain::Domain;
use waxseal_core::id::{AccountId, TokenDigest};
use waxseal_core::store::{
    Account, AccountState, AccountStore, DomainChange, Rotation, Scope, StoreError, Token, TokenChange,
};
use waxseal_core::time::Timestamp;

use crate::SqliteStore;
use crate::batch::Batch;
use crate::fault::Fault;
use crate::rows::{bytes, code, known, secs, time};
use crate::writer::Class;

#[async_trait]
impl AccountStore for SqliteStore {
    async fn add_account(&self, account: Account, token: Token) -> Result<bool, StoreError> {
        self.writer.call(Class::Plain, move |batch| add(batch, &account, &token)).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<(Account, Vec<Token>)>, StoreError> {
        let id = *id;
        self.readers.look(move |conn| find(conn, &id)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.readers.call(list).await
    }

    async fn remove_account(&self, id: &AccountId) -> Result<bool, StoreError> {
        let id = *id;
        self.writer.call(Class::Plain, move |batch| remove(batch, &id)).await
    }

    async fn set_state(&self, id: &AccountId, state: AccountState) -> Result<bool, StoreError> {
        let id = *id;
        self.writer.call(Class::Plain, move |batch| set_state(batch, &id, state)).await
    }

    async fn set_plan(&self, id: &AccountId, plan: &str) -> Result<bool, StoreError> {
        let (id, plan) = (*id, plan.to_owned());
        self.writer.call(Class::Plain, move |batch| set_plan(batch, &id, &plan)).await
    }

    async fn set_language(&self, id: &AccountId, language: Option<&str>) -> Result<bool, StoreError> {
        let (id, language) = (*id, language.map(str::to_owned));
        self.writer.call(Class::Plain, move |batch| set_language(batch, &id, language.as_deref())).await
    }

    async fn add_token(&self, account: &AccountId, token: Token) -> Result<TokenChange, StoreError> {
        let id = *account;
        self.writer.call(Class::Plain, move |batch| add_token(batch, &id, &token)).await
    }

    async fn rotate_token(
        &self,
        account: &AccountId,
        rotation: Rotation,
        now: Timestamp,
    ) -> Result<TokenChange, StoreError> {
        let id = *account;
        self.writer.call(Class::Plain, move |batch| rotate(batch, &id, &rotation, now)).await
    }

    async fn revoke_token(&self, account: &AccountId, name: &str) -> Result<bool, StoreError> {
        let (id, name) = (*account, name.to_owned());
        self.writer.call(Class::Plain, move |batch| revoke(batch, &id, &name)).await
    }

    async fn add_domain(&self, domain: Domain) -> Result<DomainChange, StoreError> {
        self.writer.call(Class::Plain, move |batch| add_domain(batch, &domain)).await
    }

    async fn domains(&self) -> Result<Vec<Domain>, StoreError> {
        self.readers.call(domains).await
    }

    async fn remove_domain(&self, host: &str) -> Result<bool, StoreError> {
        let host = host.to_owned();
        let sql = "DELETE FROM domains WHERE host = ?1";
        self.writer.call(Class::Plain, move |batch| Ok(batch.execute(sql, [&host])? > 0)).await
    }
}

fn add(batch: &mut Batch<'_>, account: &Account, token: &Token) -> Result<bool, Fault> {
    let mut statement = batch.conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?1) OR EXISTS (SELECT 1 FROM tokens WHERE digest = ?2)",
    )?;
    let ids = params![account.id.as_bytes(), token.digest.as_bytes()];
    if statement.query_row(ids, |row| row.get(0))? {
        return Ok(false);
    }
    let Account { id, name, plan, language, state, created } = account;
    batch.execute(
        "INSERT INTO accounts (id, name, plan, language, state, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.as_bytes(), name, plan, language, state.code(), secs(*created)],
    )?;
    insert(batch, id, token)?;
    Ok(true)
}

fn insert(batch: &Batch<'_>, account: &AccountId, token: &Token) -> Result<(), Fault> {
    let Token { digest, name, scope, created, expires, wrap } = token;
    batch.execute(
        "INSERT INTO tokens (digest, account, name, scope, created, expires, wrap)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            digest.as_bytes(),
            account.as_bytes(),
            name,
            scope.code(),
            secs(*created),
            expires.map(secs),
            wrap
        ],
    )?;
    Ok(())
}

fn remove(batch: &mut Batch<'_>, id: &AccountId) -> Result<bool, Fault> {
    batch.erased |= batch.execute("DELETE FROM tokens WHERE account = ?1", [id.as_bytes()])? > 0;
    batch.execute("DELETE FROM domains WHERE account = ?1", [id.as_bytes()])?;
    Ok(batch.execute("DELETE FROM accounts WHERE id = ?1", [id.as_bytes()])? > 0)
}

fn set_state(batch: &Batch<'_>, id: &AccountId, state: AccountState) -> Result<bool, Fault> {
    let sql = "UPDATE accounts SET state = ?2 WHERE id = ?1";
    Ok(batch.execute(sql, params![id.as_bytes(), state.code()])? > 0)
}

fn set_plan(batch: &Batch<'_>, id: &AccountId, plan: &str) -> Result<bool, Fault> {
    let sql = "UPDATE accounts SET plan = ?2 WHERE id = ?1";
    Ok(batch.execute(sql, params![id.as_bytes(), plan])? > 0)
}

fn set_language(batch: &Batch<'_>, id: &AccountId, language: Option<&str>) -> Result<bool, Fault> {
    let sql = "UPDATE accounts SET language = ?2 WHERE id = ?1";
    Ok(batch.execute(sql, params![id.as_bytes(), language])? > 0)
}

fn add_domain(batch: &Batch<'_>, domain: &Domain) -> Result<DomainChange, Fault> {
    let Domain { host, account, name, accent } = domain;
    if !exists(batch, "SELECT 1 FROM accounts WHERE id = ?1", params![account.as_bytes()])? {
        return Ok(DomainChange::Unknown);
    }
    let inserted = batch.execute(
        "INSERT INTO domains (host, account, name, accent) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![host, account.as_bytes(), name, accent.map(|accent| accent.to_string())],
    )?;
    Ok(if inserted > 0 { DomainChange::Done } else { DomainChange::Taken })
}

fn add_token(batch: &Batch<'_>, id: &AccountId, token: &Token) -> Result<TokenChange, Fault> {
    if !exists(batch, "SELECT 1 FROM accounts WHERE id = ?1", params![id.as_bytes()])? {
        return Ok(TokenChange::Unknown);
    }
    let taken = "SELECT 1 FROM tokens WHERE digest = ?1 OR (account = ?2 AND name = ?3)";
    if exists(batch, taken, params![token.digest.as_bytes(), id.as_bytes(), token.name])? {
        return Ok(TokenChange::Taken);
    }
    insert(batch, id, token)?;
    Ok(TokenChange::Done)
}

fn rotate(
    batch: &mut Batch<'_>,
    id: &AccountId,
    rotation: &Rotation,
    now: Timestamp,
) -> Result<TokenChange, Fault> {
    let Rotation { old, aside, until, next } = rotation;
    let bears = "SELECT 1 FROM tokens WHERE digest = ?1 AND account = ?2 AND name = ?3";
    if !exists(batch, bears, params![old.as_bytes(), id.as_bytes(), next.name])? {
        return Ok(TokenChange::Unknown);
    }
    let taken = "SELECT 1 FROM tokens WHERE digest = ?1
                 OR (account = ?2 AND name = ?3 AND (expires IS NULL OR ?4 < expires))";
    if exists(batch, taken, params![next.digest.as_bytes(), id.as_bytes(), aside, secs(now)])? {
        return Ok(TokenChange::Taken);
    }
    revoke(batch, id, aside)?;
    batch.execute(
        "UPDATE tokens SET name = ?2, expires = min(coalesce(expires, ?3), ?3) WHERE digest = ?1",
        params![old.as_bytes(), aside, secs(*until)],
    )?;
    insert(batch, id, next)?;
    Ok(TokenChange::Done)
}

/// The log is cleared soon after: with its token, a stale wrap box would still
/// give the list key away.
fn revoke(batch: &mut Batch<'_>, id: &AccountId, name: &str) -> Result<bool, Fault> {
    let sql = "DELETE FROM tokens WHERE account = ?1 AND name = ?2";
    let revoked = batch.execute(sql, params![id.as_bytes(), name])? > 0;
    batch.erased |= revoked;
    Ok(revoked)
}

fn exists(batch: &Batch<'_>, sql: &str, params: impl Params) -> Result<bool, Fault> {
    Ok(batch.conn.prepare_cached(sql)?.exists(params)?)
}

fn find(conn: &Connection, id: &AccountId) -> Result<Option<(Account, Vec<Token>)>, Fault> {
    // Both queries in one transaction, so that a removal in between shows whole.
    let snapshot = conn.unchecked_transaction()?;
    let mut statement = snapshot
        .prepare_cached("SELECT id, name, plan, language, state, created FROM accounts WHERE id = ?1")?;
    let mut rows = statement.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((account(row)?, tokens(&snapshot, id)?)))
}

fn list(conn: &Connection) -> Result<Vec<Account>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT id, name, plan, language, state, created FROM accounts ORDER BY created, id",
    )?;
    let mut rows = statement.query([])?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(account(row)?);
    }
    Ok(accounts)
}

fn tokens(conn: &Connection, id: &AccountId) -> Result<Vec<Token>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT digest, name, scope, created, expires, wrap FROM tokens
         WHERE account = ?1 ORDER BY created, digest",
    )?;
    let mut rows = statement.query([id.as_bytes()])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        tokens.push(token(row)?);
    }
    Ok(tokens)
}

fn domains(conn: &Connection) -> Result<Vec<Domain>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT host, account, name, accent FROM domains ORDER BY host")?;
    let mut rows = statement.query([])?;
    let mut domains = Vec::new();
    while let Some(row) = rows.next()? {
        domains.push(domain(row)?);
    }
    Ok(domains)
}

/// A domain: host, account, name, accent.
pub(crate) fn domain(row: &Row<'_>) -> Result<Domain, Fault> {
    let accent: Option<String> = row.get(3)?;
    let accent = accent.map(|text| known(text.parse::<Accent>().ok(), "a domain's colour")).transpose()?;
    Ok(Domain {
        host: row.get(0)?,
        account: AccountId(bytes(row, 1, "the account of a domain")?),
        name: row.get(2)?,
        accent,
    })
}

/// An account: id, name, plan, language, state, created.
pub(crate) fn account(row: &Row<'_>) -> Result<Account, Fault> {
    Ok(Account {
        id: AccountId(bytes(row, 0, "an account's id")?),
        name: row.get(1)?,
        plan: row.get(2)?,
        language: row.get(3)?,
        state: known(AccountState::from_code(code(row, 4)?), "an account's state")?,
        created: time(row, 5)?,
    })
}

/// A token: digest, name, scope, created, expires, wrap.
pub(crate) fn token(row: &Row<'_>) -> Result<Token, Fault> {
    let expires = match row.get::<_, Option<i64>>(4)? {
        Some(_) => Some(time(row, 4)?),
        None => None,
    };
    Ok(Token {
        digest: TokenDigest(bytes(row, 0, "a token's digest")?),
        name: row.get(1)?,
        scope: known(Scope::from_code(code(row, 2)?), "a token's scope")?,
        created: time(row, 3)?,
        expires,
        wrap: row.get(5)?,
    })
}
