//! Where settings come from, and what is said of bad ones.

use crate::home::{Home, Server, done};

/// The origin of the links that a server gives out, given a host by flag,
/// environment and file.
fn origin(flag: Option<&str>, environment: Option<&str>, file: Option<&str>) -> String {
    let home = Home::new();
    let host = file.map(|host| format!("[site]\nhost = \"{host}\"\n")).unwrap_or_default();
    home.write("waxseal.toml", &format!("listen = \"127.0.0.1:0\"\nstore = \"memory:\"\n{host}"));
    home.run(&["init"]).ok();
    let mut command = home.command(&["serve"]);
    command.args(flag.into_iter().flat_map(|host| ["--site-host", host]));
    command.envs(environment.map(|host| ("WAXSEAL_SITE_HOST", host)));
    let server = Server::start(&mut command);
    let url = server.share("x")["metadata_url"].as_str().unwrap().to_owned();
    url.split("/receipt/").next().unwrap().replace(&server.address, "LISTEN")
}

#[test]
fn flags_stand_above_the_environment_above_the_file_above_defaults() {
    let (flag, environment, file) = (Some("flag.example"), Some("env.example"), Some("file.example"));
    assert_eq!(origin(flag, environment, file), "https://flag.example");
    assert_eq!(origin(None, environment, file), "https://env.example");
    assert_eq!(origin(None, None, file), "https://file.example");
    assert_eq!(origin(None, None, None), "http://LISTEN");
    assert_eq!(origin(flag, None, None), "https://flag.example");
    assert_eq!(origin(None, Some(""), file), "https://file.example");
}

#[test]
fn every_variable_and_its_flag_is_heard() {
    let home = Home::new();
    let variables = [
        ("WAXSEAL_CONFIG", "c/waxseal.toml"),
        ("WAXSEAL_LISTEN", "127.0.0.1:0"),
        ("WAXSEAL_STORE", "sqlite:s/by-variable.db"),
        ("WAXSEAL_KEY_FILE", "k/by-variable.key"),
        ("WAXSEAL_SITE_HOST", "example.com"),
        ("WAXSEAL_SITE_SCHEME", "http"),
    ];
    done(home.command(&["init"]).envs(variables)).ok();
    let server = Server::start(home.command(&["serve"]).envs(variables));
    assert!(server.share("x")["metadata_url"].as_str().unwrap().starts_with("http://example.com/"));
    for made in ["c/waxseal.toml", "s/by-variable.db", "k/by-variable.key"] {
        assert!(home.path(made).exists(), "{made}");
    }

    let flags = ["--store", "sqlite:by-flag.db", "--key-file", "by-flag.key", "--site-scheme", "https"];
    done(home.command(&["init"]).args(flags).envs(variables)).ok();
    let server = Server::start(home.command(&["serve"]).args(flags).envs(variables));
    assert!(server.share("x")["metadata_url"].as_str().unwrap().starts_with("https://example.com/"));
    assert!(home.path("by-flag.db").exists() && home.path("by-flag.key").exists());
}

#[test]
fn the_key_itself_may_stand_in_the_environment_or_be_a_credential() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let secret = home.serve(&[]).share("kept");
    let key = home.read("data/waxseal.key");
    std::fs::rename(home.path("data/waxseal.key"), home.path("waxseal.key")).unwrap();
    home.write("waxseal.toml", "listen = \"127.0.0.1:0\"\n");

    let mut by_text = home.command(&["serve"]);
    assert_eq!(Server::start(by_text.env("WAXSEAL_KEY", &key)).reveal(&secret), "kept");
    let mut by_credential = home.command(&["serve"]);
    let server = Server::start(by_credential.env("CREDENTIALS_DIRECTORY", home.path("")));
    assert_eq!(server.reveal(&secret), serde_json::Value::Null, "it was opened before");
}

