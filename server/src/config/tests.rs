use waxseal_core::time::Ttl;

use super::*;

fn load(text: &str) -> Result<Config, ConfigErrors> {
    load_under(text, Overrides::default())
}

fn load_under(text: &str, overrides: Overrides) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waxseal.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&Overrides { config: Some(path), ..overrides })
}

/// The refusal of `text`, less the path in front.
fn refusal(text: &str) -> String {
    let error = load(text).unwrap_err().to_string();
    error.split_once("waxseal.toml:").unwrap_or_else(|| panic!("no file in {error}")).1.to_owned()
}

fn no_account(_: &str) -> AccountId {
    AccountId([0; 16])
}

#[test]
fn an_empty_file_means_the_defaults() {
    let config = load("").unwrap();
    assert_eq!(config.listen, USUAL_LISTEN);
    assert_eq!(config.plans, Plans::default());
    assert_eq!(config.policy(), Policy::default());
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.stored_bytes, 1_073_741_824);
    assert!(config.trusted_proxies.is_empty() && !config.self_setup);
    let site = config.site(config.listen, no_account);
    assert_eq!(site.origin(None), "http://127.0.0.1:7143");
}

#[test]
fn redis_is_told_what_the_file_says() {
    let redis = load("").unwrap().redis;
    assert_eq!((redis.prefix.to_string().as_str(), redis.min_replicas), ("waxseal", 0));
    assert_eq!(redis.wait.as_millis(), 500);
    let text =
        "store = \"redis://tom:hunter2@db/1\"\n[redis]\nprefix = \"a:b\"\nmin_replicas = 2\nwait_ms = 50";
    let config = load(text).unwrap();
    assert_eq!((config.redis.prefix.to_string().as_str(), config.redis.min_replicas), ("a:b", 2));
    assert_eq!(config.redis.wait.as_millis(), 50);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(refusal("[redis]\nprefix = \"a*\"").starts_with("2: redis.prefix: `a*` is no prefix"));
    assert!(refusal("[redis]\nwait_ms = 0").contains("from 1 to"));
    let wrong = refusal("store = \"redis://db:hunter2\"");
    assert!(wrong.contains("HOST:PORT") && !wrong.contains("hunter2"), "{wrong}");
}

#[test]
fn every_setting_is_read() {
    let config = load(
        r##"
        listen = "[::1]:80"
        store = "memory:"
        key_file = "/k"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        [site]
        host = "Secrets.example.com"
        scheme = "http"
        name = "Ours"
        accent = "#1A7F5A"
        footer = "Run by us"
        region = "EU"
        [[site.regions]]
        code = "eu"
        label = "Europe"
        host = "secrets.example.com"
        [[site.regions]]
        code = "US"
        label = "United States"
        host = "us.example.com"
        [[site.domains]]
        host = "links.example.org"
        account = "a@example.org"
        name = "Links"
        accent = "#00ff00"
        [plans.anonymous]
        max_ttl = 3600
        [plans.default]
        max_secret_bytes = 20000
        [plans.team]
        max_ttl = "49d"
        [limits]
        guest_creates_per_20m = 0
        account_creates_per_20m = 7
        account_mails_per_20m = 3
        stored_bytes = 0
        [pages]
        typed_check = true
        guests_may_create = false
        [api.v1]
        numbers = "string"
        passphrase_min = 4
        passphrase_max = 72
        passphrase_required = true
        [log]
        format = "json"
        level = "warn,waxseal_sqlite=debug"
        access = false
        "##,
    )
    .unwrap();
    assert_eq!(config.listen, "[::1]:80".parse().unwrap());
    assert_eq!(config.store, StoreUrl::Memory);
    assert_eq!(config.key.path(), Some(Path::new("/k")));
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.plans.anonymous, Plan { max_ttl: Ttl::hours(1), ..Plan::ANONYMOUS });
    assert_eq!(config.plans.of_account("team"), &Plan { max_secret_bytes: 20_000, max_ttl: Ttl::days(49) });
    assert_eq!(config.limits.guest_creates, 0);
    assert_eq!(config.limits.account_creates, 7);
    assert_eq!(config.limits.account_mails, 3);
    assert_eq!(config.stored_bytes, 0);
    assert_eq!(config.pages, Pages { typed_check: true, guests_may_create: false });
    assert_eq!(config.policy().passphrases, PassphrasePolicy { min: 4, max: 72, required: true });
    let site = config.site(config.listen, |name| AccountId([u8::try_from(name.len()).unwrap(); 16]));
    assert_eq!(site.origin(None), "http://secrets.example.com");
    let ours =
        Brand { name: "Ours".into(), accent: Accent([0x1a, 0x7f, 0x5a]), footer: Some("Run by us".into()) };
    let links = Brand { name: "Links".into(), accent: Accent([0, 0xff, 0]), ..ours.clone() };
    let domain = site.domain_of(Some("links.example.org")).unwrap();
    assert_eq!(domain.account, AccountId([13; 16]));
    assert_eq!((site.brand_for(None), site.brand_for(Some("links.example.org"))), (ours, links));
    assert_eq!(site.numbers, site::Numbers::String);
    assert_eq!((config.log.format, config.log.access), (LogFormat::Json, false));
    assert_eq!(config.log.levels.to_string(), "warn,waxseal_sqlite=debug");
}

