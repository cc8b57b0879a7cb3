//! Every setting as it is in force, and who said so. Nothing secret is shown.

use std::fmt;
use std::path::PathBuf;

use waxseal_core::contract::site::Numbers;
use waxseal_core::policy::Plan;

use super::{Config, Domain, Key, Overrides, Region, SmtpPlace};

/// A setting in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// Its dotted name, as the file would say it.
    pub name: String,
    /// What is in force.
    pub value: Shown,
    /// Who said so.
    pub origin: Origin,
}

impl Setting {
    /// The flag that stands above it, if there is one.
    #[must_use]
    pub fn flag(&self) -> Option<&'static str> {
        self.above().map(|(flag, _)| flag).filter(|flag| !flag.is_empty())
    }

    /// The environment variable that stands above it, if there is one.
    #[must_use]
    pub fn variable(&self) -> Option<&'static str> {
        self.above().map(|(_, variable)| variable)
    }

    fn above(&self) -> Option<(&'static str, &'static str)> {
        let it = ABOVE.iter().find(|(name, ..)| *name == self.name);
        it.map(|(_, flag, variable)| (*flag, *variable))
    }
}

/// A value, for people and machines to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shown {
    /// Nothing is set, which means what the setting's default says.
    Nothing,
    /// A text.
    Text(String),
    /// A whole number.
    Number(u64),
    /// A switch.
    Switch(bool),
    /// Texts.
    List(Vec<String>),
}

/// Who said what a setting is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A line of the configuration file.
    File(PathBuf, usize),
    /// Nobody.
    Default,
}

/// Which flag and which variable stand above a setting of the file.
const ABOVE: [(&str, &str, &str); 10] = [
    ("listen", "--listen", "WAXSEAL_LISTEN"),
    ("metrics_listen", "--metrics-listen", "WAXSEAL_METRICS_LISTEN"),
    ("store", "--store", "WAXSEAL_STORE"),
    ("key_file", "--key-file", "WAXSEAL_KEY_FILE"),
    ("site.host", "--site-host", "WAXSEAL_SITE_HOST"),
    ("site.scheme", "--site-scheme", "WAXSEAL_SITE_SCHEME"),
    // No flag: the URL holds a password.
    ("smtp.url", "", "WAXSEAL_SMTP_URL"),
    ("smtp.url_file", "", "WAXSEAL_SMTP_URL_FILE"),
    ("log.level", "--log-level", "WAXSEAL_LOG"),
    ("log.format", "--log-format", "WAXSEAL_LOG_FORMAT"),
];

impl Config {
    /// Every setting in force. `flags` and `environment` are what the
    /// configuration was loaded under, before they were merged.
    #[must_use]
    pub fn settings(&self, flags: &Overrides, environment: &Overrides) -> Vec<Setting> {
        let named = self.top().into_iter().chain(self.of_site()).chain(self.of_plans());
        let named = named.chain(self.of_limits()).chain(self.of_redis()).chain(self.of_pages());
        let named = named.chain(self.of_api()).chain(self.of_smtp());
        let named = named.chain(self.of_tls()).chain(self.of_log());
        named
            .map(|(name, value)| {
                let origin = self.origin(&name, flags, environment);
                Setting { name, value, origin }
            })
            .collect()
    }

    fn origin(&self, name: &str, flags: &Overrides, environment: &Overrides) -> Origin {
        if let Some((_, flag, variable)) = ABOVE.iter().find(|(above, ..)| *above == name) {
            if flags.say(name) {
                return Origin::Flag(flag);
            }
            if environment.say(name) {
                let by_text = name == "key_file" && matches!(environment.key, Some(Key::Text(_)));
                return Origin::Environment(if by_text { "WAXSEAL_KEY" } else { variable });
            }
        }
        match (self.lines.get(name), &self.file) {
            (Some(line), Some(file)) => Origin::File(file.clone(), *line),
            _ if name == "key_file" && matches!(self.key, Key::Credential(_)) => {
                Origin::Environment("CREDENTIALS_DIRECTORY")
            }
            _ => Origin::Default,
        }
    }

