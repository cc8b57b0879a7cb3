//! Tokens by the command line, heeded by a server that runs.

use serde_json::Value;

use crate::account::{basic, json, signs_in};
use crate::home::{Home, Server, eventually};

const TOM: &str = "tom@example.com";

/// A home with a server and an account, whose first token lies in `first`.
fn started() -> (Home, Server, String) {
    let home = Home::new();
    let server = home.serve(&[]);
    let token = home.run(&["account", "add", TOM]).ok().trim().to_owned();
    home.write("first", &format!("{token}\n"));
    (home, server, token)
}

fn add(home: &Home, args: &[&str]) -> Value {
    json(&home.run(&[&["account", "token", "add", TOM, "--json"], args].concat()).ok())
}

fn text(printed: &Value) -> &str {
    printed["token"].as_str().unwrap()
}

/// How many secrets the bearer is shown.
fn listed(server: &Server, token: &str) -> usize {
    let (status, list) = server.ask("GET", "/api/v1/private/recent", "", Some(&basic(TOM, token)));
    assert_eq!(status, 200, "{list}");
    list.as_array().unwrap().len()
}

#[test]
fn a_running_server_heeds_what_is_added_and_revoked() {
    let (home, server, first) = started();
    eventually(|| signs_in(&server, TOM, &first));
    server.ask("POST", "/api/v1/share", "secret=x", Some(&basic(TOM, &first)));

    let kept = add(&home, &["--name", "kept", "--with-token-file", "first"]);
    assert_eq!(
        (&kept["account"], &kept["name"], &kept["scope"]),
        (&TOM.into(), &"kept".into(), &"full".into())
    );
    assert!(kept["expires"].is_null() && kept.get("old").is_none(), "{kept}");
    eventually(|| signs_in(&server, TOM, text(&kept)));
    assert_eq!(listed(&server, text(&kept)), 1);
    let fresh = add(&home, &["--yes"]);
    assert_eq!(fresh["name"], "token-2");
    assert_eq!(listed(&server, text(&fresh)), 0);

    home.run(&["account", "token", "revoke", TOM, "first", "--yes"]).ok();
    eventually(|| !signs_in(&server, TOM, &first));
    assert_eq!(listed(&server, text(&kept)), 1, "the list outlives the token it was made with");
}

#[test]
fn an_empty_list_is_said_and_must_be_agreed_to() {
    let (home, _server, _) = started();
    let refused = home.run(&["account", "token", "add", TOM]);
    refused.refused(2, &["new, empty list", "--yes"]);
    let done = home.run(&["account", "token", "add", TOM, "--yes"]);
    assert!(done.err.contains("new, empty list") && !done.err.contains(done.out.trim()), "{done:?}");
    assert_eq!(done.ok().trim().len(), 64, "the token alone goes to standard output");
    let shown = home.run(&["account", "token", "add", TOM, "--with-token-file", "first"]);
    assert!(!shown.err.contains("empty list"), "{shown:?}");
}

#[test]
fn losing_a_list_is_said_and_must_be_agreed_to() {
    let (home, server, first) = started();
    add(&home, &["--name", "ci", "--yes"]);
    let revoke = |name| ["account", "token", "revoke", TOM, name];
    home.run(&revoke("first")).refused(2, &["Unless one of `ci` shares its list", "--yes"]);
    assert!(signs_in(&server, TOM, &first));
    home.run(&[&revoke("first")[..], &["--yes"]].concat()).ok();
    home.run(&revoke("ci")).refused(2, &["last token", "can never be read again"]);
    home.run(&[&revoke("ci")[..], &["--yes"]].concat()).ok();
    home.run(&revoke("ci")).refused(1, &["no token `ci`", "none"]);
    assert_eq!(home.run(&["account", "token", "list", TOM]).ok(), "");
    let again = add(&home, &["--yes"]);
    eventually(|| signs_in(&server, TOM, text(&again)));
}

#[test]
fn a_token_is_refused_from_its_end_on_and_listed() {
    let (home, server, _) = started();
    let short = add(&home, &["--name", "short", "--expires", "2s", "--with-token-file", "first"]);
    let long = add(&home, &["--name", "long", "--expires", "30d", "--with-token-file", "first"]);
    eventually(|| !signs_in(&server, TOM, text(&short)));
    assert!(signs_in(&server, TOM, text(&long)));
    let rows = json(&home.run(&["account", "token", "list", TOM, "--json"]).ok());
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    assert_eq!((&row("short")["expired"], &row("long")["expired"]), (&true.into(), &false.into()));
    assert_eq!(row("first")["expires"], Value::Null);
    let (made, ends) = (row("long")["created"].as_u64(), row("long")["expires"].as_u64());
    assert_eq!(ends.zip(made).map(|(ends, made)| ends - made), Some(30 * 86_400));
    let table = home.run(&["account", "token", "list", TOM]).ok();
    assert!(
        table.contains("short\tfull\texpired ") && table.contains("first\tfull\tnever expires\t"),
        "{table}"
    );
    assert!(!table.contains(text(&long)) && !rows.to_string().contains(text(&long)));
}