#[test]
fn a_misspelt_name_is_refused_with_its_line_and_the_nearest_name() {
    assert_eq!(refusal("\nlsten = \"x\""), "2: unknown setting `lsten`; did you mean `listen`?");
    assert_eq!(
        refusal("[limits]\nguest_create_per_20m = 1"),
        "2: unknown setting `guest_create_per_20m`; did you mean `guest_creates_per_20m`?"
    );
    assert_eq!(
        refusal("[api.v1]\n\nnumbers = \"strings\""),
        "3: unknown value `strings`; did you mean `string`?"
    );
    assert_eq!(
        refusal("[api.v1]\npasphrase_required = true"),
        "2: unknown setting `pasphrase_required`; did you mean `passphrase_required`?"
    );
    assert_eq!(
        refusal("[plans.team]\nmax_tll = 60"),
        "2: unknown setting `max_tll`; did you mean `max_ttl`?"
    );
    assert_eq!(refusal("[[site.domains]]\nhst = \"x\""), "2: unknown setting `hst`; did you mean `host`?");
    assert_eq!(refusal("[plan.team]\nmax_ttl = 60"), "1: unknown setting `plan`; did you mean `plans`?");
}

#[test]
fn a_bad_value_is_refused_with_its_line_and_what_is_allowed() {
    let cases = [
        ("listen = \"localhost\"", "1: ", "127.0.0.1:7143"),
        ("\nlisten = 7143", "2: ", "expected a string"),
        ("store = \"redis://\"", "1: ", "HOST:PORT"),
        ("[site]\nscheme = \"ftp\"", "2: ", "allowed: http, https"),
        ("[site]\nhost = \"https://x/\"", "2: ", "bare name"),
        ("[site]\nregion = \"E U\"", "2: ", "1 to 32 letters"),
        ("[site]\naccent = \"red\"", "2: site.accent: ", "such as #9b2c2c"),
        ("[site]\nfooter = \"\"", "2: site.footer: ", "1 to 300 characters"),
        ("[plans.anonymous]\nmax_ttl = 59", "2: ", "60 seconds to 49 days"),
        ("[plans.anonymous]\nmax_ttl = \"50d\"", "2: ", "60 seconds to 49 days"),
        ("[plans.x]\nmax_secret_bytes = 0", "2: ", "from 1 to"),
        ("[limits]\n\nstored_bytes = -1", "3: ", "from 0 to"),
        ("[limits]\nguest_creates_per_20m = \"many\"", "2: limits.guest_creates_per_20m: ", "a whole number"),
        ("[api.v1]\npassphrase_required = \"yes\"", "2: ", "expected a boolean"),
        ("[api.v1]\npassphrase_required = ture", "2: ", "true"),
        ("[api.v1]\npassphrase_min = 9\npassphrase_max = 8", "1: ", "no passphrase would fit"),
        ("\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy\"]", "2: trusted_proxies: ", "`proxy` is no network"),
        (
            "[[site.domains]]\nhost = \"a.b\"\naccount = \"x@y.org\"\n[[site.domains]]\nhost = \"A.b\"\naccount = \"x@y.org\"",
            "",
            "more than one place",
        ),
        (
            "[[site.domains]]\nhost = \"a.b\"\naccount = \"Tom <t@a.b>\"",
            "3: site.domains.account: ",
            "no e-mail address",
        ),
        ("[[site.domains]]\nhost = \"a.b\"", "1: ", "account"),
        (
            "[[site.domains]]\nhost = \"a.b\"\naccount = \"x@y.org\"\naccent = \"#12\"",
            "4: site.domains.accent: ",
            "six hexadecimal digits",
        ),
        (
            "[[site.regions]]\ncode = \"EU\"\nlabel = \"E\"\nhost = \"a.b\"\n[[site.regions]]\ncode = \"eu\"\nlabel = \"E\"\nhost = \"c.b\"",
            "",
            "the region `eu` is listed twice",
        ),
        (
            "[site]\nhost = \"a.b\"\n[[site.regions]]\ncode = \"EU\"\nlabel = \"E\"\nhost = \"a.b\"",
            "",
            "the host `a.b` of a region stands in more than one place",
        ),
        ("listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:1\"", "2: ", "duplicate"),
    ];
    for (text, line, allowed) in cases {
        let refusal = refusal(text);
        assert!(refusal.starts_with(line) && refusal.contains(allowed), "{text}: {refusal}");
        assert!(!refusal.contains('\n'), "{refusal}");
    }
}

