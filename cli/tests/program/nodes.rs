//! Several servers over one Redis: whichever is asked, they are one.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use serde_json::Value;
use waxseal_redis_servers::{Cluster, Server as Redis, Watched, available};

use crate::home::{Home, Server, eventually};

const NODES: usize = 3;
const CLIENTS: usize = 64;
const KEYS: usize = 100;

/// Nobody is turned away for asking often.
const UNLIMITED: &str = "[limits]\nguest_creates_per_20m = 0\nguest_reveals_per_20m = 0\n";

#[test]
fn of_clients_at_three_nodes_one_wins_each_key() {
    if available("of_clients_at_three_nodes_one_wins_each_key") {
        let redis = Redis::start(&[]);
        assert_one_wins_each_key(&redis.url(), "");
    }
}

#[test]
fn of_clients_at_three_nodes_over_sentinel_one_wins_each_key() {
    if available("of_clients_at_three_nodes_over_sentinel_one_wins_each_key") {
        let redis = Watched::start();
        assert_one_wins_each_key(&redis.url(), "[redis]\nmin_replicas = 1\nwait_ms = 10000\n");
    }
}

#[test]
fn of_clients_at_three_nodes_over_a_cluster_one_wins_each_key() {
    if available("of_clients_at_three_nodes_over_a_cluster_one_wins_each_key") {
        let redis = Cluster::start();
        assert_one_wins_each_key(&redis.url(), "");
    }
}

fn assert_one_wins_each_key(store: &str, settings: &str) {
    let home = Home::new();
    home.run(&["init", "--store", store]).ok();
    home.write("waxseal.toml", &format!("{}\n{UNLIMITED}{settings}", home.read("waxseal.toml")));
    let nodes: Vec<Server> = (0..NODES).map(|_| home.serve(&[])).collect();
    let shared: Vec<Value> = (0..KEYS).map(|n| nodes[n % NODES].share(&format!("value-{n}"))).collect();
    let start = Barrier::new(CLIENTS);
    let seen: Vec<(usize, Seen)> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (nodes, shared, start) = (&nodes, &shared, &start);
                scope.spawn(move || {
                    start.wait();
                    let reveal = |key: usize| reveal(&nodes[(client + key) % NODES], &shared[key]);
                    (0..KEYS).map(|key| (key, reveal(key))).collect::<Vec<_>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    for key in 0..KEYS {
        let of_key = || seen.iter().filter(|(other, _)| *other == key).map(|(_, seen)| seen);
        let values: Vec<_> = of_key().filter(|seen| matches!(seen, Seen::Value(_))).collect();
        let unsure = of_key().filter(|seen| **seen == Seen::Unsure).count();
        assert!(values.len() == 1 || (values.is_empty() && unsure > 0), "{key}: {values:?}, {unsure}");
        assert!(values.iter().all(|seen| **seen == Seen::Value(format!("value-{key}"))), "{values:?}");
    }
}

/// What one client saw of one key.
#[derive(PartialEq, Debug)]
enum Seen {
    Value(String),
    Gone,
    /// "It may have been used up."
    Unsure,
}

/// Asks again where nothing has happened, which a machine may be too busy for.
fn reveal(node: &Server, shared: &Value) -> Seen {
    let path = format!("/api/v1/secret/{}", shared["secret_key"].as_str().unwrap());
    loop {
        let (status, body) = node.ask("POST", &path, "", None);
        match (status, body["message"].as_str()) {
            (200, _) => return Seen::Value(body["value"].as_str().unwrap().to_owned()),
            (503, Some(told)) if told.ends_with("It may have been used up.") => return Seen::Unsure,
            (503, _) => {}
            (404, Some("Unknown secret")) => return Seen::Gone,
            _ => panic!("{status}: {body}"),
        }
    }
}

#[test]
fn an_account_made_beside_one_node_signs_in_at_another() {
    if !available("an_account_made_beside_one_node_signs_in_at_another") {
        return;
    }
    let (home, redis) = (Home::new(), Redis::start(&["--requirepass", "hunter2"]));
    let url = redis.url().replace("://", "://:hunter2@");
    home.run(&["init", "--store", &url]).ok();
    let nodes = [home.serve(&[]), home.serve_with_log(&[])];
    let token = added(&home, "ops@example.com");
    let basic = base64_of(&format!("ops@example.com:{token}"));
    let (status, shared) = nodes[0].ask("POST", "/api/v1/share", "secret=x", Some(&basic));
    assert_eq!((status, &shared["custid"]), (200, &"ops@example.com".into()), "{shared}");
    let (_, recent) = nodes[1].ask("GET", "/api/v1/private/recent", "", Some(&basic));
    assert_eq!(recent.as_array().map(Vec::len), Some(1), "{recent}");
    home.run(&["account", "suspend", "ops@example.com"]).ok();
    for node in &nodes {
        eventually(|| node.ask("GET", "/api/v1/private/recent", "", Some(&basic)).0 == 404);
    }
    assert_eq!(home.run(&["account", "remove", "ops@example.com", "--yes"]).code, Some(0));
    for said in [home.run(&["config", "show"]).ok(), nodes[0].said.clone(), home.read("server.log")] {
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_a_start_needs_of_redis_is_said() {
    if !available("what_a_start_needs_of_redis_is_said") {
        return;
    }
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    home.run(&["init"]).ok();
    let nobody = format!("redis://{free}");
    home.run(&["serve", "--store", &nobody]).refused(69, &["cannot be reached", &free.to_string()]);
    let evicting = Redis::start(&["--maxmemory-policy", "allkeys-lru"]);
    home.run(&["serve", "--store", &evicting.url()]).refused(69, &["allkeys-lru", "noeviction"]);
    home.run(&["serve", "--store", "redis://db:hunter2"]).refused(2, &["HOST:PORT"]);
    let redis = Redis::start(&[]);
    drop(home.serve_with_log(&["--store", &redis.url()]));
    assert!(home.read("server.log").contains("set appendonly yes"));
    // Another key file, and the same Redis.
    let other = Home::new();
    other.run(&["init"]).ok();
    other.run(&["serve", "--store", &redis.url()]).refused(78, &["another key file", &redis.url()]);
}

#[test]
fn a_node_outlives_its_redis() {
    if !available("a_node_outlives_its_redis") {
        return;
    }
    let (home, mut redis) = (Home::new(), Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]));
    home.run(&["init", "--store", &redis.url()]).ok();
    let node = home.serve_with_log(&[]);
    let shared = node.share("kept");
    redis.kill();
    let (status, body) = node.ask("POST", "/api/v1/share", "secret=x", None);
    assert_eq!(status, 503, "{body}");
    assert!(body["message"].as_str().unwrap().ends_with("Nothing was changed."), "{body}");
    eventually(|| home.read("server.log").contains("cannot be reached"));
    redis.start_again();
    eventually(|| node.ask("POST", "/api/v1/share", "secret=x", None).0 == 200);
    assert_eq!(node.reveal(&shared), "kept");
}

/// Whoever copies Redis' files, append-only file and snapshot, has nothing to read.
#[test]
fn redis_files_hold_nothing_that_opens() {
    if !available("redis_files_hold_nothing_that_opens") {
        return;
    }
    let (home, redis) = (Home::new(), Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]));
    home.run(&["init", "--store", &redis.url()]).ok();
    let node = home.serve(&[]);
    let token = added(&home, "ops@example.com");
    let basic = base64_of(&format!("ops@example.com:{token}"));
    let form = "secret=correct-horse-battery&passphrase=staple-staple-staple";
    let mut needles =
        vec![token, "correct-horse-battery".into(), "staple-staple-staple".into(), "ops@example".into()];
    for opened in [false, true] {
        let (_, shared) = node.ask("POST", "/api/v1/share", form, Some(&basic));
        needles.extend(["secret_key", "metadata_key"].map(|key| shared[key].as_str().unwrap().to_owned()));
        if opened {
            let path = format!("/api/v1/secret/{}", shared["secret_key"].as_str().unwrap());
            let (_, revealed) = node.ask("POST", &path, "passphrase=staple-staple-staple", None);
            assert_eq!(revealed["value"], "correct-horse-battery");
        }
    }
    redis.ok(&["SAVE"]);
    let held = files(&redis.folder());
    assert!(held.windows(10).any(|bytes| bytes == b"waxseal:r{"), "these are the files");
    for needle in needles {
        let found = held.windows(needle.len()).any(|bytes| bytes == needle.as_bytes());
        assert!(!found, "the files hold {needle}");
    }
}