#[test]
fn every_route_heeds_the_scope() {
    let (home, server, first) = started();
    let create = add(&home, &["--name", "create", "--scope", "create", "--with-token-file", "first"]);
    let read = add(&home, &["--name", "read", "--scope", "read", "--with-token-file", "first"]);
    eventually(|| signs_in(&server, TOM, text(&create)) && signs_in(&server, TOM, text(&read)));
    for (method, route, creates, reads) in [
        ("GET", "status", true, true),
        ("GET", "authcheck", true, true),
        ("POST", "share", true, false),
        ("POST", "create", true, false),
        ("POST", "generate", true, false),
        ("GET", "private/recent", false, true),
        ("GET", "private/METADATA", false, true),
        ("POST", "metadata/METADATA", false, true),
        ("POST", "private/METADATA/burn", false, false),
        ("POST", "secret/SECRET", false, false),
    ] {
        for (token, may) in [(text(&create), creates), (text(&read), reads), (&first, true)] {
            let made = server.share("x");
            let path = route
                .replace("METADATA", made["metadata_key"].as_str().unwrap())
                .replace("SECRET", made["secret_key"].as_str().unwrap());
            let answer = server.ask(method, &format!("/api/v1/{path}"), "secret=x", Some(&basic(TOM, token)));
            if may {
                assert_eq!(answer.0, 200, "{route}: {answer:?}");
            } else {
                assert_eq!(answer, (404, serde_json::json!({"message": "Not authorized"})), "{route}");
            }
        }
    }
}

#[test]
fn a_rotation_overlaps_and_keeps_the_list() {
    let (home, server, first) = started();
    server.ask("POST", "/api/v1/share", "secret=x", Some(&basic(TOM, &first)));
    let rotate = ["account", "token", "rotate", TOM, "first", "--json", "--with-token-file"];
    let new = json(&home.run(&[&rotate[..], &["first", "--overlap", "24h"]].concat()).ok());
    assert_eq!(
        (&new["name"], &new["scope"], &new["old"]["name"]),
        (&"first".into(), &"full".into(), &"first.old".into())
    );
    eventually(|| signs_in(&server, TOM, text(&new)));
    assert!(signs_in(&server, TOM, &first), "the old one is heard until the overlap ends");
    assert_eq!(listed(&server, text(&new)), 1);

    home.write("new", text(&new));
    home.run(&[&rotate[..], &["first"]].concat()).refused(1, &["does not hold the token `first`"]);
    home.run(&[&rotate[..], &["new"]].concat()).refused(1, &["`first.old`", "token revoke"]);
    home.run(&["account", "token", "revoke", TOM, "first.old", "--yes"]).ok();
    eventually(|| !signs_in(&server, TOM, &first));
    let newer = json(&home.run(&[&rotate[..], &["new", "--overlap", "0s"]].concat()).ok());
    eventually(|| signs_in(&server, TOM, text(&newer)) && !signs_in(&server, TOM, text(&new)));
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_that_could_not_be_shown_is_said_with_what_to_do() {
    let (home, _server, _) = started();
    let unwritable = |args: &[&str]| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        crate::home::done(home.command(args).stdout(full))
    };
    unwritable(&["account", "add", "ann@example.com"]).refused(1, &["token add ann@example.com --yes"]);
    let name = ["account", "token", "add", "ann@example.com", "--name", "ci", "--yes"];
    unwritable(&name).refused(1, &["token revoke ann@example.com ci --yes"]);
    home.run(&["account", "token", "revoke", "ann@example.com", "ci", "--yes"]).ok();
    home.run(&["account", "token", "add", "ann@example.com", "--yes"]).ok();
}

#[test]
fn what_cannot_be_is_refused_and_no_token_is_repeated() {
    let (home, _server, first) = started();
    let add = |args: &[&str]| home.run(&[&["account", "token", "add", TOM, "--yes"], args].concat());
    add(&["--name", "first"]).refused(1, &["`first` already", "--name"]);
    add(&["--name", "a b"]).refused(2, &["1 to 60"]);
    add(&["--scope", "everything"]).refused(2, &["full, create, read"]);
    for length in ["30", "0s", "1.5h", "1y"] {
        add(&["--expires", length]).refused(2, &["--expires"]);
    }
    add(&["--with-token-file", "none"]).refused(2, &["cannot read none"]);
    home.write("junk", &format!("x{first}"));
    let refused = add(&["--with-token-file", "junk"]);
    refused.refused(2, &["junk does not hold a token"]);
    assert!(!refused.err.contains(&first));
    home.write("other", &"0".repeat(64));
    add(&["--with-token-file", "other"]).refused(1, &["does not hold a token of tom@example.com"]);
    let nobody = "zoe@example.com";
    home.run(&["account", "token", "add", nobody, "--yes"]).refused(1, &["no account zoe@example.com"]);
    home.run(&["account", "token", "list", nobody]).refused(1, &["no account"]);
    home.run(&["account", "token", "revoke", nobody, "first", "--yes"]).refused(1, &["no account"]);
    home.run(&["account", "token", "revoke", TOM, "ci", "--yes"]).refused(1, &["no token `ci`", "first"]);
}