#[test]
fn relative_paths_of_the_file_count_from_its_folder_and_those_above_do_not() {
    let config = load("store = \"sqlite:s/w.db\"\nkey_file = \"k\"").unwrap();
    let folder = config.file.as_deref().and_then(Path::parent).unwrap().to_owned();
    assert_eq!(config.store.path(), Some(folder.join("s/w.db").as_path()));
    assert_eq!(config.key.path(), Some(folder.join("k").as_path()));

    let above = Overrides {
        store: Some(StoreUrl::Sqlite("here.db".into())),
        key: Some(Key::File("here.key".into())),
        ..Overrides::default()
    };
    let config = load_under("store = \"memory:\"\nkey_file = \"k\"", above).unwrap();
    assert_eq!(config.store.path(), Some(Path::new("here.db")));
    assert_eq!(config.key.path(), Some(Path::new("here.key")));
}

#[test]
fn a_credential_is_used_where_nothing_names_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let credential = folder.path().join("waxseal.key");
    let above = Overrides { credential: Some(credential.clone()), ..Overrides::default() };
    assert!(matches!(load_under("", above.clone()).unwrap().key, Key::File(_)), "it is not there yet");
    std::fs::write(&credential, "").unwrap();
    assert!(matches!(load_under("", above.clone()).unwrap().key, Key::Credential(_)));
    assert!(matches!(load_under("key_file = \"k\"", above).unwrap().key, Key::File(_)));
}

#[test]
fn links_are_https_beyond_this_machine_and_never_lead_to_every_address() {
    let origin =
        |text: &str, bound: &str| load(text).unwrap().site(bound.parse().unwrap(), no_account).origin(None);
    assert_eq!(origin("", "127.0.0.1:4321"), "http://127.0.0.1:4321");
    assert_eq!(origin("", "0.0.0.0:80"), "http://127.0.0.1:80");
    assert_eq!(origin("", "10.0.0.1:80"), "https://10.0.0.1:80");
    assert_eq!(origin("[site]\nhost = \"example.com\"", "127.0.0.1:80"), "https://example.com");
    assert_eq!(origin("[site]\nscheme = \"https\"", "[::]:80"), "https://[::1]:80");
}

#[test]
fn a_deployment_knows_its_own_region_from_the_others() {
    let region = |code: &str, label: &str, host: &str| site::Region {
        code: code.to_owned(),
        label: label.to_owned(),
        host: host.to_owned(),
    };
    let site = |own: &str| {
        let us = "[[site.regions]]\ncode = \"US\"\nlabel = \"United States\"\nhost = \"us.x.org\"\n";
        let eu = "[[site.regions]]\ncode = \"EU\"\nlabel = \"Europe\"\nhost = \"eu.x.org\"\n";
        let text = format!("[site]\nhost = \"{own}.x.org\"\nregion = \"{}\"\n{us}{eu}", own.to_uppercase());
        load(&text).unwrap().site(USUAL_LISTEN, no_account)
    };
    let (us, eu) = (region("US", "United States", "us.x.org"), region("EU", "Europe", "eu.x.org"));
    assert_eq!((site("eu").region, site("eu").regions), (Some(eu.clone()), vec![us.clone()]));
    assert_eq!((site("us").region, site("us").regions), (Some(us.clone()), vec![eu.clone()]));
    let unlisted = site("ca");
    assert_eq!((unlisted.region, unlisted.regions), (Some(region("CA", "CA", "ca.x.org")), vec![us, eu]));
    let none = load("").unwrap().site(USUAL_LISTEN, no_account);
    assert_eq!((none.region, none.regions), (None, vec![]));
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let named = Overrides { config: Some("/nowhere/waxseal.toml".into()), ..Overrides::default() };
    let errors = Config::load(&named).unwrap_err();
    assert!(matches!(errors.iter().next(), Some(ConfigError::Unreadable { .. })));
}

#[cfg(feature = "mail")]
#[test]
fn a_mail_server_is_read_and_its_password_not_shown() {
    let config = load(
        "[smtp]\nurl = \"smtp://tom:hunter2@mail.example.com:25\"\nfrom = \"No-Reply@example.com\"\ntls = \"implicit\"",
    )
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let smtp = config.smtp.unwrap();
    let server = smtp.server().unwrap();
    assert_eq!((smtp.from.as_str(), server.host.as_str()), ("no-reply@example.com", "mail.example.com"));
    assert_eq!((server.port, server.tls, server.credentials.is_some()), (25, SmtpTls::Implicit, true));
}

