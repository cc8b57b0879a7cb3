//! `waxseal config`: what is wrong, and what is in force.

use std::fs;

use crate::home::{Home, done};
use serde_json::Value;

/// A configuration, the line that is wrong, and words that say what and how to mend it.
type Case = (&'static str, usize, &'static [&'static str]);

const MISSPELT: &[Case] = &[
    ("lsten = \"127.0.0.1:1\"", 1, &["`lsten`", "`listen`"]),
    ("\n[sitte]\nhost = \"a.b\"", 2, &["`sitte`", "`site`"]),
    ("[site]\nhots = \"a.b\"", 2, &["`hots`", "`host`"]),
    (
        "[[site.regions]]\ncode = \"US\"\nlabel = \"l\"\nhost = \"a.b\"\nlable = \"l\"",
        5,
        &["`lable`", "`label`"],
    ),
    (
        "[[site.domains]]\nhost = \"a.b\"\naccount = \"a@b.co\"\nacount = \"a@b.co\"",
        4,
        &["`acount`", "`account`"],
    ),
    ("[plans.team]\nmax_tll = 60", 2, &["`max_tll`", "`max_ttl`"]),
    ("[limits]\nguest_create_per_20m = 1", 2, &["`guest_creates_per_20m`"]),
    ("[api]\nv2 = {}", 2, &["`v2`", "known here: v1"]),
    ("[api.v1]\nnumber = \"string\"", 2, &["`number`", "`numbers`"]),
    ("[log]\nformt = \"json\"", 2, &["`formt`", "`format`"]),
    ("[site]\ntrusted_proxies = []", 2, &["`trusted_proxies` must stand above the first [table]"]),
    ("stored_bytes = 1", 1, &["`stored_bytes` belongs below [limits]"]),
];

const OF_THE_WRONG_KIND: &[Case] = &[
    ("listen = 7143", 1, &["listen:", "integer `7143`", "expected a string"]),
    ("key_file = 7", 1, &["key_file:", "expected a string"]),
    ("trusted_proxies = \"10.0.0.0/8\"", 1, &["trusted_proxies:", "expected an array"]),
    ("site = \"a.b\"", 1, &["site:", "expected a table"]),
    ("[site.domains]\nhost = \"a.b\"", 1, &["site.domains:", "[[site.domains]]"]),
    ("plans = 1", 1, &["plans:", "expected a table"]),
    ("[plans]\nteam = 5", 2, &["plans.team:", "expected a table"]),
    ("[limits]\nstored_bytes = \"1\"", 2, &["limits.stored_bytes:", "a whole number from 0"]),
    ("[limits]\nstored_bytes = 1.5", 2, &["limits.stored_bytes:", "a whole number from 0"]),
    ("[plans.a]\nmax_ttl = true", 2, &["plans.a.max_ttl:", "seconds", "\"7d\""]),
    ("[api.v1]\npassphrase_required = ture", 2, &["passphrase_required:", "write true or false"]),
    ("[log]\naccess = flase", 2, &["access:", "write true or false"]),
    ("[log]\naccess = yes", 2, &["access:", "write true or false"]),
    ("[log]\naccess = \"true\"", 2, &["log.access:", "string \"true\"", "expected a boolean"]),
    ("[log]\naccess = 1", 2, &["log.access:", "expected a boolean"]),
];

const OUT_OF_BOUNDS: &[Case] = &[
    ("[limits]\nguest_creates_per_20m = -1", 2, &["`-1`", "from 0 to 4294967295"]),
    ("[limits]\nguest_creates_per_20m = 4294967296", 2, &["from 0 to 4294967295"]),
    ("[limits]\nstored_bytes = 99999999999999999999", 2, &["from 0 to 9223372036854775807"]),
    ("[limits]\nstored_bytes = 999999999999999999999999999999999999999999", 2, &["far too large"]),
    ("[plans.a]\nmax_secret_bytes = 0", 2, &["from 1 to 16777216"]),
    ("[plans.a]\nmax_ttl = 0", 2, &["`0`", "60 seconds to 49 days"]),
    ("[plans.a]\nmax_ttl = \"0d\"", 2, &["`0d`", "60 seconds to 49 days"]),
    ("[plans.a]\nmax_ttl = 4233601", 2, &["60 seconds to 49 days"]),
    ("[plans.a]\nmax_ttl = \"50d\"", 2, &["`50d`", "60 seconds to 49 days"]),
    ("[api.v1]\npassphrase_min = 9\npassphrase_max = 8", 1, &["passphrase_min (9)", "passphrase_max (8)"]),
];

const NOT_ALLOWED: &[Case] = &[
    (
        "trusted_proxies = [\n  \"10.0.0.0/8\",\n  \"10.0.0.0/33\",\n]",
        3,
        &["trusted_proxies:", "`10.0.0.0/33`", "10.0.0.0/8"],
    ),
    ("trusted_proxies = [\n  \"::1\",\n  5,\n]", 3, &["trusted_proxies:", "expected a string"]),
    ("listen = \"localhost\"", 1, &["listen:", "127.0.0.1:7143"]),
    ("listen = \":80\"", 1, &["listen:", "127.0.0.1:7143"]),
    ("key_file = \"\"", 1, &["key_file:", "the path of a file"]),
    ("[site]\nscheme = \"https://\"", 2, &["site.scheme:", "allowed: http, https"]),
    ("[site]\nhost = \"a.b/path\"", 2, &["site.host:", "without a path"]),
    ("[site]\nhost = \"https://a.b\"", 2, &["site.host:", "without http://"]),
    ("[site]\nname = \"\"", 2, &["site.name:", "1 to 100 characters"]),
    ("[site]\nregion = \"E U\"", 2, &["site.region:", "1 to 32 letters"]),
    ("[plans.Default]\nmax_ttl = 60", 1, &["`Default`", "write `default`"]),
    ("[plans.\"a b\"]\nmax_ttl = 60", 1, &["`a b`", "1 to 32 letters"]),
    ("[[site.domains]]\nhost = \"a.b\"", 1, &["site.domains:", "missing setting `account`"]),
    ("[[site.regions]]\nlabel = \"l\"\nhost = \"a.b\"", 1, &["site.regions:", "missing setting `code`"]),
    (
        "[[site.domains]]\nhost = \"a.b\"\naccount = \"Tom <a@b.co>\"",
        3,
        &["site.domains.account:", "ops@example.com"],
    ),
    ("[api.v1]\nnumbers = \"strings\"", 2, &["`strings`", "`string`"]),
    ("store = \"mysql://tom:hunter2@db\"", 1, &["store:", "memory:", "sqlite:PATH"]),
    ("store = \"sqlite:\"", 1, &["store:", "sqlite:data/waxseal.db"]),
    ("[log]\nformat = \"xml\"", 2, &["log.format:", "text, json"]),
    ("[log]\nlevel = \"loud\"", 2, &["log.level:", "`loud`", "debug"]),
    ("[log]\nlevel = \"info,hyper=trace\"", 2, &["log.level:", "`hyper=trace`", "only waxseal's own"]),
];

const NO_TOML: &[Case] = &[
    ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:1\"", 2, &["listen:", "second time"]),
    ("[limits]\n[limits]", 2, &["limits:", "second time"]),
    ("\n[site", 2, &["unclosed table"]),
    ("listen", 1, &["write NAME = VALUE"]),
    ("listen: \"127.0.0.1:1\"", 1, &["write NAME = VALUE"]),
    ("listen = 127.0.0.1:1", 1, &["listen:", "a text in quotes"]),
    ("[log]\nlevel = info", 2, &["level:", "a text in quotes"]),
    ("listen = \"127.0.0.1:1", 1, &["listen:", "a closing quote is missing"]),
    ("listen = '127.0.0.1:1", 1, &["listen:", "a closing quote is missing"]),
    ("key_file = \"C:\\data\\k\"", 1, &["key_file:", "single quotes"]),
    ("[limits]\nstored_bytes = 1,", 2, &["stored_bytes:", "nothing may follow the value"]),
    ("\u{feff}listen = \"x\"", 1, &["listen:", "127.0.0.1:7143"]),
];

#[test]
fn what_is_wrong_is_told_with_file_line_and_mend() {
    let home = Home::new();
    let kinds = [MISSPELT, OF_THE_WRONG_KIND, OUT_OF_BOUNDS, NOT_ALLOWED, NO_TOML];
    for (text, line, words) in kinds.into_iter().flatten() {
        home.write("waxseal.toml", text);
        let refused = home.run(&["config", "check"]);
        refused.refused(78, words);
        let first = refused.err.lines().next().unwrap();
        assert!(first.starts_with(&format!("waxseal.toml:{line}: ")), "{text}: {refused:?}");
        assert_eq!(refused.err.lines().count(), 2, "{text}: {refused:?}");
        assert!(!refused.err.contains("hunter2"), "{refused:?}");
    }
}

#[test]
fn serve_and_init_refuse_the_same_and_make_nothing() {
    let home = Home::new();
    home.write("waxseal.toml", "listen = \"127.0.0.1:0\"\nlog.access = \"no\"\nlog.level = \"loud\"\n");
    for command in [&["serve"][..], &["init"], &["account", "list"], &["config", "show"]] {
        let refused = home.run(command);
        refused.refused(78, &["waxseal: waxseal.toml:2: log.access:", "1 more", "waxseal config check"]);
        assert_eq!(refused.err.lines().count(), 2, "{refused:?}");
    }
    assert_eq!(fs::read_dir(home.path("")).unwrap().count(), 1, "nothing stands beside the file");
}

#[test]
fn a_file_that_cannot_be_read_as_text_is_refused() {
    let home = Home::new();
    let check = |words: &[&str]| home.run(&["config", "check"]).refused(78, words);
    fs::write(home.path("waxseal.toml"), b"listen = \"127.0.0.1:1\"\n[site]\nname = \"caf\xe9\"\n").unwrap();
    check(&["waxseal.toml:3: ", "UTF-8"]);
    fs::write(home.path("waxseal.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    check(&["waxseal.toml: cannot read", "larger than 1 MiB"]);
    fs::remove_file(home.path("waxseal.toml")).unwrap();
    fs::create_dir(home.path("waxseal.toml")).unwrap();
    check(&["waxseal.toml: cannot read", "directory"]);
    home.run(&["config", "check", "--config", "none.toml"])
        .refused(78, &["none.toml: cannot read", "No such"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_there_but_cannot_be_read_is_never_taken_for_none() {
    let home = Home::new();
    std::os::unix::fs::symlink("gone.toml", home.path("waxseal.toml")).unwrap();
    home.run(&["serve"]).refused(78, &["waxseal.toml: cannot read the configuration"]);
    fs::remove_file(home.path("waxseal.toml")).unwrap();
    // A loop of links: nobody, not even root, can read it.
    std::os::unix::fs::symlink("waxseal.toml", home.path("waxseal.toml")).unwrap();
    home.run(&["serve"]).refused(78, &["waxseal.toml: cannot read the configuration"]);
}

#[test]
fn what_will_do_is_ok() {
    let home = Home::new();
    assert_eq!(
        home.run(&["config", "check"]).ok(),
        "OK: there is no configuration file, and none is needed\n"
    );
    for text in ["", "\u{feff}", "\u{feff}listen = \"127.0.0.1:1\"\r\n", "# nothing\n", "[plans.team]\n"] {
        home.write("waxseal.toml", text);
        assert_eq!(home.run(&["config", "check"]).ok(), "OK waxseal.toml\n", "{text:?}");
    }
    assert!(!home.path("data").exists());
}

#[cfg(unix)]
#[test]
fn a_key_file_that_will_not_do_is_found_without_a_start() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run(&["init"]).ok();
    assert_eq!(home.run(&["config", "check"]).ok(), "OK waxseal.toml\n");
    let key = home.path("data/waxseal.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    home.run(&["config", "check"]).refused(78, &["chmod 600"]);
    home.write("data/waxseal.db", "a store");
    std::fs::remove_file(&key).unwrap();
    home.run(&["config", "check"]).refused(78, &["restore the key file"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let home = Home::new();
    home.write(
        "waxseal.toml",
        "listen = 1\n[site]\nhost = \"a/b\"\nschem = \"http\"\n[plans.t]\nmax_ttl = 0\n",
    );
    let mut command = home.command(&["config", "check"]);
    let refused = done(command.env("WAXSEAL_STORE", "db").env("WAXSEAL_LISTN", "x").env("WAXSEAL_LOG", "?"));
    refused.refused(
        78,
        &[
            "WAXSEAL_LISTN: unknown variable; did you mean `WAXSEAL_LISTEN`?",
            "WAXSEAL_STORE: ",
            "WAXSEAL_LOG: ",
            "waxseal.toml:1: ",
            "waxseal.toml:3: ",
            "waxseal.toml:4: ",
            "waxseal.toml:6: ",
            "7 things are wrong",
        ],
    );
    assert_eq!(refused.err.lines().count(), 8, "{refused:?}");
}

/// What is shown of the setting: its value and its origin.
fn shown<'a>(settings: &'a Value, name: &str) -> (&'a Value, &'a str) {
    let all = settings.as_array().unwrap();
    let row = all.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {settings}"));
    (&row["value"], row["origin"].as_str().unwrap())
}

#[test]
fn every_setting_is_shown_with_who_said_it() {
    let home = Home::new();
    home.write(
        "waxseal.toml",
        "listen = \"127.0.0.1:1\"\nstore = \"sqlite:w.db\"\n[site]\nhost = \"file.example\"\n\n[plans.team]\nmax_ttl = \"1h\"\n",
    );
    let mut command = home.command(&["config", "show", "--json", "--log-format", "json"]);
    let said = done(command.env("WAXSEAL_STORE", "memory:").env("WAXSEAL_SITE_HOST", "env.example")).ok();
    let settings: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(shown(&settings, "listen"), (&"127.0.0.1:1".into(), "waxseal.toml:1"));
    assert_eq!(shown(&settings, "store"), (&"memory:".into(), "WAXSEAL_STORE"));
    assert_eq!(shown(&settings, "site.host"), (&"env.example".into(), "WAXSEAL_SITE_HOST"));
    assert_eq!(shown(&settings, "log.format"), (&"json".into(), "--log-format"));
    assert_eq!(shown(&settings, "plans.team.max_ttl"), (&3600.into(), "waxseal.toml:7"));
    assert_eq!(shown(&settings, "plans.team.max_secret_bytes"), (&10_000.into(), "default"));
    assert_eq!(shown(&settings, "site.scheme"), (&Value::Null, "default"));
    assert_eq!(shown(&settings, "trusted_proxies"), (&Value::Array(vec![]), "default"));
    assert_eq!(shown(&settings, "log.access"), (&true.into(), "default"));

    let text = home.run(&["config", "show", "--store", "memory:"]).ok();
    assert!(text.contains("\nstore = \"memory:\"  # --store\n"), "{text}");
    assert!(text.contains("\nsite.host = \"file.example\"  # waxseal.toml:4\n"), "{text}");
    assert!(text.contains("\nlimits.stored_bytes = 1073741824  # default\n"), "{text}");
}

#[test]
fn no_setting_of_the_written_file_is_left_out() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let settings: Value = serde_json::from_str(&home.run(&["config", "show", "--json"]).ok()).unwrap();
    let mut table = String::new();
    for line in home.read("waxseal.toml").lines().map(|line| line.trim_start_matches('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{name}.");
        }
        let name = line.split_once(" = ").map(|(name, _)| name).filter(|name| !name.contains(' '));
        // Arrays of tables are shown whole; a plan that is not there is not shown.
        let Some(name) = name.filter(|_| !table.starts_with('[') && table != "plans.team.") else { continue };
        shown(&settings, &format!("{table}{name}"));
    }
    assert_eq!(table, "log.", "the whole file was looked at");
}

#[test]
fn keys_are_never_shown() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let key = home.read("data/waxseal.key");
    let secret = key.split_whitespace().max_by_key(|word| word.len()).unwrap().to_owned();
    for args in [&["config", "show"][..], &["config", "show", "--json"], &["config", "check"]] {
        let said = done(home.command(args).env("WAXSEAL_KEY", &key));
        assert!(!format!("{said:?}").contains(&secret), "{said:?}");
        let said = said.ok();
        assert!(args[1] == "check" || (said.contains("(hidden)") && said.contains("WAXSEAL_KEY")), "{said}");
    }
}

#[test]
fn every_help_teaches_by_example() {
    let home = Home::new();
    let commands: &[&[&str]] = &[
        &[],
        &["share"],
        &["generate"],
        &["reveal"],
        &["burn"],
        &["receipt"],
        &["recent"],
        &["status"],
        &["completions"],
        &["man"],
        &["serve"],
        &["init"],
        &["account"],
        &["account", "add"],
        &["account", "list"],
        &["account", "remove"],
        &["account", "suspend"],
        &["account", "resume"],
        &["account", "plan"],
        &["account", "token"],
        &["account", "token", "add"],
        &["account", "token", "list"],
        &["account", "token", "rotate"],
        &["account", "token", "revoke"],
        &["key"],
        &["key", "list"],
        &["key", "add"],
        &["key", "promote"],
        &["key", "retire"],
        &["config"],
        &["config", "check"],
        &["config", "show"],
    ];
    for command in commands {
        let help = home.run(&[*command, &["--help"]].concat()).ok();
        let shown = ["waxseal"].iter().chain(*command).copied().collect::<Vec<_>>().join(" ");
        let examples = help.split_once("Examples:").or_else(|| help.split_once("Start here:")).unwrap().1;
        assert!(
            examples.contains(&format!("  {shown}")) || examples.contains(&format!("({shown}")),
            "{help}"
        );
    }
    assert_eq!(home.run(&["--version"]).ok(), format!("waxseal {}\n", env!("CARGO_PKG_VERSION")));
}
