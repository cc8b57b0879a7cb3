//! Accounts by the command line, heeded by a server that runs.

use crate::home::{Home, Server, eventually};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn basic(name: &str, token: &str) -> String {
    BASE64_STANDARD.encode(format!("{name}:{token}"))
}

pub(crate) fn signs_in(server: &Server, name: &str, token: &str) -> bool {
    server.ask("GET", "/api/v1/authcheck", "", Some(&basic(name, token))).0 == 200
}

#[test]
fn a_running_server_heeds_what_is_added_and_removed() {
    let home = Home::new();
    let server = home.serve(&[]);
    let added = json(&home.run(&["account", "add", "Tom@Example.com", "--json"]).ok());
    assert_eq!(added["account"], "tom@example.com");
    let token = added["token"].as_str().unwrap();
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    eventually(|| signs_in(&server, "tom@example.com", token));
    assert!(!signs_in(&server, "tom@example.com", &"0".repeat(64)));

    home.run(&["account", "remove", "tom@example.com", "--yes"]).ok();
    eventually(|| !signs_in(&server, "tom@example.com", token));
}

#[test]
fn the_token_alone_goes_to_standard_output() {
    let home = Home::new();
    let server = home.serve(&[]);
    let done = home.run(&["account", "add", "tom@example.com"]);
    assert!(done.err.contains("tom@example.com") && !done.err.contains(done.out.trim()), "{done:?}");
    eventually(|| signs_in(&server, "tom@example.com", done.out.trim()));
}

#[test]
fn accounts_are_listed_oldest_first_with_their_plans() {
    let home = Home::new();
    home.write("waxseal.toml", "[plans.team]\nmax_secret_bytes = 100000\n");
    home.run(&["init"]).ok();
    assert_eq!(json(&home.run(&["account", "list", "--json"]).ok()), Value::Array(vec![]));
    home.run(&["account", "add", "zoe@example.com", "--plan", "team"]).ok();
    home.run(&["account", "add", "adam@example.com"]).ok();

    let listed = json(&home.run(&["account", "list", "--json"]).ok());
    let rows: Vec<_> = listed.as_array().unwrap().iter().map(|row| (&row["account"], &row["plan"])).collect();
    assert!(rows.contains(&(&"zoe@example.com".into(), &"team".into())), "{listed}");
    assert!(rows.contains(&(&"adam@example.com".into(), &"default".into())) && rows.len() == 2, "{listed}");
    assert!(listed[0]["created"].as_u64() <= listed[1]["created"].as_u64());
    let table = home.run(&["account", "list"]).ok();
    assert!(table.contains("zoe@example.com\tteam\tactive\t"), "{table}");
}

#[test]
fn what_cannot_be_is_refused() {
    let home = Home::new();
    home.write("waxseal.toml", "[plans.team]\n");
    home.run(&["init"]).ok();
    for name in ["tom", "Tom <tom@example.com>", "a@b.co,c@d.net", ""] {
        home.run(&["account", "add", name]).refused(2, &["no e-mail address"]);
    }
    home.run(&["account", "add", "tom@example.com", "--plan", "tema"])
        .refused(2, &["`tema`", "default", "team"]);
    home.run(&["account", "add", "tom@example.com", "--plan", "anonymous"]).refused(2, &["`anonymous`"]);
    home.run(&["account", "add", "tom@example.com"]).ok();
    home.run(&["account", "add", "TOM@example.com"]).refused(1, &["already"]);
    home.run(&["account", "remove", "zoe@example.com", "--yes"]).refused(1, &["no account"]);
}

#[test]
fn nobody_to_ask_means_yes_must_be_said() {
    let home = Home::new();
    home.run(&["init"]).ok();
    home.run(&["account", "add", "tom@example.com"]).ok();
    home.run(&["account", "remove", "tom@example.com"]).refused(2, &["--yes"]);
    assert!(home.run(&["account", "list"]).ok().contains("tom@example.com"));
}

#[test]
fn accounts_of_a_memory_store_cannot_be_reached() {
    let home = Home::new();
    home.write("waxseal.toml", "store = \"memory:\"\n");
    home.run(&["init"]).ok();
    for args in [&["add", "a@b.co"][..], &["list"], &["remove", "a@b.co", "--yes"]] {
        home.run(&[&["account"], args].concat()).refused(78, &["memory:", "sqlite:"]);
    }
}

#[test]
fn a_suspended_account_is_refused_until_it_is_resumed() {
    let home = Home::new();
    let server = home.serve(&[]);
    let token = home.run(&["account", "add", "tom@example.com"]).ok();
    let token = token.trim();
    eventually(|| signs_in(&server, "tom@example.com", token));
    let credentials = basic("tom@example.com", token);
    let secret = server.ask("POST", "/api/v1/share", "secret=kept", Some(&credentials)).1;

    home.run(&["account", "suspend", "TOM@example.com"]).ok();
    eventually(|| !signs_in(&server, "tom@example.com", token));
    let refused = server.ask("POST", "/api/v1/share", "secret=x", Some(&credentials));
    assert_eq!(refused, (404, serde_json::json!({"message": "Not authorized"})));
    assert!(home.run(&["account", "list"]).ok().contains("\tsuspended\t"));
    assert_eq!(server.reveal(&secret), "kept", "its secrets live on");

    home.run(&["account", "resume", "tom@example.com"]).ok();
    eventually(|| signs_in(&server, "tom@example.com", token));
    for command in ["suspend", "resume"] {
        home.run(&["account", command, "zoe@example.com"]).refused(1, &["no account zoe@example.com"]);
    }
}

#[test]
fn a_running_server_heeds_another_plan() {
    let home = Home::new();
    home.write("waxseal.toml", "[plans.short]\nmax_ttl = \"1h\"\n");
    home.run(&["init"]).ok();
    let server = home.serve(&[]);
    let token = home.run(&["account", "add", "tom@example.com"]).ok();
    let credentials = basic("tom@example.com", token.trim());
    let life = || {
        let (_, made) = server.ask("POST", "/api/v1/share", "secret=x&ttl=86400", Some(&credentials));
        made["secret_ttl"].as_u64()
    };
    eventually(|| life() == Some(86_400));
    home.run(&["account", "plan", "tom@example.com", "short"]).ok();
    eventually(|| life() == Some(3_600));
    home.run(&["account", "plan", "tom@example.com", "shart"]).refused(2, &["`shart`", "default", "short"]);
    home.run(&["account", "plan", "zoe@example.com", "short"]).refused(1, &["no account"]);
    assert!(home.run(&["account", "list"]).ok().contains("\tshort\t"));
}

#[test]
fn a_plan_and_a_domain_that_fit_no_account_are_warned_of_and_no_name_is_told() {
    let home = Home::new();
    home.write("waxseal.toml", "[plans.tiny]\nmax_secret_bytes = 5\n");
    home.run(&["init"]).ok();
    home.run(&["account", "add", "tom@example.com", "--plan", "tiny"]).ok();
    let domain =
        |host: &str, account: &str| format!("[[site.domains]]\nhost = \"{host}\"\naccount = \"{account}\"\n");
    let domains =
        domain("tom.example.com", "tom@example.com") + &domain("ann.example.com", "ann@example.com");
    home.write("waxseal.toml", &domains);
    drop(home.serve_with_log(&[]));
    let log = home.read("server.log");
    assert!(log.contains("plan=\"tiny\" accounts=1") && log.contains("host=\"ann.example.com\""), "{log}");
    assert!(!log.contains("host=\"tom.example.com\"") && !log.contains('@'), "{log}");
}
