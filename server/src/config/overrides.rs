//! What flags and environment say above the file.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use waxseal_storage::StoreUrl;
use zeroize::Zeroizing;

use super::ConfigError;
use super::value::{Host, Listen, Scheme};

/// Settings that stand above the file. Paths count from where the program runs.
#[derive(Clone, Default, Debug)]
pub struct Overrides {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// `listen`
    pub listen: Option<Listen>,
    /// `store`
    pub store: Option<StoreUrl>,
    /// The key file, or what would stand in it.
    pub key: Option<Key>,
    /// `site.host`
    pub site_host: Option<Host>,
    /// `site.scheme`
    pub site_scheme: Option<Scheme>,
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
    /// Reads the environment. A variable that is set to nothing counts as not set.
    ///
    /// # Errors
    /// [`ConfigError::Environment`] for a value that is not allowed.
    pub fn from_env(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let env = Env(|name: &str| lookup(name).filter(|value| !value.is_empty()));
        Ok(Self {
            config: env.path("WAXSEAL_CONFIG"),
            listen: env.value("WAXSEAL_LISTEN")?,
            store: env.value("WAXSEAL_STORE")?,
            key: env.key()?,
            site_host: env.value("WAXSEAL_SITE_HOST")?,
            site_scheme: env.value("WAXSEAL_SITE_SCHEME")?,
            credential: env.path("CREDENTIALS_DIRECTORY").map(|folder| folder.join("waxseal.key")),
        })
    }

    /// These, and what these leave open from `lower`.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            config: self.config.or(lower.config),
            listen: self.listen.or(lower.listen),
            store: self.store.or(lower.store),
            key: self.key.or(lower.key),
            site_host: self.site_host.or(lower.site_host),
            site_scheme: self.site_scheme.or(lower.site_scheme),
            credential: self.credential.or(lower.credential),
        }
    }
}

struct Env<F>(F);

impl<F: Fn(&str) -> Option<OsString>> Env<F> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.0)(name).map(PathBuf::from)
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let text = (self.0)(name).map(OsString::into_string).transpose();
        text.map_err(|_| ConfigError::in_variable(name, "not UTF-8"))
    }

    fn value<T: FromStr<Err: fmt::Display>>(&self, name: &'static str) -> Result<Option<T>, ConfigError> {
        let parsed = self.text(name)?.map(|text| text.parse()).transpose();
        parsed.map_err(|error| ConfigError::in_variable(name, error))
    }

    fn key(&self) -> Result<Option<Key>, ConfigError> {
        let text = self.text("WAXSEAL_KEY")?.map(Zeroizing::new).map(Key::Text);
        let file = self.path("WAXSEAL_KEY_FILE").map(Key::File);
        if text.is_some() && file.is_some() {
            return Err(ConfigError::in_variable(
                "WAXSEAL_KEY",
                "WAXSEAL_KEY_FILE is set too; set one of them",
            ));
        }
        Ok(text.or(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Overrides, ConfigError> {
        Overrides::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn a_bad_value_names_its_variable() {
        let error = read(&[("WAXSEAL_LISTEN", "7143")]).unwrap_err().to_string();
        assert!(error.starts_with("WAXSEAL_LISTEN: `7143` is no address and port"), "{error}");
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let read = read(&[("WAXSEAL_LISTEN", ""), ("WAXSEAL_KEY", ""), ("WAXSEAL_KEY_FILE", "k")]).unwrap();
        assert!(read.listen.is_none());
        assert!(matches!(read.key, Some(Key::File(_))));
    }

    #[test]
    fn the_key_comes_one_way_only_and_debug_does_not_show_it() {
        assert!(read(&[("WAXSEAL_KEY", "hunter2"), ("WAXSEAL_KEY_FILE", "k")]).is_err());
        let read = read(&[("WAXSEAL_KEY", "hunter2")]).unwrap();
        assert!(!format!("{read:?}").contains("hunter2"));
    }

    #[test]
    fn what_stands_above_wins() {
        let flags = Overrides { store: Some(StoreUrl::Memory), ..Overrides::default() };
        let env = read(&[("WAXSEAL_STORE", "sqlite:x"), ("WAXSEAL_SITE_HOST", "example.com")]).unwrap();
        let merged = flags.over(env);
        assert_eq!(merged.store, Some(StoreUrl::Memory));
        assert_eq!(merged.site_host.unwrap().as_str(), "example.com");
    }
}
