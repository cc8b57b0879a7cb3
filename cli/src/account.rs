//! `waxseal account`: accounts in the store that a running server reads.

use std::future::Future;
use std::sync::Arc;

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::account::{AccountError, Accounts, Listed, ListedDomain};
use waxseal_core::policy::Plans;
use waxseal_core::store::{AccountState, StoreError};
use waxseal_core::system::{SystemClock, SystemEntropy};
use waxseal_server::config::Config;
use waxseal_storage::StoreUrl;

use crate::args::Account;
use crate::exit::Failure;
use crate::{ask, keys, out, store, token};

/// Does what `command` says to the accounts of the store.
pub(crate) fn run(config: &Config, command: &Account) -> Result<(), Failure> {
    lasting(config)?;
    match command {
        Account::Add { email, plan, json } => add(config, email, plan, *json),
        Account::List { json } => list(config, *json),
        Account::Token(command) => token::run(config, command),
        Account::Suspend { email } => {
            change(config, email, "suspended", async |accounts| accounts.suspend(email).await)
        }
        Account::Resume { email } => {
            change(config, email, "resumed", async |accounts| accounts.resume(email).await)
        }
        Account::Plan { email, plan } => set_plan(config, email, plan),
        Account::Remove { email, yes } => remove(config, email, *yes),
    }
}

/// Refuses a store that another process can't reach.
pub(crate) fn lasting(config: &Config) -> Result<(), Failure> {
    if config.store == StoreUrl::Memory {
        return Err(Failure::config(anyhow!(
            "a memory: store lives inside the server's process, so no other can change its accounts; use a store \
             that lasts, such as sqlite:data/waxseal.db"
        )));
    }
    Ok(())
}

#[derive(Serialize)]
struct Added<'a> {
    account: &'a str,
    token: &'a str,
}

fn add(config: &Config, email: &str, plan: &str, json: bool) -> Result<(), Failure> {
    check_plan(&config.plans, plan)?;
    let added = with_accounts(config, async |accounts| {
        accounts.add(email, plan).await.map_err(|error| refused(error, email))
    })?;
    let (account, token) = (added.name.as_str(), added.token.expose());
    let printed = if json {
        out::json(&Added { account, token })
    } else {
        out::remark(format_args!(
            "The API token of {account}. It is shown this once; it is the password to the name:"
        ));
        out::line(token)
    };
    printed.inspect_err(|_| {
        out::remark(format_args!(
            "The account {account} is there now, but nobody has its token. Add another: waxseal account token \
             add {account} --yes"
        ));
    })
}

/// What a person can do about it.
pub(crate) fn refused(error: AccountError, email: &str) -> Failure {
    match error {
        AccountError::NotAnAddress => {
            Failure::usage(anyhow!("`{email}` is no e-mail address, such as tom@example.com"))
        }
        AccountError::Taken => Failure::other(anyhow!("there is an account {email} already")),
        AccountError::Unknown => unknown(email),
        AccountError::StillAside(old) => Failure::other(anyhow!(
            "the token `{old}`, set aside by an earlier rotation, still lives; end it first: \
             waxseal account token revoke {email} {old}"
        )),
        AccountError::Store(error) => Failure::store(error),
        AccountError::TokenName => Failure::usage(AccountError::TokenName),
        error => Failure::other(error),
    }
}

fn unknown(email: &str) -> Failure {
    Failure::other(anyhow!("there is no account {email}"))
}

/// An account on a plan that is not there would silently be on the default one.
fn check_plan(plans: &Plans, plan: &str) -> Result<(), Failure> {
    if plan == "default" || plans.named.contains_key(plan) {
        return Ok(());
    }
    let known: Vec<&str> = ["default"].into_iter().chain(plans.named.keys().map(String::as_str)).collect();
    Err(Failure::usage(anyhow!("there is no plan `{plan}`; the configuration knows: {}", known.join(", "))))
}

#[derive(Serialize)]
struct Row {
    account: Option<String>,
    plan: String,
    state: &'static str,
    /// Unix seconds.
    created: u64,
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        let state = match listed.state {
            AccountState::Active => "active",
            AccountState::Suspended => "suspended",
        };
        Self { account: listed.name, plan: listed.plan, state, created: listed.created.secs() }
    }
}

fn list(config: &Config, json: bool) -> Result<(), Failure> {
    let listed = with_accounts(config, async |accounts| accounts.list().await.map_err(Failure::store))?;
    let rows: Vec<Row> = listed.into_iter().map(Row::from).collect();
    if json {
        return out::json(&rows);
    }
    rows.iter().try_for_each(|row| {
        let name = row.account.as_deref().unwrap_or("(name unreadable)");
        out::line(format_args!("{name}\t{}\t{}\t{}", row.plan, row.state, out::date(row.created)))
    })
}

fn set_plan(config: &Config, email: &str, plan: &str) -> Result<(), Failure> {
    check_plan(&config.plans, plan)?;
    let now = format!("on the plan {plan}");
    change(config, email, &now, async |accounts| accounts.set_plan(email, plan).await)
}

fn remove(config: &Config, email: &str, yes: bool) -> Result<(), Failure> {
    let removed = with_accounts(config, async |accounts| {
        let domains = accounts.list_domains().await.map_err(Failure::store)?.into_iter();
        let is_own = |domain: &ListedDomain| {
            domain.account.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email))
        };
        let hosts: Vec<String> = domains.filter(is_own).map(|domain| domain.host).collect();
        ask::confirm(yes, &loss(email, &hosts), &format!("remove {email}"))?;
        accounts.remove(email).await.map_err(Failure::store)
    })?;
    if removed { out::line(format_args!("{email} is removed")) } else { Err(unknown(email)) }
}

/// What goes with an account.
fn loss(email: &str, hosts: &[String]) -> String {
    let domains = match hosts {
        [] => String::new(),
        hosts => format!(" Its domains are removed, too: {}.", hosts.join(", ")),
    };
    format!("The tokens of {email} are refused from then on; its secrets live on.{domains}")
}

/// Does what answers whether there was such an account, and says what it is `now`.
fn change(
    config: &Config,
    email: &str,
    now: &str,
    act: impl AsyncFnOnce(Accounts) -> Result<bool, StoreError>,
) -> Result<(), Failure> {
    if with_accounts(config, async |accounts| act(accounts).await.map_err(Failure::store))? {
        out::line(format_args!("{email} is {now}"))
    } else {
        Err(unknown(email))
    }
}

/// Runs `act` on the accounts of the store, which must belong to the keys.
pub(crate) fn with_accounts<T, F>(config: &Config, act: impl FnOnce(Accounts) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let keyring = Arc::new(keys::load(config)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::other)?.block_on(async {
        let opened = store::open(config, &keyring).await?;
        let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(SystemEntropy::default()));
        act(Accounts::new(opened.accounts, keyring, clock, entropy)).await
    })
}