#[cfg(not(feature = "mail"))]
#[test]
fn a_build_without_mail_says_so() {
    let text = "[smtp]\nurl = \"smtp://tom:hunter2@mail\"\nfrom = \"a@b.co\"";
    let refusal = refusal(text);
    assert!(refusal.starts_with("1: this program was built without mail"), "{refusal}");
    let above = Overrides { smtp: Some(SmtpPlace::File("f".into())), ..Overrides::default() };
    let refused = load_under("", above).unwrap_err().to_string();
    assert!(refused.starts_with("WAXSEAL_SMTP_URL_FILE: this program was built without mail"), "{refused}");
}

#[cfg(feature = "mail")]
#[test]
fn what_is_wrong_with_mail_is_told_without_the_password() {
    let cases = [
        ("[smtp]\nurl = \"http://tom:hunter2@mail\"", "2: smtp.url: ", "smtp://USER:PASSWORD@HOST:PORT"),
        ("[smtp]\nurl = \"smtp://tom:hunter2@mail\"", "1: ", "lacks `from`"),
        ("[smtp]\nfrom = \"a@b.co\"", "1: ", "url, url_file or WAXSEAL_SMTP_URL"),
        ("[smtp]\nfrom = \"nobody\"\nurl = \"smtp://mail\"", "2: smtp.from: ", "no e-mail address"),
        ("[smtp]\nurl = \"smtp://mail\"\nurl_file = \"f\"\nfrom = \"a@b.co\"", "3: ", "set one of them"),
        (
            "[smtp]\nurl = \"smtp://tom:hunter2@mail\"\nfrom = \"a@b.co\"\ntls = \"none\"",
            "4: smtp.tls",
            "for all to hear",
        ),
        (
            "[smtp]\nurl = \"smtps://mail\"\nfrom = \"a@b.co\"\ntls = \"starttls\"",
            "4: smtp.tls",
            "\"implicit\"",
        ),
        (
            "[smtp]\nurl = \"smtp://mail\"\nfrom = \"a@b.co\"\ntls = \"tls\"",
            "4: smtp.tls",
            "starttls, implicit, none",
        ),
        ("[smtp]\nulr = \"smtp://tom:hunter2@mail\"", "2: ", "known here: url"),
        ("smtp = \"smtp://tom:hunter2@mail\"", "1: ", "[smtp]"),
        ("url = \"smtp://tom:hunter2@mail\"", "1: ", "`url` belongs below [smtp]"),
        ("[smtp]\nurl = smtp://tom:hunter2@mail", "2: ", "in quotes"),
    ];
    for (text, line, allowed) in cases {
        let refusal = refusal(text);
        assert!(refusal.starts_with(line) && refusal.contains(allowed), "{text}: {refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
}

#[cfg(feature = "mail")]
#[test]
fn the_environment_names_the_mail_server_above_the_file() {
    let above = Overrides {
        smtp: Some(SmtpPlace::Url("smtps://above.example".parse().unwrap())),
        ..Overrides::default()
    };
    let text = "[smtp]\nurl_file = \"secret/smtp-url\"\nfrom = \"a@b.co\"";
    let config = load_under(text, above.clone()).unwrap();
    assert_eq!(config.smtp.unwrap().server().unwrap().host, "above.example");
    let refused = load_under("", above).unwrap_err().to_string();
    assert!(refused.starts_with("WAXSEAL_SMTP_URL: ") && refused.contains("lacks `from`"), "{refused}");
    let in_file = Overrides { smtp: Some(SmtpPlace::File("f".into())), ..Overrides::default() };
    let refused = load_under("", in_file).unwrap_err().to_string();
    assert!(refused.starts_with("WAXSEAL_SMTP_URL_FILE: "), "{refused}");
    assert!(load("").unwrap().smtp.is_none());
}

#[cfg(all(unix, feature = "mail"))]
#[test]
fn the_url_may_stand_in_a_file_that_its_owner_alone_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = (folder.path().join("waxseal.toml"), folder.path().join("smtp-url"));
    std::fs::write(&path, "[smtp]\nurl_file = \"smtp-url\"\nfrom = \"a@b.co\"").unwrap();
    let smtp = || {
        Config::load(&Overrides { config: Some(path.clone()), ..Overrides::default() }).unwrap().smtp.unwrap()
    };
    assert!(smtp().server().unwrap_err().to_string().contains("there is no file"));
    std::fs::write(&file, "smtp://tom:hunter2@mail\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(smtp().server().unwrap_err().to_string().contains("chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(&**smtp().server().unwrap().credentials.unwrap().password, "hunter2");
    std::fs::write(&file, "hunter2").unwrap();
    let refused = smtp().server().unwrap_err().to_string();
    assert!(refused.contains("smtp://USER") && !refused.contains("hunter2"), "{refused}");
}
