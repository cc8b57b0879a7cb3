//! The configuration: one TOML file, environment variables above it, flags above
//! those, and defaults below everything. Read and merged here; nothing is bound
//! or opened.

mod error;
mod file;
mod log;
mod names;
mod overrides;
mod read;
mod show;
mod smtp;
mod tls;
mod value;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use waxseal_core::api::Limits;
use waxseal_core::brand::{Accent, Brand};
use waxseal_core::contract::site;
use waxseal_core::domain;
use waxseal_core::id::AccountId;
use waxseal_core::policy::{PassphrasePolicy, Plan, Plans, Policy};
use waxseal_storage::{RedisOptions, StoreUrl};

pub use error::{ConfigError, ConfigErrors};
pub use log::{ACCESS_TARGET, Log, LogFormat, LogLevels};
pub use overrides::{Key, Overrides};
pub use show::{Origin, Setting, Shown};
pub use smtp::{MailServer, MailUser, Smtp, SmtpError, SmtpPlace, SmtpTls, SmtpUrl};
pub use tls::Tls;
pub use value::{BadValue, Host, Listen, Scheme, Title};

/// Where the configuration is looked for when nobody names it.
pub const USUAL_FILE: &str = "waxseal.toml";
/// Where the server listens when nobody says so.
pub const USUAL_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7143);
/// Where the store stands when nobody says so.
pub const USUAL_STORE: &str = "data/waxseal.db";
/// Where the key file stands when nobody says so.
pub const USUAL_KEY_FILE: &str = "data/waxseal.key";
/// Everything an operator decides, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from, if there was one.
    pub file: Option<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where Prometheus reads figures, if it does.
    pub metrics_listen: Option<SocketAddr>,
    /// TLS to clients; `None` for plain HTTP.
    pub tls: Option<Tls>,
    /// Where secrets stand.
    pub store: StoreUrl,
    /// Where the key comes from.
    pub key: Key,
    /// Whether there is no configuration file and nobody named a key: then
    /// `serve` may make itself a key file.
    pub self_setup: bool,
    /// What pages and links say of this deployment.
    pub site: Site,
    /// What callers may do.
    pub plans: Plans,
    /// How much they may do of it.
    pub limits: Limits,
    /// How many requests are worked on at once; 0 for any number.
    pub requests_at_once: usize,
    /// The budget of stored bytes; 0 for none.
    pub stored_bytes: u64,
    /// What people meet.
    pub pages: Pages,
    /// What a store on Redis is told.
    pub redis: RedisOptions,
    /// The API, version 1.
    pub api_v1: ApiV1,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The mail server that recipients are told through, if there is one.
    pub smtp: Option<Smtp>,
    /// What is logged.
    pub log: Log,
    /// Which line of the file says what.
    lines: read::Lines,
}

/// What pages and links say of this deployment.
#[derive(Clone, Debug)]
pub struct Site {
    /// The host that links stand on; `None` for where the server listens.
    pub host: Option<Host>,
    /// How links begin; `None` for `https` with TLS, else `http` on loopback and `https`
    /// elsewhere.
    pub scheme: Option<Scheme>,
    /// What the deployment is called, its colour and its footer.
    pub brand: Brand,
    /// The code of its region.
    pub region: Option<String>,
    /// Regions, each a deployment of its own; this one may be among them.
    pub regions: Vec<Region>,
    /// Custom domains for links.
    pub domains: Vec<Domain>,
}

/// A region to point a visitor to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Region {
    /// Its short name.
    pub code: String,
    /// What people call it.
    pub label: String,
    /// Where it is.
    pub host: Host,
}

/// A custom domain for links.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// Its host.
    pub host: Host,
    /// The e-mail address of the account that may name it.
    pub account: String,
    /// What it is called, if not as the site.
    pub name: Option<String>,
    /// Its colour, if not the site's.
    pub accent: Option<Accent>,
}

/// The pages. A build without them takes the settings, which then mean nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pages {
    /// Whether a reader types three characters before a secret opens.
    pub typed_check: bool,
    /// Whether a page makes secrets for guests.
    pub guests_may_create: bool,
}

impl Default for Pages {
    fn default() -> Self {
        Self { typed_check: false, guests_may_create: true }
    }
}

/// The API, version 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApiV1 {
    /// How answers write numbers.
    pub numbers: site::Numbers,
    /// Which passphrases are accepted.
    pub passphrases: PassphrasePolicy,
}

impl Config {
    /// Reads the file that `overrides` name, else [`USUAL_FILE`] if it is there,
    /// and merges `overrides` over it.
    ///
    /// # Errors
    /// [`ConfigErrors`] if the file can't be read or says what it may not.
    pub fn load(overrides: &Overrides) -> Result<Self, ConfigErrors> {
        let path = overrides.config.clone().or_else(usual_file);
        let (file, lines) = path.as_deref().map(read::read).transpose()?.unwrap_or_default();
        merge(path, file, lines, overrides)
    }

