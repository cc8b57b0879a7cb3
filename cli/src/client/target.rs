//! Which server is asked, and as whom.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use waxseal_client::{Client, Credentials, Link, Origin};
use waxseal_server::read_private;
use zeroize::Zeroizing;

use super::profile::{Profile, Profiles};
use crate::args::Reach;
use crate::exit::Failure;

/// Where `waxseal serve` listens. A default that led to somebody else's server would send
/// secrets there whenever a name was forgotten.
const DEFAULT: &str = "http://127.0.0.1:7143";

/// What the environment says.
#[derive(Default)]
pub(super) struct Environment {
    server: Option<String>,
    profile: Option<String>,
    user: Option<String>,
    token: Option<Zeroizing<String>>,
    token_file: Option<PathBuf>,
    /// Where the configuration stands.
    pub(super) configuration: PathBuf,
}

impl Environment {
    /// That of this process.
    ///
    /// # Errors
    /// If a variable is no text.
    pub(super) fn read() -> Result<Self, Failure> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name: &str| {
            let no_text = |_: OsString| Failure::config(anyhow!("{name}: this is no UTF-8 text"));
            set(name).map(|value| value.into_string().map_err(no_text)).transpose()
        };
        let config = set("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || set("HOME").map(|home| PathBuf::from(home).join(".config"));
        let folder = config.or_else(home).unwrap_or_default();
        Ok(Self {
            server: text("WAXSEAL_SERVER")?,
            profile: text("WAXSEAL_PROFILE")?,
            user: text("WAXSEAL_USER")?,
            token: text("WAXSEAL_TOKEN")?.map(Zeroizing::new),
            token_file: set("WAXSEAL_TOKEN_FILE").map(PathBuf::from),
            configuration: folder.join("waxseal").join("client.toml"),
        })
    }
}

/// The server that is asked where no link names another, and whom credentials may reach.
#[derive(Debug)]
pub(super) struct Target {
    home: Origin,
    /// Whether the home was named for this one run.
    explicit: bool,
    credentials: Option<Credentials>,
    /// The servers that the credentials were given for.
    trusted: Vec<Origin>,
    insecure_http: bool,
}

impl Target {
    /// What flags, then environment, then configuration say.
    ///
    /// # Errors
    /// If one of them will not do.
    pub(super) fn of(reach: &Reach, environment: &Environment, profiles: &Profiles) -> Result<Self, Failure> {
        let (home, profile) = home(reach, environment, profiles)?;
        let own = profile.filter(|profile| servers_of(profile).contains(&home));
        let env_applies = match &environment.server {
            Some(server) if reach.server.is_some() => parse(server, "WAXSEAL_SERVER")? == home,
            _ => true,
        };
        let user = reach.user.clone();
        let user = user.or_else(|| environment.user.clone().filter(|_| env_applies));
        let user_is_own = user.is_none();
        let user = user.or_else(|| own?.user.clone());
        let (token, token_is_own) = token(reach, environment, env_applies, own)?;
        let credentials = pair(user, token)?;
        let all_own = user_is_own && token_is_own;
        let trusted = own.filter(|_| all_own).map_or_else(|| vec![home.clone()], servers_of);
        let explicit = reach.server.is_some() || reach.region.is_some();
        Ok(Self { home, explicit, credentials, trusted, insecure_http: reach.insecure_http })
    }

    /// Whoever is asked without a link.
    ///
    /// # Errors
    /// If secrets would travel unencrypted.
    pub(super) fn home(&self) -> Result<Client, Failure> {
        self.client(&self.home)
    }

    /// Whoever a link leads to: as a guest, unless that is who the credentials are for.
    ///
    /// # Errors
    /// If it contradicts the server that was named, or secrets would travel unencrypted.
    pub(super) fn of_link(&self, link: &Link) -> Result<Client, Failure> {
        let origin = link.origin.as_ref().unwrap_or(&self.home);
        if self.explicit && *origin != self.home {
            return Err(Failure::usage(anyhow!(
                "the link leads to {origin}, and not to {}; to ask that one, give the link's key alone",
                self.home
            )));
        }
        self.client(origin)
    }

    fn client(&self, origin: &Origin) -> Result<Client, Failure> {
        if !(origin.is_https() || origin.is_loopback() || self.insecure_http) {
            return Err(Failure::usage(anyhow!(
                "{origin} is not encrypted, so all on the way could read along; use https://, or say \
                 --insecure-http if that network is yours"
            )));
        }
        let credentials = self.credentials.clone().filter(|_| self.trusted.contains(origin));
        Ok(Client::new(origin.clone(), credentials))
    }
}

/// The home, and the profile in force.
fn home<'a>(
    reach: &Reach,
    environment: &Environment,
    profiles: &'a Profiles,
) -> Result<(Origin, Option<&'a Profile>), Failure> {
    let profile = match (&reach.profile, &environment.profile) {
        (Some(name), _) | (None, Some(name)) => Some(profiles.named(name)?),
        (None, None) => profiles.get("default"),
    };
    if let Some(server) = &reach.server {
        return Ok((parse(server, "--server").map_err(Failure::into_usage)?, profile));
    }
    if let Some(region) = &reach.region {
        return Ok((of_region(region, profile)?, profile));
    }
    let server = environment.server.as_ref().filter(|_| reach.profile.is_none());
    let server = server.map(|server| parse(server, "WAXSEAL_SERVER")).transpose()?;
    let server = server.or_else(|| profile.map(|profile| profile.server.clone()));
    Ok((server.map_or_else(|| parse(DEFAULT, "the default"), Ok)?, profile))
}

