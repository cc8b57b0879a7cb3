//! The client's configuration: servers by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::anyhow;
use serde::{Deserialize, Deserializer};
use waxseal_client::Origin;

use crate::exit::Failure;

/// What stands below `[profile.NAME]`.
#[derive(Clone, PartialEq, Eq, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    #[serde(deserialize_with = "origin")]
    pub(super) server: Origin,
    pub(super) user: Option<String>,
    /// Counted from the configuration's folder.
    pub(super) token_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "origins")]
    pub(super) regions: BTreeMap<String, Origin>,
}

#[derive(Default, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// Every profile, and the file that they stand in.
#[derive(Default, Debug)]
pub(super) struct Profiles {
    path: PathBuf,
    named: BTreeMap<String, Profile>,
}

impl Profiles {
    /// Reads the file at `path`. One that is not there has no profiles.
    ///
    /// # Errors
    /// If it can't be read or says something else, with its line.
    pub(super) fn load(path: PathBuf) -> Result<Self, Failure> {
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => {
                text.map_err(|error| Failure::config(anyhow!("{}: cannot read it: {error}", path.display())))?
            }
        };
        Self::parse(path, &text)
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self, Failure> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = 1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
            let message = error.message().replace("unknown field", "unknown setting");
            Failure::config(anyhow!("{}:{line}: {message}", path.display()))
        })?;
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        let mut named = document.profile;
        for file in named.values_mut().filter_map(|profile| profile.token_file.as_mut()) {
            *file = folder.join(&file);
        }
        Ok(Self { path, named })
    }

    /// The profile of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Profile> {
        self.named.get(name)
    }

    /// The profile that was asked for by this name.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn named(&self, name: &str) -> Result<&Profile, Failure> {
        self.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.named.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Failure::config(anyhow!(
                "{}: there is no [profile.{name}]; known there: {known}",
                self.path.display()
            ))
        })
    }
}

fn origin<'de, D: Deserializer<'de>>(from: D) -> Result<Origin, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn origins<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Origin>, D::Error> {
    #[derive(Deserialize)]
    struct Read(#[serde(deserialize_with = "origin")] Origin);
    let read = BTreeMap::<String, Read>::deserialize(from)?;
    Ok(read.into_iter().map(|(name, Read(origin))| (name, origin)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Profiles, String> {
        Profiles::parse("/etc/w/client.toml".into(), text).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_profile_names_its_server_account_and_regions() {
        let read = parse(
            "[profile.work]\nserver = \"https://a.b\"\nuser = \"t@a.b\"\ntoken_file = \"t\"\n\
             regions = { eu = \"https://eu.a.b\" }\n",
        )
        .unwrap();
        let work = read.named("work").unwrap();
        assert_eq!(work.server.to_string(), "https://a.b");
        assert_eq!(work.token_file.as_deref(), Some(Path::new("/etc/w/t")));
        assert_eq!(work.regions["eu"].to_string(), "https://eu.a.b");
        let none = read.named("home").unwrap_err().to_string();
        assert!(none.contains("[profile.home]") && none.contains("known there: work"), "{none}");
    }

    #[test]
    fn whatever_is_wrong_is_said_with_its_line() {
        for (text, line, word) in [
            ("[profile.a]\nservr = \"https://a.b\"", 2, "unknown setting `servr`"),
            ("[profile.a]\nserver = \"a.b\"", 2, "https://secrets.example.com"),
            ("[profile.a]\nserver = \"https://t:hunter2@a.b\"", 2, "no password"),
            ("\n[profile.a]\nuser = \"x\"", 2, "missing field `server`"),
            ("server = \"https://a.b\"", 1, "unknown setting `server`"),
            ("[profile.a]\nserver = \"https://a.b\"\nregions = { eu = \"x\" }", 3, "https://"),
            ("[profile.a]\ntoken = \"hunter2\"\n", 2, "unknown setting `token`"),
            ("[profile", 1, ""),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(&format!("client.toml:{line}: ")) && said.contains(word), "{text}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