    /// What answers need of the site. `bound` is where the server really listens;
    /// `account_id` names an account by its e-mail address.
    #[must_use]
    pub fn site(&self, bound: SocketAddr, account_id: impl Fn(&str) -> AccountId) -> site::Site {
        let host = self.site.host.clone().unwrap_or_else(|| Host::from(reachable(bound)));
        let plain = self.tls.is_none() && host.is_loopback();
        let local = if plain { Scheme::Http } else { Scheme::Https };
        let site = site::Site {
            brand: self.site.brand.clone(),
            region: self.site.own_region(&host),
            regions: self.site.other_regions(),
            numbers: self.api_v1.numbers,
            ..site::Site::new(self.site.scheme.unwrap_or(local).as_str(), host.as_str())
        };
        let domains = self.site.domains.iter().map(|domain| domain::Domain {
            host: site.without_usual_port(domain.host.as_str()).to_owned(),
            account: account_id(&domain.account),
            name: domain.name.clone(),
            accent: domain.accent,
        });
        let domains = domains.collect();
        site::Site { domains, ..site }
    }

    /// The bounds that the vault keeps.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy { plans: self.plans.clone(), passphrases: self.api_v1.passphrases, ..Policy::default() }
    }
}

impl Site {
    /// The region that this deployment is, as the list labels it, else as its code.
    fn own_region(&self, host: &Host) -> Option<site::Region> {
        let code = self.region.clone()?;
        let listed = self.regions.iter().find(|region| self.is_own(region));
        let label = listed.map_or_else(|| code.clone(), |region| region.label.clone());
        Some(site::Region { code, label, host: host.as_str().to_owned() })
    }

    fn other_regions(&self) -> Vec<site::Region> {
        let others = self.regions.iter().filter(|region| !self.is_own(region)).cloned();
        others
            .map(|Region { code, label, host }| site::Region { code, label, host: host.as_str().to_owned() })
            .collect()
    }

    fn is_own(&self, region: &Region) -> bool {
        self.region.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&region.code))
    }
}

/// Where a browser on this machine finds a server that listens there: a server
/// on every address is on loopback, too, but no link leads to 0.0.0.0.
#[must_use]
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// A file that is there but can't be read is one, too: to start without it would
/// be to start with other settings than it says.
fn usual_file() -> Option<PathBuf> {
    let usual = PathBuf::from(USUAL_FILE);
    let looked = usual.symlink_metadata();
    let absent = looked.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    (!absent).then_some(usual)
}

fn merge(
    path: Option<PathBuf>,
    file: file::File,
    lines: read::Lines,
    overrides: &Overrides,
) -> Result<Config, ConfigErrors> {
    let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    let smtp = smtp::merged(file.smtp, &folder, overrides, |setting, message| {
        let line = lines.get(setting).or(lines.get("smtp"));
        match (&path, line) {
            (Some(path), Some(line)) => ConfigError::in_file(path, *line, message),
            _ => ConfigError::in_variable(smtp_variable(overrides), message),
        }
    })?;
    let tls = tls::merged(file.tls, &folder, |setting, message| {
        in_place(path.as_deref(), &lines, setting, "tls", message)
    })?;
    check_scheme(tls.is_some(), file.site.0.scheme, overrides, |message| {
        in_place(path.as_deref(), &lines, "site.scheme", "site", message)
    })?;
    let store = file.store.unwrap_or_else(|| StoreUrl::Sqlite(USUAL_STORE.into()));
    let named = file.key_file.map(|key_file| Key::File(folder.join(key_file.0)));
    let named = overrides.key.clone().or(named).or_else(|| credential(overrides));
    Ok(Config {
        listen: overrides.listen.or(file.listen).map_or(USUAL_LISTEN, |listen| listen.0),
        metrics_listen: overrides.metrics_listen.or(file.metrics_listen).map(|listen| listen.0),
        tls,
        store: overrides.store.clone().unwrap_or_else(|| store.within(&folder)),
        self_setup: path.is_none() && named.is_none(),
        key: named.unwrap_or_else(|| Key::File(folder.join(USUAL_KEY_FILE))),
        site: merge_site(file.site.0, overrides),
        plans: plans(file.plans.0),
        limits: limits(&file.limits),
        requests_at_once: file.limits.requests_at_once.as_usize(),
        stored_bytes: file.limits.stored_bytes.0,
        pages: pages(file.pages),
        redis: redis(file.redis),
        api_v1: ApiV1 { numbers: file.api.v1.numbers, passphrases: file.api.v1.passphrases },
        trusted_proxies: file.trusted_proxies.into_iter().map(|proxy| proxy.0).collect(),
        smtp,
        log: merge_log(file.log, overrides),
        file: path,
        lines,
    })
}

