//! `waxseal account`: adds, lists and removes accounts in the store that a
//! running server reads.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use serde::Serialize;
use waxseal_core::account::{AccountError, Accounts, Listed};
use waxseal_core::policy::Plans;
use waxseal_core::store::AccountState;
use waxseal_core::system::{SystemClock, SystemEntropy};
use waxseal_server::config::Config;
use waxseal_storage::StoreUrl;

use crate::args::Account;
use crate::exit::Failure;
use crate::{keys, out, store};

/// Does what `command` says to the accounts of the store.
pub(crate) fn run(config: &Config, command: &Account) -> Result<(), Failure> {
    if config.store == StoreUrl::Memory {
        return Err(Failure::config(anyhow!(
            "a memory: store lives inside the server's process, so no other can change its accounts; use a store \
             that lasts, such as sqlite:data/waxseal.db"
        )));
    }
    match command {
        Account::Add { email, plan, json } => add(config, email, plan, *json),
        Account::List { json } => list(config, *json),
        Account::Remove { email, yes } => remove(config, email, *yes),
    }
}

#[derive(Serialize)]
struct Added<'a> {
    account: &'a str,
    token: &'a str,
}

fn add(config: &Config, email: &str, plan: &str, json: bool) -> Result<(), Failure> {
    check_plan(&config.plans, plan)?;
    let added = with_accounts(config, async |accounts| match accounts.add(email, plan).await {
        Ok(added) => Ok(added),
        Err(AccountError::NotAnAddress) => {
            Err(Failure::usage(anyhow!("`{email}` is no e-mail address, such as tom@example.com")))
        }
        Err(AccountError::Taken) => Err(Failure::other(anyhow!("there is an account {email} already"))),
        Err(AccountError::Store(error)) => Err(Failure::store(error)),
        Err(error) => Err(Failure::other(error)),
    })?;
    let (account, token) = (added.name.as_str(), added.token.expose());
    if json {
        return out::line(serde_json::to_string(&Added { account, token }).map_err(Failure::other)?);
    }
    out::remark(format_args!(
        "The API token of {account}. It is shown this once; it is the password to the name:"
    ));
    out::line(token)
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
        return out::line(serde_json::to_string(&rows).map_err(Failure::other)?);
    }
    rows.iter().try_for_each(|row| {
        let name = row.account.as_deref().unwrap_or("(name unreadable)");
        let created = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(row.created));
        out::line(format_args!("{name}\t{}\t{}\t{created}", row.plan, row.state))
    })
}

fn remove(config: &Config, email: &str, yes: bool) -> Result<(), Failure> {
    if !yes && !confirmed(email)? {
        return Err(Failure::other(anyhow!("{email} was not removed")));
    }
    let removed = async |accounts: Accounts| accounts.remove(email).await.map_err(Failure::store);
    if with_accounts(config, removed)? {
        out::line(format_args!("removed {email}"))
    } else {
        Err(Failure::other(anyhow!("there is no account {email}")))
    }
}

fn confirmed(email: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(anyhow!("nobody is here to ask; say --yes to remove {email}")));
    }
    let ask = || -> io::Result<bool> {
        write!(
            io::stderr(),
            "Remove {email}? Its token is refused from then on, its secrets live on. [y/N] "
        )?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    };
    ask().context("cannot ask").map_err(Failure::other)
}

/// Runs `act` on the accounts of the store, which must belong to the keys.
fn with_accounts<T, F>(config: &Config, act: impl FnOnce(Accounts) -> F) -> Result<T, Failure>
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
