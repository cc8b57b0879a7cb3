//! `waxseal config`: where settings come from, whether they will do, and what is
//! in force.

use anyhow::anyhow;
use serde::{Serialize, Serializer};
use waxseal_server::config::{Config, ConfigError, ConfigErrors, Overrides, Setting, Shown};

use crate::args::{ConfigCommand, Settings};
use crate::exit::Failure;
use crate::{keys, out, post, tls};

/// What is said of the configuration beside its file.
pub(crate) struct Sources {
    flags: Overrides,
    environment: Overrides,
    /// What is wrong with the environment.
    bad_environment: Vec<ConfigError>,
}

impl Sources {
    /// The flags, and the environment of this process.
    pub(crate) fn new(flags: &Settings) -> Self {
        let (environment, bad_environment) = Overrides::from_env(std::env::vars_os());
        Self { flags: flags.overrides(), environment, bad_environment }
    }

    /// What stands above the file, if all of it will do.
    pub(crate) fn overrides(self) -> Result<Overrides, Failure> {
        ConfigErrors::none_of(self.bad_environment).map_err(Failure::config)?;
        Ok(self.flags.over(self.environment))
    }

    /// The whole configuration.
    pub(crate) fn load(self) -> Result<Config, Failure> {
        self.everything().map(|(config, _)| config).map_err(Failure::config)
    }

    /// The same, with every error apart.
    pub(crate) fn load_or_all_errors(self) -> Result<Config, ConfigErrors> {
        self.everything().map(|(config, _)| config)
    }

    /// The whole configuration and who said what, or everything that is wrong.
    fn everything(self) -> Result<(Config, Vec<Setting>), ConfigErrors> {
        let loaded = Config::load(&self.flags.clone().over(self.environment.clone()));
        match (ConfigErrors::none_of(self.bad_environment), loaded) {
            (Ok(()), Ok(config)) => {
                let settings = config.settings(&self.flags, &self.environment);
                Ok((config, settings))
            }
            (Err(of_environment), Err(of_file)) => Err(of_environment.and(of_file)),
            (Err(errors), Ok(_)) | (Ok(()), Err(errors)) => Err(errors),
        }
    }
}

/// Does what `command` says. Changes nothing.
pub(crate) fn run(sources: Sources, command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check => check(sources),
        ConfigCommand::Show { json } => show(sources, *json),
        ConfigCommand::RedisAcl { user } => {
            out::line(waxseal_storage::acl(user, &sources.load()?.redis.prefix))
        }
    }
}

fn check(sources: Sources) -> Result<(), Failure> {
    let config = sources.everything().map_err(|errors| told(&errors))?.0;
    keys::check(&config)?;
    post::check(&config)?;
    tls::check(&config)?;
    match config.file {
        Some(file) => out::line(format_args!("OK {}", file.display())),
        None => out::line("OK: there is no configuration file, and none is needed"),
    }
}

/// Tells everything that is wrong; what is left to say is how much that was.
fn told(errors: &ConfigErrors) -> Failure {
    errors.iter().for_each(out::remark);
    match errors.iter().count() {
        1 => Failure::config(anyhow!("one thing is wrong with the configuration")),
        count => Failure::config(anyhow!("{count} things are wrong with the configuration")),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    #[serde(serialize_with = "value")]
    value: &'a Shown,
    origin: String,
}

impl<'a> From<&'a Setting> for Row<'a> {
    fn from(setting: &'a Setting) -> Self {
        Self { name: &setting.name, value: &setting.value, origin: setting.origin.to_string() }
    }
}

fn value<S: Serializer>(shown: &Shown, serializer: S) -> Result<S::Ok, S::Error> {
    match shown {
        Shown::Nothing => serializer.serialize_none(),
        Shown::Text(text) => serializer.serialize_str(text),
        Shown::Number(number) => serializer.serialize_u64(*number),
        Shown::Switch(on) => serializer.serialize_bool(*on),
        Shown::List(texts) => serializer.collect_seq(texts),
    }
}

fn show(sources: Sources, json: bool) -> Result<(), Failure> {
    let (_, settings) = sources.everything().map_err(Failure::config)?;
    let rows: Vec<Row<'_>> = settings.iter().map(Row::from).collect();
    if json {
        return out::line(serde_json::to_string(&rows).map_err(Failure::other)?);
    }
    rows.iter().try_for_each(|row| out::line(format_args!("{} = {}  # {}", row.name, row.value, row.origin)))
}