    fn top(&self) -> Vec<(String, Shown)> {
        let key = self.key.path().map_or("(hidden)".to_owned(), |path| path.display().to_string());
        let proxies = self.trusted_proxies.iter().map(ToString::to_string).collect();
        vec![
            ("listen".into(), text(self.listen)),
            ("metrics_listen".into(), self.metrics_listen.map_or(Shown::Nothing, text)),
            ("store".into(), text(without_password(&self.store.to_string()))),
            ("key_file".into(), text(key)),
            ("trusted_proxies".into(), Shown::List(proxies)),
        ]
    }

    fn of_site(&self) -> Vec<(String, Shown)> {
        let site = &self.site;
        let region = |region: &Region| format!("{} {} ({})", region.code, region.host.as_str(), region.label);
        vec![
            ("site.host".into(), optional(site.host.as_ref().map(super::Host::as_str))),
            ("site.scheme".into(), optional(site.scheme.map(super::Scheme::as_str))),
            ("site.name".into(), text(&site.brand.name)),
            ("site.accent".into(), text(site.brand.accent)),
            ("site.footer".into(), optional(site.brand.footer.as_deref())),
            ("site.region".into(), optional(site.region.as_deref())),
            ("site.regions".into(), Shown::List(site.regions.iter().map(region).collect())),
            ("site.domains".into(), Shown::List(site.domains.iter().map(of_domain).collect())),
        ]
    }

    fn of_plans(&self) -> Vec<(String, Shown)> {
        let usual = [("anonymous", &self.plans.anonymous), ("default", &self.plans.default)];
        let named = self.plans.named.iter().map(|(name, plan)| (name.as_str(), plan));
        usual.into_iter().chain(named).flat_map(|(name, plan)| of_plan(name, plan)).collect()
    }

    fn of_limits(&self) -> Vec<(String, Shown)> {
        let limits = &self.limits;
        let counts = [
            ("guest_creates_per_20m", limits.guest_creates.into()),
            ("guest_reveals_per_20m", limits.guest_reveals.into()),
            ("account_creates_per_20m", limits.account_creates.into()),
            ("account_reveals_per_20m", limits.account_reveals.into()),
            ("account_mails_per_20m", limits.account_mails.into()),
            ("requests_at_once", self.requests_at_once as u64),
            ("stored_bytes", self.stored_bytes),
        ];
        counts.map(|(name, count)| (format!("limits.{name}"), Shown::Number(count))).to_vec()
    }

    fn of_pages(&self) -> Vec<(String, Shown)> {
        vec![
            ("pages.typed_check".into(), Shown::Switch(self.pages.typed_check)),
            ("pages.guests_may_create".into(), Shown::Switch(self.pages.guests_may_create)),
        ]
    }

    fn of_redis(&self) -> Vec<(String, Shown)> {
        let wait = u64::try_from(self.redis.wait.as_millis()).unwrap_or(u64::MAX);
        vec![
            ("redis.prefix".into(), text(&self.redis.prefix)),
            ("redis.min_replicas".into(), Shown::Number(self.redis.min_replicas)),
            ("redis.wait_ms".into(), Shown::Number(wait)),
        ]
    }

    fn of_api(&self) -> Vec<(String, Shown)> {
        let passphrases = &self.api_v1.passphrases;
        let numbers = match self.api_v1.numbers {
            Numbers::Number => "number",
            Numbers::String => "string",
        };
        vec![
            ("api.v1.numbers".into(), text(numbers)),
            ("api.v1.passphrase_min".into(), Shown::Number(passphrases.min as u64)),
            ("api.v1.passphrase_max".into(), Shown::Number(passphrases.max as u64)),
            ("api.v1.passphrase_required".into(), Shown::Switch(passphrases.required)),
        ]
    }

