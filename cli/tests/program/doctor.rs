//! `waxseal doctor` at broken set-ups: each is named, with its mend.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use serde_json::Value;
use waxseal_redis_servers::{Server as Redis, available};

use crate::account::json;
use crate::home::{Home, done};

/// A deployment that nothing is wrong with, but that no server runs.
fn sound() -> Home {
    let home = Home::new();
    home.write("waxseal.toml", "listen = \"127.0.0.1:1\"\n");
    home.run(&["init"]).ok();
    home.run(&["account", "list"]).ok();
    home
}

/// Breaks a sound deployment; what the doctor is asked with, and what it must say:
/// check, level, and words of the finding and its mend.
type Case = (&'static str, fn(&Home), [&'static str; 4]);

const CASES: [Case; 19] = [
    (
        "a misspelt setting",
        |home| home.write("waxseal.toml", "lsten = \"127.0.0.1:1\"\n"),
        ["configuration", "failed", "`lsten`", "mend that place"],
    ),
    (
        "a lost key file",
        |home| fs::remove_file(home.path("data/waxseal.key")).unwrap(),
        ["key file", "failed", "no key file", "restore it from your copy"],
    ),
    (
        "nothing yet",
        |home| fs::remove_dir_all(home.path("data")).unwrap(),
        ["key file", "failed", "no key file", "waxseal init"],
    ),
    (
        "no folder",
        |home| fs::remove_dir_all(home.path("data")).unwrap(),
        ["store", "failed", "does not exist", "mkdir"],
    ),
    ("a key file that others read", |home| expose(home), ["key file", "failed", "mode 0644", "chmod 600"]),
    (
        "a key file that holds no keys",
        |home| home.write_private("data/waxseal.key", "hello"),
        ["key file", "failed", "holds no keys", "restore it"],
    ),
    (
        "another's key file",
        |home| home.write_private("data/waxseal.key", &sound().read("data/waxseal.key")),
        ["key and store", "failed", "another key file", "restore the key file"],
    ),
    ("an empty store", |home| home.write("data/waxseal.db", ""), ["store", "failed", "is empty", "backup"]),
    (
        "a store that is none",
        |home| home.write("data/waxseal.db", &"no database".repeat(999)),
        ["store", "failed", "not an SQLite file", "name another"],
    ),
    (
        "another program's store",
        |home| stamp(home, "application_id", 7),
        ["store", "failed", "another program", "name another"],
    ),
    (
        "a later release's store",
        |home| stamp(home, "user_version", 99),
        ["store", "failed", "format 99", "run the release"],
    ),
    (
        "an earlier release's store",
        |home| stamp(home, "user_version", 1),
        ["store", "warning", "format 1", "the next start adds custom domains of accounts in one transaction"],
    ),
    (
        "a folder for a store",
        |home| home.write("waxseal.toml", "store = \"sqlite:data\"\n"),
        ["store", "failed", "not a file", "name a file"],
    ),
    (
        "a store cut short",
        |home| {
            File::options().write(true).open(home.path("data/waxseal.db")).unwrap().set_len(8_192).unwrap()
        },
        ["store", "failed", "damaged", "backup"],
    ),
    (
        "a store in memory",
        |home| home.write("waxseal.toml", "store = \"memory:\"\n"),
        ["store", "warning", "keeps nothing", "sqlite:"],
    ),
    (
        "a clock that is behind",
        |home| {
            File::open(home.path("waxseal.toml"))
                .unwrap()
                .set_modified(SystemTime::now() + Duration::from_secs(90_000))
                .unwrap()
        },
        ["clock", "failed", "behind", "timedatectl"],
    ),
    (
        "a domain of nowhere",
        |home| {
            home.write("waxseal.toml", "listen = \"127.0.0.1:1\"\n[[site.domains]]\nhost = \"x.invalid\"\naccount = \"tom@example.com\"\n")
        },
        ["domain", "failed", "does not resolve", "DNS"],
    ),
    (
        "a budget for no secret",
        |home| home.write("waxseal.toml", "[limits]\nstored_bytes = 5000\n"),
        ["limits", "failed", "stored_bytes is 5000", "raise stored_bytes"],
    ),
    ("no server", |_| {}, ["server", "warning", "none listens", "waxseal serve"]),
];

fn expose(home: &Home) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(home.path("data/waxseal.key"), fs::Permissions::from_mode(0o644)).unwrap();
}

fn stamp(home: &Home, name: &str, value: i32) {
    let conn = Connection::open(home.path("data/waxseal.db")).unwrap();
    conn.pragma_update(None, name, value).unwrap();
}

fn assert_told(what: &str, out: &str, code: Option<i32>, [check, level, finding, mend]: [&str; 4]) {
    let report = json(out);
    let is_it = |told: &&Value| told["check"] == check && told["level"] == level;
    let text = |told: &Value, name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap();
    let told = findings.iter().filter(is_it).any(|told| {
        text(told, "finding").contains(finding)
            && text(told, "mend").contains(mend)
            && !text(told, "mend").contains('\n')
    });
    assert!(told, "{what}: no {check}, {level}, `{finding}`, `{mend}` in {report:#}");
    if level == "failed" {
        assert_eq!((code, &report["healthy"]), (Some(1), &Value::Bool(false)), "{what}");
    }
}

#[test]
fn broken_set_ups_are_named_with_their_mend() {
    for (what, break_it, words) in CASES {
        let home = sound();
        break_it(&home);
        let told = home.run(&["doctor", "--json"]);
        assert_told(what, &told.out, told.code, words);
    }
}

