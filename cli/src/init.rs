//! `waxseal init`: writes what is missing, and says what is there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use waxseal_server::config::{Config, Key, Overrides, USUAL_FILE};
use waxseal_storage::StoreUrl;

use crate::args::Settings;
use crate::config::Sources;
use crate::exit::Failure;
use crate::{folder, keys, out, store};

const TEMPLATE: &str = include_str!("template.toml");

/// Writes the configuration, then makes the keys it names.
pub(crate) fn run(flags: &Settings, sources: Sources) -> Result<(), Failure> {
    let overrides = sources.overrides()?;
    let path = overrides.config.clone().unwrap_or_else(|| USUAL_FILE.into());
    let wrote = write_new(&path, &filled(flags).map_err(Failure::usage)?);
    let wrote = wrote.with_context(|| format!("cannot write {}", path.display())).map_err(Failure::config)?;
    tell(wrote, "the configuration", &path)?;

    let config = Config::load(&Overrides { config: Some(path), ..overrides });
    let config = config.map_err(Failure::config)?;
    let made = keys::make(&config)?;
    keys::load(&config)?;
    store::make_folder(&config)?;
    match &config.key {
        Key::File(path) => {
            tell(made, "the key file (keep a copy: nothing opens the store without it)", path)?
        }
        Key::Credential(path) => tell(false, "the key file, a credential,", path)?,
        Key::Text(_) => out::line("kept  the key from WAXSEAL_KEY")?,
    }
    out::line(format_args!("next: waxseal serve{}", named(flags)))
}

/// The flag that leads `serve` to the same file.
fn named(flags: &Settings) -> String {
    flags.config.as_ref().map(|path| format!(" --config {}", path.display())).unwrap_or_default()
}

fn tell(written: bool, what: &str, path: &Path) -> Result<(), Failure> {
    let verb = if written { "wrote" } else { "kept " };
    out::line(format_args!("{verb} {what} {}", path.display()))
}

/// Writes a file unless it is there. `false` if it is.
fn write_new(path: &Path, text: &str) -> io::Result<bool> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    match public().open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            folder::keep_name(path)?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes a file that others may read and only its owner may change, whatever the
/// umask: who changes it names another key file.
fn public() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options
}

/// The template, with what the flags say in place of the defaults. Paths become
/// absolute, for flags count from here and the file's from its folder.
fn filled(flags: &Settings) -> anyhow::Result<String> {
    let store = flags.store.clone().map(absolute_store).transpose()?;
    let key_file = flags.key_file.as_ref().map(std::path::absolute).transpose()?;
    let settings = [
        ("listen = \"127.0.0.1:7143\"", flags.listen.map(|listen| listen.0.to_string())),
        ("store = \"sqlite:data/waxseal.db\"", store.map(|store| store.expose())),
        ("key_file = \"data/waxseal.key\"", key_file.map(|path| path.display().to_string())),
        ("#host = \"secrets.example.com\"", flags.site_host.as_ref().map(|host| host.as_str().to_owned())),
        ("#scheme = \"https\"", flags.site_scheme.map(|scheme| scheme.as_str().to_owned())),
        ("#format = \"text\"", flags.log_format.map(|format| format.as_str().to_owned())),
        ("#level = \"info\"", flags.log_level.as_ref().map(ToString::to_string)),
    ];
    let mut text = TEMPLATE.to_owned();
    for (line, value) in settings {
        let Some(value) = value else { continue };
        let name = line.trim_start_matches('#').split(' ').next().unwrap_or_default();
        // A JSON string is a TOML string.
        text = text.replace(line, &format!("{name} = {}", serde_json::to_string(&value)?));
    }
    Ok(text)
}

fn absolute_store(store: StoreUrl) -> io::Result<StoreUrl> {
    std::env::current_dir().map(|here| store.within(&here))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    fn load(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waxseal.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&Overrides { config: Some(path), ..Overrides::default() }).unwrap()
    }

    #[test]
    fn the_template_says_the_defaults() {
        let (written, usual) = (load(TEMPLATE), load(""));
        assert_eq!(
            (written.listen, written.plans, written.limits),
            (usual.listen, usual.plans, usual.limits)
        );
        assert!(written.store.path().unwrap().ends_with("data/waxseal.db"));
        assert!(written.key.path().unwrap().ends_with("data/waxseal.key"));
    }

    #[test]
    fn every_example_of_the_template_is_allowed_and_its_numbers_are_the_defaults() {
        let is_setting = |line: &str| line.starts_with("#[") || line.contains(" = ");
        // A build without mail refuses what stands there.
        let (before, rest) = TEMPLATE.split_once("#[smtp]").unwrap();
        let (smtp, after) = rest.split_once("#[log]").unwrap();
        let smtp = if cfg!(feature = "mail") { format!("#[smtp]{smtp}") } else { String::new() };
        let template = format!("{before}{smtp}#[log]{after}");
        let uncommented = template.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') && is_setting(line) => rest,
            _ => line,
        });
        let (all, usual) = (load(&uncommented.collect::<Vec<_>>().join("\n")), load(""));
        assert_eq!(
            (all.limits, all.stored_bytes, all.redis, all.api_v1),
            (usual.limits, usual.stored_bytes, usual.redis, usual.api_v1)
        );
        assert_eq!((all.plans.anonymous, all.plans.default), (usual.plans.anonymous, usual.plans.default));
        assert_eq!(all.plans.named["team"].max_ttl, usual.plans.default.max_ttl);
        let (brand, usual_brand) = (all.site.brand, usual.site.brand);
        assert_eq!((brand.name, brand.accent), (usual_brand.name, usual_brand.accent));
        assert_eq!((all.site.regions.len(), all.site.domains.len()), (1, 1));
        assert_eq!(all.trusted_proxies.len(), 2);
        assert_eq!(all.smtp.is_some(), cfg!(feature = "mail"));
    }

    #[test]
    fn a_password_is_written_into_the_file() {
        let flags = ["waxseal", "init", "--store", "redis://tom:hunter2@db:6379/1"];
        let text = filled(&Cli::parse_from(flags).settings).unwrap();
        assert!(text.contains("store = \"redis://tom:hunter2@db:6379/1\""), "{text}");
    }

    #[test]
    fn flags_are_written_into_the_file() {
        let flags = "waxseal init --listen 0.0.0.0:80 --store sqlite:a\"b.db --key-file k --site-host example.com \
                     --site-scheme http";
        let text = filled(&Cli::parse_from(flags.split_whitespace()).settings).unwrap();
        let config = load(&text);
        let here = std::env::current_dir().unwrap();
        assert_eq!(config.listen.port(), 80);
        assert_eq!(config.store.path(), Some(here.join("a\"b.db").as_path()));
        assert_eq!(config.key.path(), Some(here.join("k").as_path()));
        assert_eq!(config.site.host.unwrap().as_str(), "example.com");
        assert!(config.site.scheme.is_some());
    }
}
