//! `waxseal domain`: custom domains in the store that a running server reads,
//! beside those of its configuration.

use anyhow::anyhow;
use serde::Serialize;
use waxseal_core::account::{AccountError, DomainTerms, ListedDomain};
use waxseal_core::contract::site::Site;
use waxseal_core::id::AccountId;
use waxseal_server::config::{self, Config};

use crate::account::{lasting, refused, with_accounts};
use crate::args::Domain;
use crate::exit::Failure;
use crate::out;

/// Does what `command` says to the domains of the store.
pub(crate) fn run(config: &Config, command: &Domain) -> Result<(), Failure> {
    lasting(config)?;
    // Only hosts matter here, and who owns those of the configuration does not.
    let site = config.site(config.listen, |_| AccountId([0; 16]));
    match command {
        Domain::Add { host, account, name, accent } => {
            let host = site.without_usual_port(host.as_str());
            let name = name.as_ref().map(config::Title::as_str);
            add(config, &site, account, &DomainTerms { host, name, accent: *accent })
        }
        Domain::List { json } => list(config, &site, *json),
        Domain::Remove { host } => remove(config, &site, site.without_usual_port(host.as_str())),
    }
}

fn add(config: &Config, site: &Site, account: &str, terms: &DomainTerms<'_>) -> Result<(), Failure> {
    let host = terms.host;
    check_free(config, site, host)?;
    with_accounts(config, async |accounts| {
        accounts.add_domain(account, terms).await.map_err(|error| match error {
            AccountError::DomainTaken => Failure::other(anyhow!(
                "{host} is registered already (waxseal domain list says whose it is); to change it, remove it and \
                 add it again"
            )),
            error => refused(error, account),
        })
    })?;
    out::line(format_args!("{account} may share on {}", site.origin(Some(host))))?;
    out::remark("DNS and the proxy must lead the host here (waxseal domain --help).");
    Ok(())
}

/// A host has one meaning: the site's, another region's, or that of one domain.
fn check_free(config: &Config, site: &Site, host: &str) -> Result<(), Failure> {
    if site.is_own(host) {
        return Err(Failure::other(anyhow!(
            "{host} is the site's own host: every account's links stand there"
        )));
    }
    let mut others = site.regions.iter();
    if let Some(region) = others.find(|region| site.without_usual_port(&region.host) == host) {
        let label = &region.label;
        return Err(Failure::other(anyhow!("{host} is the host of another region, {label}")));
    }
    if site.domains.find(host).is_some() {
        return Err(configured(config, host));
    }
    Ok(())
}

fn configured(config: &Config, host: &str) -> Failure {
    let file = config.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    Failure::other(anyhow!(
        "{host} stands in the configuration, below [[site.domains]] of {file}: change it there"
    ))
}

fn remove(config: &Config, site: &Site, host: &str) -> Result<(), Failure> {
    let removed =
        with_accounts(config, async |accounts| accounts.remove_domain(host).await.map_err(Failure::store))?;
    match (removed, site.domains.find(host).is_some()) {
        (true, _) => out::line(format_args!("{host} is removed")),
        (false, true) => Err(configured(config, host)),
        (false, false) => {
            Err(Failure::other(anyhow!("there is no domain {host}; waxseal domain list shows all")))
        }
    }
}

#[derive(Serialize)]
struct Row {
    host: String,
    account: Option<String>,
    name: Option<String>,
    accent: Option<String>,
    source: &'static str,
    /// `false` for one that the site's own host has taken over, and for one of the
    /// store whose host the configuration names for an account, too.
    in_force: bool,
}

fn list(config: &Config, site: &Site, json: bool) -> Result<(), Failure> {
    let stored =
        with_accounts(config, async |accounts| accounts.list_domains().await.map_err(Failure::store))?;
    let is_site = |host: &str| site.is_own(site.without_usual_port(host));
    let of_store = |listed: ListedDomain| Row {
        in_force: site.domains.find(&listed.host).is_none() && !is_site(&listed.host),
        ..Row::of_store(listed)
    };
    let mut rows: Vec<Row> = stored.into_iter().map(of_store).collect();
    let of_configuration = |domain: &config::Domain| Row {
        in_force: !is_site(domain.host.as_str()),
        ..Row::of_configuration(domain)
    };
    rows.extend(config.site.domains.iter().map(of_configuration));
    rows.sort_by(|one, other| (&one.host, one.source).cmp(&(&other.host, other.source)));
    if json { out::json(&rows) } else { rows.iter().try_for_each(Row::print) }
}

impl Row {
    fn of_configuration(domain: &config::Domain) -> Self {
        Self {
            host: domain.host.as_str().to_owned(),
            account: Some(domain.account.clone()),
            name: domain.name.clone(),
            accent: domain.accent.map(|accent| accent.to_string()),
            source: "configuration",
            in_force: true,
        }
    }

    fn of_store(listed: ListedDomain) -> Self {
        let ListedDomain { host, account, name, accent } = listed;
        let accent = accent.map(|accent| accent.to_string());
        Self { host, account, name, accent, source: "store", in_force: true }
    }

    fn print(&self) -> Result<(), Failure> {
        let account = self.account.as_deref().unwrap_or("(account unreadable)");
        let [name, accent] = [&self.name, &self.accent].map(|text| text.as_deref().unwrap_or("-"));
        let overruled = match self.source {
            _ if self.in_force => "",
            "configuration" => ", overruled by site.host",
            _ => ", overruled by the configuration",
        };
        out::line(format_args!("{}\t{account}\t{name}\t{accent}\t{}{overruled}", self.host, self.source))
    }
}
