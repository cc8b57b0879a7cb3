//! What flags and environment say above the file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use waxseal_storage::StoreUrl;
use zeroize::Zeroizing;

use super::error::ConfigError;
use super::log::{LogFormat, LogLevels};
use super::names::of_variable;
use super::smtp::SmtpPlace;
use super::value::{Host, Listen, Scheme};

/// What every variable of ours begins with.
const PREFIX: &str = "WAXSEAL_";
/// Every variable of ours, less [`PREFIX`].
const KNOWN: [&str; 12] = [
    "CONFIG",
    "LISTEN",
    "METRICS_LISTEN",
    "STORE",
    "KEY",
    "KEY_FILE",
    "SITE_HOST",
    "SITE_SCHEME",
    "SMTP_URL",
    "SMTP_URL_FILE",
    "LOG",
    "LOG_FORMAT",
];

/// Settings that stand above the file. Paths count from where the program runs.
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// `listen`
    pub listen: Option<Listen>,
    /// `metrics_listen`
    pub metrics_listen: Option<Listen>,
    /// `store`
    pub store: Option<StoreUrl>,
    /// The key file, or what would stand in it.
    pub key: Option<Key>,
    /// `site.host`
    pub site_host: Option<Host>,
    /// `site.scheme`
    pub site_scheme: Option<Scheme>,
    /// `smtp.url`, or `smtp.url_file`
    pub smtp: Option<SmtpPlace>,
    /// `log.level`
    pub log_levels: Option<LogLevels>,
    /// `log.format`
    pub log_format: Option<LogFormat>,
    /// The key file that systemd hands over, used where nothing else names one.
    pub credential: Option<PathBuf>,
}

/// Where the key comes from.
#[derive(Clone)]
pub enum Key {
    /// A key file.
    File(PathBuf),
    /// What would stand in a key file.
    Text(Zeroizing<String>),
    /// A credential of systemd, which guards who may read it.
    Credential(PathBuf),
}

impl Key {
    /// The file the key stands in, if it stands in one.
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::File(path) | Self::Credential(path) => Some(path),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Text(_) => f.write_str("Text([redacted])"),
            Self::Credential(path) => f.debug_tuple("Credential").field(path).finish(),
        }
    }
}

impl Overrides {
    /// Reads the environment: what it says, and what is wrong with it. A variable
    /// that is set to nothing counts as not set.
    pub fn from_env(variables: impl IntoIterator<Item = (OsString, OsString)>) -> (Self, Vec<ConfigError>) {
        let mut env = Env::of(variables);
        env.check_names();
        let read = Self {
            config: env.path("WAXSEAL_CONFIG"),
            listen: env.value("WAXSEAL_LISTEN"),
            metrics_listen: env.value("WAXSEAL_METRICS_LISTEN"),
            store: env.value("WAXSEAL_STORE"),
            key: env.key(),
            site_host: env.value("WAXSEAL_SITE_HOST"),
            site_scheme: env.value("WAXSEAL_SITE_SCHEME"),
            smtp: env.smtp(),
            log_levels: env.value("WAXSEAL_LOG"),
            log_format: env.value("WAXSEAL_LOG_FORMAT"),
            credential: env.path("CREDENTIALS_DIRECTORY").map(|folder| folder.join("waxseal.key")),
        };
        (read, env.errors)
    }

    /// These, and what these leave open from `lower`.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            config: self.config.or(lower.config),
            listen: self.listen.or(lower.listen),
            metrics_listen: self.metrics_listen.or(lower.metrics_listen),
            store: self.store.or(lower.store),
            key: self.key.or(lower.key),
            site_host: self.site_host.or(lower.site_host),
            site_scheme: self.site_scheme.or(lower.site_scheme),
            smtp: self.smtp.or(lower.smtp),
            log_levels: self.log_levels.or(lower.log_levels),
            log_format: self.log_format.or(lower.log_format),
            credential: self.credential.or(lower.credential),
        }
    }
}

struct Env {
    variables: BTreeMap<String, OsString>,
    errors: Vec<ConfigError>,
}