fn of_region(region: &str, profile: Option<&Profile>) -> Result<Origin, Failure> {
    let profile = profile.ok_or_else(|| {
        Failure::usage(anyhow!(
            "--region names a region of a profile, and there is no profile; name the server with --server"
        ))
    })?;
    profile.regions.get(region).cloned().ok_or_else(|| {
        let known: Vec<&str> = profile.regions.keys().map(String::as_str).collect();
        Failure::usage(anyhow!("the profile has no region `{region}`; it has: {}", known.join(", ")))
    })
}

fn parse(server: &str, place: &str) -> Result<Origin, Failure> {
    server.parse().map_err(|error| Failure::config(anyhow!("{place}: {error}")))
}

/// The servers of a profile.
fn servers_of(profile: &Profile) -> Vec<Origin> {
    [&profile.server].into_iter().chain(profile.regions.values()).cloned().collect()
}

/// The token, and whether the profile gave it.
fn token(
    reach: &Reach,
    environment: &Environment,
    env_applies: bool,
    own: Option<&Profile>,
) -> Result<(Option<Zeroizing<String>>, bool), Failure> {
    if let Some(file) = &reach.token_file {
        return Ok((Some(token_in(file)?), false));
    }
    if env_applies {
        match (&environment.token, &environment.token_file) {
            (Some(_), Some(_)) => {
                return Err(Failure::config(anyhow!(
                    "WAXSEAL_TOKEN: WAXSEAL_TOKEN_FILE is set too; set one of them"
                )));
            }
            (Some(token), None) => return Ok((Some(token.clone()), false)),
            (None, Some(file)) => return Ok((Some(token_in(file)?), false)),
            (None, None) => {}
        }
    }
    let file = own.and_then(|profile| profile.token_file.as_deref());
    Ok((file.map(token_in).transpose()?, true))
}

fn token_in(file: impl AsRef<std::path::Path>) -> Result<Zeroizing<String>, Failure> {
    let text = read_private(file.as_ref(), true).context("the token").map_err(Failure::config)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Half of a pair must not silently make a guest of its owner.
fn pair(user: Option<String>, token: Option<Zeroizing<String>>) -> Result<Option<Credentials>, Failure> {
    match (user, token) {
        (None, None) => Ok(None),
        (Some(user), Some(token)) => Credentials::new(&user, token).map(Some).map_err(Failure::config),
        (Some(user), None) => Err(Failure::config(anyhow!(
            "there is no token of {user}; give it by --token-file, WAXSEAL_TOKEN_FILE or WAXSEAL_TOKEN"
        ))),
        (None, Some(_)) => Err(Failure::config(anyhow!(
            "there is a token, but not whose; name the account by --user or WAXSEAL_USER"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Reach {
        let (server, profile, region, user) = (None, None, None, None);
        Reach { server, profile, region, user, token_file: None, insecure_http: false }
    }

    /// Which account is told to whom: by `home`, and by a link there.
    fn told(target: &Target, link: &str) -> Option<String> {
        let client = target.of_link(&link.parse().unwrap()).unwrap();
        client.user().map(str::to_owned)
    }

    fn with_token(server: Option<&str>) -> Environment {
        Environment {
            server: server.map(str::to_owned),
            user: Some("tom".to_owned()),
            token: Some(Zeroizing::new("hunter2".to_owned())),
            ..Environment::default()
        }
    }

    #[test]
    fn credentials_reach_the_server_they_were_given_for_and_no_other() {
        let none = Profiles::default();
        let target = Target::of(&reach(), &with_token(Some("https://a.b")), &none).unwrap();
        assert_eq!(target.home().unwrap().user(), Some("tom"));
        assert_eq!(told(&target, "https://a.b/secret/k"), Some("tom".to_owned()));
        for other in ["https://b.a/secret/k", "https://a.b:444/secret/k", "http://localhost/secret/k"] {
            assert_eq!(told(&target, other), None, "{other}");
        }
        let elsewhere = Reach { server: Some("https://c.d".to_owned()), ..reach() };
        let target = Target::of(&elsewhere, &with_token(Some("https://a.b")), &none).unwrap();
        assert_eq!(target.home().unwrap().user(), None, "the variables belong together");
        let target = Target::of(&elsewhere, &with_token(None), &none).unwrap();
        assert_eq!(target.home().unwrap().user(), Some("tom"));
    }

    #[test]
    fn a_link_elsewhere_contradicts_a_server_that_was_named() {
        let named = Reach { server: Some("https://c.d".to_owned()), ..reach() };
        let target = Target::of(&named, &Environment::default(), &Profiles::default()).unwrap();
        assert!(target.of_link(&"https://a.b/secret/k".parse().unwrap()).is_err());
        assert!(target.of_link(&"k".parse().unwrap()).is_ok());
    }

    #[test]
    fn nothing_travels_unencrypted_unless_it_was_agreed_to() {
        let plain = Reach { server: Some("http://a.b".to_owned()), ..reach() };
        let target = Target::of(&plain, &Environment::default(), &Profiles::default()).unwrap();
        assert!(target.home().is_err());
        let agreed = Reach { insecure_http: true, ..plain };
        let target = Target::of(&agreed, &Environment::default(), &Profiles::default()).unwrap();
        assert!(target.home().is_ok());
    }

    #[test]
    fn half_a_pair_is_refused() {
        for (user, token) in [(Some("tom"), None), (None, Some("t"))] {
            let token = token.map(|token: &str| Zeroizing::new(token.to_owned()));
            let environment = Environment { user: user.map(str::to_owned), token, ..Environment::default() };
            assert!(Target::of(&reach(), &environment, &Profiles::default()).is_err());
        }
    }

    #[test]
    fn without_a_word_it_is_this_machine() {
        let target = Target::of(&reach(), &Environment::default(), &Profiles::default()).unwrap();
        assert!(target.home().unwrap().origin().is_loopback());
    }
}