#[test]
fn the_configuration_may_be_named_before_and_after_the_command() {
    let home = Home::new();
    home.write("other.toml", "store = \"memory:\"\n");
    let config = ["--config", "other.toml"];
    for args in [
        ["--config", "other.toml", "account", "list"],
        ["account", "--config", "other.toml", "list"],
        ["account", "list", "--config", "other.toml"],
    ] {
        home.run(&args).refused(78, &["memory:"]);
    }
    home.run(&["account", "list"]).refused(78, &["no key file", "waxseal init"]);
    done(home.command(&["account", "list"]).args(config).env("WAXSEAL_CONFIG", "nowhere"))
        .refused(78, &["memory:"]);
    home.run(&["serve", "--config", "nowhere.toml"]).refused(78, &["nowhere.toml"]);
}

#[test]
fn relative_paths_count_from_the_folder_of_the_configuration() {
    let home = Home::new();
    home.write(
        "etc/waxseal.toml",
        "listen = \"127.0.0.1:0\"\nstore = \"sqlite:var/w.db\"\nkey_file = \"w.key\"\n",
    );
    home.run(&["init", "--config", "etc/waxseal.toml"]).ok();
    let server = home.serve(&["--config", "etc/waxseal.toml"]);
    assert!(home.path("etc/var/w.db").exists() && home.path("etc/w.key").exists());
    assert!(!home.path("data").exists());
    drop(server);
}

#[test]
fn what_is_wrong_with_a_configuration_is_said_with_file_line_and_remedy() {
    let cases: [(&str, &[&str]); 6] = [
        ("lsten = \"127.0.0.1:1\"", &["waxseal.toml:1: ", "`lsten`", "`listen`"]),
        ("\n[api.v1]\npassphrase_required = ture", &["waxseal.toml:3: ", "passphrase_required", "true"]),
        ("\n[api.v1]\npassphrase_required = \"no\"", &["waxseal.toml:3: ", "a boolean"]),
        ("[plans.anonymous]\nmax_ttl = \"50d\"", &["waxseal.toml:2: ", "49 days"]),
        ("store = \"redis://:hunter2@db:x\"", &["waxseal.toml:1: ", "HOST:PORT"]),
        ("listen = \"localhost\"", &["waxseal.toml:1: ", "127.0.0.1:7143"]),
    ];
    for (text, words) in cases {
        let home = Home::new();
        home.write("waxseal.toml", text);
        let refused = home.run(&["serve"]);
        refused.refused(78, words);
        assert!(!refused.err.contains("hunter2"));
        assert_eq!(refused.err.lines().count(), 1, "{refused:?}");
    }
}

#[test]
fn a_bad_variable_is_named_and_a_bad_flag_is_wrong_usage() {
    let home = Home::new();
    done(home.command(&["serve"]).env("WAXSEAL_LISTEN", "7143"))
        .refused(78, &["WAXSEAL_LISTEN", "127.0.0.1:7143"]);
    done(home.command(&["serve"]).env("WAXSEAL_LOG", "a=b=c")).refused(78, &["WAXSEAL_LOG"]);
    home.run(&["serve", "--listen", "7143"]).refused(2, &["--listen", "127.0.0.1:7143"]);
    home.run(&["serve", "--port", "1"]).refused(2, &["--port"]);
    home.run(&[]).refused(2, &["Usage"]);
    assert!(!home.path("data").exists(), "nothing is made before everything is read");
}

/// How many access lines a share leaves in the log of a server with these settings.
fn access_lines(settings: &str) -> usize {
    let home = Home::new();
    home.write("waxseal.toml", settings);
    home.run(&["init"]).ok();
    let server = home.serve_with_log(&[]);
    server.share("x");
    assert_eq!(server.signal("-TERM"), Some(0));
    home.read("server.log").matches("waxseal::access").count()
}

#[test]
fn access_lines_are_written_unless_they_are_switched_off() {
    assert_eq!(access_lines(""), 1);
    assert_eq!(access_lines("[log]\naccess = false\n"), 0);
}