impl Env {
    fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        let ours = |name: &str| name.starts_with(PREFIX) || name == "CREDENTIALS_DIRECTORY";
        let variables = variables.into_iter().filter(|(_, value)| !value.is_empty());
        let variables = variables.filter_map(named).filter(|(name, _)| ours(name)).collect();
        Self { variables, errors: Vec::new() }
    }

    /// Refuses a name that is one slip away from one of ours, or that of a setting
    /// which only the file can say: unheard, it would seem to be in force. Others may be
    /// somebody else's: Kubernetes sets WAXSEAL_PORT beside a service `waxseal`.
    fn check_names(&mut self) {
        for name in self.variables.keys() {
            let Some(ending) = name.strip_prefix(PREFIX).filter(|ending| !KNOWN.contains(ending)) else {
                continue;
            };
            if ending == "LOG_LEVEL" {
                let message = format!("unknown variable; did you mean `{PREFIX}LOG`?");
                self.errors.push(ConfigError::in_variable(name, message));
            } else if let Some(setting) = of_variable(ending) {
                let message = format!("there is no such variable; set `{setting}` in the configuration file");
                self.errors.push(ConfigError::in_variable(name, message));
            } else if let Some(meant) = KNOWN.iter().find(|known| strsim::osa_distance(known, ending) == 1) {
                let message = format!("unknown variable; did you mean `{PREFIX}{meant}`?");
                self.errors.push(ConfigError::in_variable(name, message));
            }
        }
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).map(PathBuf::from)
    }

    fn value<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.variables.get(name)?;
        let parsed = text.to_str().ok_or_else(|| "it is not UTF-8".to_owned());
        let parsed = parsed.and_then(|text| text.parse().map_err(|error: T::Err| error.to_string()));
        parsed.map_err(|message| self.errors.push(ConfigError::in_variable(name, message))).ok()
    }

    fn key(&mut self) -> Option<Key> {
        let file = self.path("WAXSEAL_KEY_FILE").map(Key::File);
        let text = self.value::<String>("WAXSEAL_KEY").map(Zeroizing::new).map(Key::Text);
        if text.is_some() && file.is_some() {
            let message = "WAXSEAL_KEY_FILE is set too; set one of them";
            self.errors.push(ConfigError::in_variable("WAXSEAL_KEY", message));
        }
        text.or(file)
    }

    fn smtp(&mut self) -> Option<SmtpPlace> {
        let file = self.path("WAXSEAL_SMTP_URL_FILE").map(SmtpPlace::File);
        let url = self.value("WAXSEAL_SMTP_URL").map(SmtpPlace::Url);
        if url.is_some() && file.is_some() {
            let message = "WAXSEAL_SMTP_URL_FILE is set too; set one of them";
            self.errors.push(ConfigError::in_variable("WAXSEAL_SMTP_URL", message));
        }
        url.or(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Overrides, Vec<String>) {
        let variables = pairs.iter().map(|(name, value)| (name.into(), value.into()));
        let (read, errors) = Overrides::from_env(variables);
        (read, errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_bad_value_names_its_variable() {
        let errors = read(&[("WAXSEAL_LISTEN", "7143"), ("WAXSEAL_STORE", "db")]).1;
        assert!(errors[0].starts_with("WAXSEAL_LISTEN: `7143` is no address and port"), "{errors:?}");
        assert!(errors[1].starts_with("WAXSEAL_STORE: ") && errors.len() == 2, "{errors:?}");
    }

    #[test]
    fn a_slip_in_a_name_is_refused_and_a_strange_name_is_not_ours() {
        let errors =
            read(&[("WAXSEAL_LISTN", "x"), ("WAXSEAL_SITEHOST", "x"), ("WAXSEAL_KEYS", "hunter2")]).1;
        let all = errors.join("\n");
        assert!(errors.len() == 3 && !all.contains("hunter2"), "{all}");
        assert!(all.contains("WAXSEAL_LISTN: unknown variable; did you mean `WAXSEAL_LISTEN`?"), "{all}");
        let kubernetes = ["PORT", "SERVICE_HOST", "SERVICE_PORT", "PORT_7143_TCP", "SERVICE_PORT_HTTP"];
        for name in kubernetes {
            assert!(read(&[(&format!("WAXSEAL_{name}"), "tcp://10.0.0.1:7143")]).1.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_setting_that_only_the_file_can_say_is_not_passed_over() {
        let all =
            read(&[("WAXSEAL_TRUSTED_PROXIES", "::1"), ("WAXSEAL_LIMITS_STORED_BYTES", "1")]).1.join("\n");
        assert!(
            all.contains("WAXSEAL_TRUSTED_PROXIES: there is no such variable; set `trusted_proxies`"),
            "{all}"
        );
        assert!(all.contains("set `limits.stored_bytes` in the configuration file"), "{all}");
        let level = read(&[("WAXSEAL_LOG_LEVEL", "info")]).1;
        assert_eq!(level, ["WAXSEAL_LOG_LEVEL: unknown variable; did you mean `WAXSEAL_LOG`?"]);
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let (read, errors) = read(&[("WAXSEAL_LISTEN", ""), ("WAXSEAL_KEY", ""), ("WAXSEAL_KEY_FILE", "k")]);
        assert!(read.listen.is_none() && errors.is_empty());
        assert!(matches!(read.key, Some(Key::File(_))));
    }

    #[test]
    fn the_key_comes_one_way_only_and_debug_does_not_show_it() {
        assert_eq!(read(&[("WAXSEAL_KEY", "hunter2"), ("WAXSEAL_KEY_FILE", "k")]).1.len(), 1);
        let read = read(&[("WAXSEAL_KEY", "hunter2")]).0;
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn what_stands_above_wins() {
        let flags = Overrides { store: Some(StoreUrl::Memory), ..Overrides::default() };
        let env = read(&[("WAXSEAL_STORE", "sqlite:x"), ("WAXSEAL_SITE_HOST", "example.com")]).0;
        let merged = flags.over(env);
        assert_eq!(merged.store, Some(StoreUrl::Memory));
        assert_eq!(merged.site_host.unwrap().as_str(), "example.com");
    }
}