    fn of_smtp(&self) -> Vec<(String, Shown)> {
        let smtp = self.smtp.as_ref();
        let (url, file) = match smtp.map(|smtp| &smtp.place) {
            None => (Shown::Nothing, Shown::Nothing),
            Some(SmtpPlace::Url(url)) => (text(url), Shown::Nothing),
            Some(SmtpPlace::File(path)) => (Shown::Nothing, text(path.display())),
        };
        vec![
            ("smtp.url".into(), url),
            ("smtp.url_file".into(), file),
            ("smtp.from".into(), optional(smtp.map(|smtp| smtp.from.as_str()))),
            ("smtp.tls".into(), optional(smtp.and_then(|smtp| smtp.tls).map(super::SmtpTls::as_str))),
        ]
    }

    fn of_tls(&self) -> Vec<(String, Shown)> {
        let tls = self.tls.as_ref();
        let path = |path: Option<&PathBuf>| path.map_or(Shown::Nothing, |path| text(path.display()));
        vec![
            ("tls.cert".into(), path(tls.map(|tls| &tls.cert))),
            ("tls.key".into(), path(tls.map(|tls| &tls.key))),
            (
                "tls.redirect_listen".into(),
                tls.and_then(|tls| tls.redirect_listen).map_or(Shown::Nothing, text),
            ),
        ]
    }

    fn of_log(&self) -> Vec<(String, Shown)> {
        vec![
            ("log.format".into(), text(self.log.format.as_str())),
            ("log.level".into(), text(&self.log.levels)),
            ("log.access".into(), Shown::Switch(self.log.access)),
        ]
    }
}

impl Overrides {
    fn say(&self, name: &str) -> bool {
        match name {
            "listen" => self.listen.is_some(),
            "metrics_listen" => self.metrics_listen.is_some(),
            "store" => self.store.is_some(),
            "key_file" => self.key.is_some(),
            "site.host" => self.site_host.is_some(),
            "site.scheme" => self.site_scheme.is_some(),
            "smtp.url" => matches!(self.smtp, Some(SmtpPlace::Url(_))),
            "smtp.url_file" => matches!(self.smtp, Some(SmtpPlace::File(_))),
            "log.level" => self.log_levels.is_some(),
            "log.format" => self.log_format.is_some(),
            _ => false,
        }
    }
}

fn of_plan(name: &str, plan: &Plan) -> [(String, Shown); 2] {
    [
        (format!("plans.{name}.max_secret_bytes"), Shown::Number(plan.max_secret_bytes as u64)),
        (format!("plans.{name}.max_ttl"), Shown::Number(plan.max_ttl.secs())),
    ]
}

/// `links.example.org of ops@example.org ("Acme", #1a7f5a)`
fn of_domain(domain: &Domain) -> String {
    let name = domain.name.as_ref().map(|name| format!("{name:?}"));
    let looks: Vec<String> = name.into_iter().chain(domain.accent.map(|accent| accent.to_string())).collect();
    let looks = if looks.is_empty() { String::new() } else { format!(" ({})", looks.join(", ")) };
    format!("{} of {}{looks}", domain.host.as_str(), domain.account)
}

fn text(value: impl fmt::Display) -> Shown {
    Shown::Text(value.to_string())
}

fn optional(value: Option<&str>) -> Shown {
    value.map_or(Shown::Nothing, text)
}

/// A URL less its password: all that stands between the user's colon and the
/// last `@`, for a password may hold any sign.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}:(hidden)@{host}"),
        None => url.to_owned(),
    }
}

impl fmt::Display for Shown {
    /// As the file would say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("(not set)"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => number.fmt(f),
            Self::Switch(on) => on.fmt(f),
            Self::List(texts) => write!(f, "{texts:?}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Environment(name) => f.write_str(name),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_hidden() {
        let cases = [
            ("redis://:hunter2@db:6379/0", "redis://:(hidden)@db:6379/0"),
            ("rediss://tom:hun@ter/2:x@db", "rediss://tom:(hidden)@db"),
            ("redis://db:6379", "redis://db:6379"),
            ("sqlite:a:b@c.db", "sqlite:a:b@c.db"),
        ];
        for (url, shown) in cases {
            assert_eq!(without_password(url), shown);
        }
    }
}