/// Refuses links that lead to plain HTTP where none is spoken.
fn check_scheme(
    tls: bool,
    written: Option<Scheme>,
    overrides: &Overrides,
    in_file: impl Fn(&str) -> ConfigError,
) -> Result<(), ConfigError> {
    let message = "links can't begin with http:// where the server speaks TLS; take this out, or [tls]";
    match (overrides.site_scheme, written) {
        (Some(Scheme::Http), _) if tls => {
            Err(ConfigError::in_variable("--site-scheme or WAXSEAL_SITE_SCHEME", message))
        }
        (None, Some(Scheme::Http)) if tls => Err(in_file(message)),
        _ => Ok(()),
    }
}

/// An error at a setting's line of the file, else at that of its table.
fn in_place(
    path: Option<&Path>,
    lines: &read::Lines,
    setting: &str,
    table: &str,
    message: &str,
) -> ConfigError {
    let line = lines.get(setting).or(lines.get(table)).copied();
    ConfigError::in_file(path.unwrap_or(Path::new(USUAL_FILE)), line.unwrap_or(1), message)
}

/// The variable that names the mail server.
fn smtp_variable(overrides: &Overrides) -> &'static str {
    match overrides.smtp {
        Some(SmtpPlace::File(_)) => "WAXSEAL_SMTP_URL_FILE",
        _ => "WAXSEAL_SMTP_URL",
    }
}

fn merge_log(log: file::Log, overrides: &Overrides) -> Log {
    Log {
        format: overrides.log_format.or(log.format).unwrap_or_default(),
        levels: overrides.log_levels.clone().or(log.level).unwrap_or_default(),
        access: log.access.unwrap_or(true),
    }
}

/// systemd sets the folder for any credential: ours must be among them.
fn credential(overrides: &Overrides) -> Option<Key> {
    overrides.credential.clone().filter(|path| path.exists()).map(Key::Credential)
}

fn merge_site(site: file::RawSite, overrides: &Overrides) -> Site {
    let regions = site.regions.into_iter();
    let domains = site.domains.into_iter();
    Site {
        host: overrides.site_host.clone().or(site.host),
        scheme: overrides.site_scheme.or(site.scheme),
        brand: merge_brand(site.name, site.accent, site.footer),
        region: site.region.map(|code| code.0),
        regions: regions
            .map(|region| Region { code: region.code.0, label: region.label.0, host: region.host })
            .collect(),
        domains: domains.map(Domain::from).collect(),
    }
}

fn merge_brand(name: Option<value::Title>, accent: Option<Accent>, footer: Option<value::Remark>) -> Brand {
    let usual = Brand::default();
    Brand {
        name: name.map_or(usual.name, |name| name.0),
        accent: accent.unwrap_or(usual.accent),
        footer: footer.map(|footer| footer.0),
    }
}

impl From<file::Domain> for Domain {
    fn from(written: file::Domain) -> Self {
        Self {
            host: written.host,
            account: written.account.0,
            name: written.name.map(|name| name.0),
            accent: written.accent,
        }
    }
}

/// What a plan leaves open it has from the default plan, and those two from core.
fn plans(written: BTreeMap<value::Code, file::Plan>) -> Plans {
    let mut written: BTreeMap<String, file::Plan> =
        written.into_iter().map(|(name, plan)| (name.0, plan)).collect();
    let mut take = |name: &str, base: Plan| completed(written.remove(name).unwrap_or_default(), base);
    let anonymous = take("anonymous", Plan::ANONYMOUS);
    let default = take("default", Plan::ACCOUNT);
    let named = written.into_iter().map(|(name, plan)| (name, completed(plan, default))).collect();
    Plans { anonymous, default, named }
}

fn completed(plan: file::Plan, base: Plan) -> Plan {
    Plan {
        max_secret_bytes: plan.max_secret_bytes.map_or(base.max_secret_bytes, value::Whole::as_usize),
        max_ttl: plan.max_ttl.map_or(base.max_ttl, |life| life.0),
    }
}

fn pages(written: file::Pages) -> Pages {
    let usual = Pages::default();
    Pages {
        typed_check: written.typed_check.unwrap_or(usual.typed_check),
        guests_may_create: written.guests_may_create.unwrap_or(usual.guests_may_create),
    }
}

fn redis(written: file::Redis) -> RedisOptions {
    let usual = RedisOptions::default();
    RedisOptions {
        prefix: written.prefix.unwrap_or(usual.prefix),
        min_replicas: written.min_replicas.map_or(usual.min_replicas, |count| count.0),
        wait: written.wait_ms.map_or(usual.wait, |wait| Duration::from_millis(wait.0)),
    }
}

fn limits(written: &file::Limits) -> Limits {
    let count = |count: file::Count| u32::try_from(count.0).unwrap_or(u32::MAX);
    Limits {
        guest_creates: count(written.guest_creates_per_20m),
        guest_reveals: count(written.guest_reveals_per_20m),
        account_creates: count(written.account_creates_per_20m),
        account_reveals: count(written.account_reveals_per_20m),
        account_mails: count(written.account_mails_per_20m),
    }
}

#[cfg(test)]
mod tests;