#[test]
fn a_sound_deployment_is_healthy_and_left_as_it_is() {
    let home = Home::new();
    home.write("waxseal.toml", "listen = \"127.0.0.1:0\"\n");
    home.run(&["init"]).ok();
    let server = home.serve(&[]);
    let told = home.run(&["doctor", "--json", "--listen", &server.address]);
    let report = json(&told.out);
    assert_eq!(told.code, Some(0), "{report:#}");
    assert_eq!(report["healthy"], true);
    for check in ["server", "public host", "key and store"] {
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.iter().any(|told| told["check"] == check && told["level"] == "ok"), "{report:#}");
    }
    drop(server);

    let fresh = Home::new();
    assert_eq!(fresh.run(&["doctor"]).code, Some(1), "there is no key file");
    assert_eq!(fs::read_dir(fresh.path("")).unwrap().count(), 0, "nothing was made");
}

/// Somebody who answers everything with `answer`: where.
fn somebody(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Whoever asks may be gone.
            if stream.read(&mut [0; 4_096]).is_ok_and(|asked| asked > 0) {
                stream.write_all(answer.as_bytes()).ok();
            }
        }
    });
    address
}

#[test]
fn a_public_host_that_leads_elsewhere_is_named() {
    let home = sound();
    let server = home.serve(&[]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let other = somebody("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
    let onward = somebody("HTTP/1.1 301 x\r\nLocation: https://x.example/\r\nContent-Length: 0\r\n\r\n");
    let cases = [
        ("nobody", nobody.as_str(), "http", ["public host", "failed", "nobody can be reached", "proxy"]),
        ("another", &other, "http", ["public host", "failed", "no Waxseal", "let the proxy pass"]),
        ("onward", &onward, "http", ["public host", "failed", "https://x.example/", "set scheme"]),
        ("no TLS", &server.address, "https", ["public host", "failed", "TLS fails", "certificate"]),
        ("no name", "x.invalid", "http", ["public host", "failed", "does not resolve", "DNS"]),
        ("a proxy", "x.invalid", "http", ["proxy", "warning", "none is trusted", "trusted_proxies"]),
    ];
    for (what, host, scheme, words) in cases {
        let args =
            ["doctor", "--json", "--listen", &server.address, "--site-host", host, "--site-scheme", scheme];
        let told = home.run(&args);
        assert_told(what, &told.out, told.code, words);
    }
    let told = home.run(&["doctor", "--json", "--listen", &other]);
    assert_told("taken", &told.out, told.code, ["server", "failed", "another program", "listen"]);
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_named() {
    let home = sound();
    let program = home.command(&[]).get_program().to_owned();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 256; exec \"$0\" doctor --json"]).arg(program).current_dir(home.path(""));
    let told = done(&mut shell);
    assert_told("files", &told.out, told.code, ["open files", "warning", "128 connections", "LimitNOFILE"]);
}

#[test]
fn a_redis_that_will_not_do_is_named() {
    if !available("a_redis_that_will_not_do_is_named") {
        return;
    }
    let redis = Redis::start(&[]);
    let home = sound();
    let doctor = |home: &Home| home.run(&["doctor", "--json", "--store", &redis.url()]);
    redis.ok(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    let told = doctor(&home);
    assert_told("evicts", &told.out, told.code, ["store", "failed", "allkeys-lru", "noeviction"]);
    redis.ok(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    redis.ok(&["CONFIG", "SET", "appendonly", "no"]);
    let told = doctor(&home);
    assert_told("forgets", &told.out, told.code, ["store", "warning", "append-only", "appendonly yes"]);
    home.write("waxseal.toml", "[redis]\nmin_replicas = 1\n");
    let told = doctor(&home);
    assert_told("alone", &told.out, told.code, ["store", "failed", "min_replicas", "connect more"]);
    assert_eq!(redis.cli(&["DBSIZE"]).trim(), "0", "the doctor writes nothing");
    redis.ok(&["SET", "waxseal:v{check}", "99"]);
    let told = doctor(&home);
    assert_told("a later format", &told.out, told.code, ["store", "failed", "format 99", "run the release"]);
    let told = home.run(&["stats", "--store", &redis.url()]);
    assert!(told.code == Some(69) && told.err.contains("run the release that made it"), "{told:?}");
    drop(redis);
    let told = home.run(&["doctor", "--json", "--store", "redis://127.0.0.1:1"]);
    assert_told("gone", &told.out, told.code, ["store", "failed", "cannot be reached", "start Redis"]);
}

#[cfg(feature = "mail")]
#[test]
fn a_mail_server_that_will_not_do_is_named() {
    use waxseal_smtp_sink::{Rules, Sink};
    let home = sound();
    let mail = |url: &str, tls: &str| {
        home.write(
            "waxseal.toml",
            &format!("[smtp]\nurl = \"{url}\"\nfrom = \"a@b.example\"\ntls = \"{tls}\"\n"),
        );
        home.run(&["doctor", "--json"])
    };
    let sink = Sink::start(Rules { account: Some(("tom", "right")), ..Rules::default() });
    let told = mail("smtp://127.0.0.1:1", "none");
    assert_told("gone", &told.out, told.code, ["mail", "failed", "connect failed", "host and port"]);
    let told = mail(&format!("smtp://{}", sink.address), "starttls");
    assert_told("bare", &told.out, told.code, ["mail", "failed", "tls failed", "STARTTLS"]);
    let told = mail(&format!("smtp://tom:hunter2@{}", sink.address), "none");
    assert_told("stranger", &told.out, told.code, ["mail", "failed", "sign-in failed", "password"]);
    assert!(!told.out.contains("hunter2"));
    assert!(sink.mails().is_empty());
}
