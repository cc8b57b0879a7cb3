//! Every setting by its dotted name, so that one in the wrong place can be told
//! the right one.

/// As they stand in the file; NAME is any plan's.
const SETTINGS: [&str; 41] = [
    "listen",
    "metrics_listen",
    "store",
    "key_file",
    "trusted_proxies",
    "site.host",
    "site.scheme",
    "site.name",
    "site.accent",
    "site.footer",
    "site.region",
    "site.regions",
    "site.domains",
    "plans.NAME.max_secret_bytes",
    "plans.NAME.max_ttl",
    "limits.guest_creates_per_20m",
    "limits.guest_reveals_per_20m",
    "limits.account_creates_per_20m",
    "limits.account_reveals_per_20m",
    "limits.account_mails_per_20m",
    "limits.requests_at_once",
    "limits.stored_bytes",
    "pages.typed_check",
    "pages.guests_may_create",
    "redis.prefix",
    "redis.min_replicas",
    "redis.wait_ms",
    "api.v1.numbers",
    "api.v1.passphrase_min",
    "api.v1.passphrase_max",
    "api.v1.passphrase_required",
    "smtp.url",
    "smtp.url_file",
    "smtp.from",
    "smtp.tls",
    "tls.cert",
    "tls.key",
    "tls.redirect_listen",
    "log.format",
    "log.level",
    "log.access",
];

/// Where a setting belongs that stands somewhere else.
pub(super) fn place_of(written: &str) -> Option<String> {
    let (table, name) = SETTINGS.into_iter().map(split).find(|(_, name)| *name == written)?;
    Some(match table {
        "" => format!("`{name}` must stand above the first [table] of the file"),
        table => format!("`{name}` belongs below [{table}]"),
    })
}

/// The setting that a variable is named after, whether or not there is such a variable.
pub(super) fn of_variable(ending: &str) -> Option<&'static str> {
    let is_it = |setting: &&str| setting.replace('.', "_").eq_ignore_ascii_case(ending);
    SETTINGS.into_iter().find(is_it)
}

fn split(setting: &'static str) -> (&'static str, &'static str) {
    setting.rsplit_once('.').unwrap_or(("", setting))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Overrides};

    #[test]
    fn none_is_left_out_and_none_is_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty.toml");
        std::fs::write(&path, "").unwrap();
        let nothing = Overrides::default();
        let config = Config::load(&Overrides { config: Some(path), ..Overrides::default() }).unwrap();
        let mut names: Vec<String> = config
            .settings(&nothing, &nothing)
            .into_iter()
            .map(|setting| setting.name.replace("plans.default", "plans.NAME"))
            .filter(|name| !name.starts_with("plans.anonymous"))
            .collect();
        names.sort();
        let mut known = SETTINGS;
        known.sort_unstable();
        assert_eq!(names, known);
    }

    #[test]
    fn a_setting_in_the_wrong_place_is_told_the_right_one() {
        let listen = "`listen` must stand above the first [table] of the file";
        assert_eq!(place_of("listen").as_deref(), Some(listen));
        assert_eq!(place_of("max_ttl").as_deref(), Some("`max_ttl` belongs below [plans.NAME]"));
        assert_eq!(place_of("colour"), None);
    }
}