/// Every byte of every file in a folder.
fn files(folder: &Path) -> Vec<u8> {
    let mut held = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            held.extend(files(&path));
        } else if path.is_file() {
            held.extend(std::fs::read(path).unwrap());
        }
    }
    held
}

#[test]
fn a_rule_for_redis_is_printed() {
    let home = Home::new();
    home.write("waxseal.toml", "[redis]\nprefix = \"team\"\n");
    let rule = home.run(&["config", "redis-acl", "--user", "seal"]).ok();
    assert!(rule.starts_with("user seal on >PASSWORD resetkeys ~team:* "), "{rule}");
}

/// A certificate of our own, which the process is told to trust as the system would.
#[test]
fn tls_is_spoken_and_strangers_are_not_trusted() {
    if !available("tls_is_spoken_and_strangers_are_not_trusted") {
        return;
    }
    let home = Home::new();
    home.run(&["init"]).ok();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(home.path("tls.key"))
        .arg("-out")
        .arg(home.path("tls.crt"))
        .output();
    assert!(made.is_ok_and(|made| made.status.success()), "openssl makes a certificate");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (key, certificate) = (home.path("tls.key"), home.path("tls.crt"));
    let (key, certificate) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let redis = Redis::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        certificate,
        "--tls-key-file",
        key,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://localhost:{port}");
    home.run(&["serve", "--store", &url]).refused(69, &["cannot be reached"]);
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--store", &url]);
    let node = Server::start(command.env("SSL_CERT_FILE", certificate));
    assert_eq!(node.reveal(&node.share("over TLS")), "over TLS");
    drop(redis);
}

fn added(home: &Home, email: &str) -> String {
    let added = home.run(&["account", "add", email, "--json"]).ok();
    serde_json::from_str::<Value>(&added).unwrap()["token"].as_str().unwrap().to_owned()
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
