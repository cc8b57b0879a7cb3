//! Verifying, backing up and restoring a store by the command line.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::Value;
use waxseal_redis_servers::{Server as Redis, available};

use crate::account::json;
use crate::home::{Home, Server};

/// What of a live secret stands in the store: its lock and its body.
fn content(home: &Home) -> Vec<Vec<u8>> {
    let conn = Connection::open(home.path("data/waxseal.db")).unwrap();
    let mut statement = conn
        .prepare("SELECT lock FROM locks UNION ALL SELECT substr(body, 1, 32) FROM bodies WHERE live = 1")
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn holds(file: &[u8], needle: &[u8]) -> bool {
    file.windows(needle.len()).any(|window| window == needle)
}

/// The status of a reveal.
fn asked(server: &Server, shared: &Value) -> u16 {
    let path = format!("/api/v1/secret/{}", shared["secret_key"].as_str().unwrap());
    server.ask("POST", &path, "", None).0
}

/// The store is gone, as with its disk.
fn lose(home: &Home) {
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(home.path(&format!("data/waxseal.db{suffix}"))).ok();
    }
}

fn figures(value: &Value, names: &[&str]) -> Vec<u64> {
    names.iter().map(|name| value[name].as_u64().unwrap_or_else(|| panic!("no {name} in {value}"))).collect()
}

#[test]
fn a_running_store_is_verified() {
    let home = Home::new();
    let server = home.serve(&[]);
    let opened = server.share("opened");
    server.share("kept");
    server.reveal(&opened);
    let found = json(&home.run(&["store", "verify", "--json"]).ok());
    assert_eq!(figures(&found, &["records", "new", "received", "undecoded", "flaws"]), [2, 1, 1, 0, 0]);
    assert_eq!(found["keys"][0]["missing"], false);
    let told = home.run(&["store", "verify"]).ok();
    assert!(told.contains("records\t2\n") && told.contains("flaws\t0\n"), "{told}");
}

#[test]
fn damage_and_missing_keys_are_told_by_name() {
    let home = Home::new();
    home.serve(&[]).share("kept");
    home.run(&["key", "add"]).ok();
    let conn = Connection::open(home.path("data/waxseal.db")).unwrap();
    let other = "UPDATE receipts SET kid = x'01020304'; UPDATE kids SET kid = x'01020304'";
    conn.execute_batch(other).unwrap();
    let told = home.run(&["store", "verify"]);
    told.refused(65, &["keys that the key file lacks"]);
    assert!(told.out.contains("key 01020304\t1 records, missing"), "{told:?}");
    conn.execute_batch("UPDATE receipts SET state = 9").unwrap();
    let told = home.run(&["store", "verify", "--json"]);
    told.refused(65, &["flaws"]);
    assert_eq!(json(&told.out)["named"][0]["what"], "a state");
}

#[test]
fn a_backup_is_private_whole_and_without_what_has_ended() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (opened, kept) = (server.share("opened"), server.share("kept"));
    let before = content(&home);
    server.reveal(&opened);
    let alive = content(&home);
    let told = home.run(&["backup", "copy.db"]);
    assert!(told.err.contains("key file is not in it"), "{told:?}");
    assert_eq!(told.ok(), "copy.db\n");
    assert_eq!(fs::metadata(home.path("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
    let copy = fs::read(home.path("copy.db")).unwrap();
    let ended: Vec<_> = before.iter().filter(|needle| !alive.contains(needle)).collect();
    assert_eq!(ended.len(), 2, "a lock and a body");
    assert!(ended.iter().all(|needle| !holds(&copy, needle)));
    assert_eq!(alive.iter().filter(|needle| holds(&copy, needle)).count(), alive.len());

    home.run(&["backup", "copy.db"]).refused(2, &["there already", "--overwrite"]);
    home.run(&["backup", "--overwrite", "copy.db"]).ok();
    home.run(&["backup", "data/waxseal.db"]).refused(2, &["the store itself"]);
    home.run(&["backup", "nowhere/copy.db"]).refused(69, &["nowhere"]);
    assert_eq!(server.reveal(&kept), "kept", "the server went on");
}

#[test]
fn a_restore_wakes_nothing_that_has_ended() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (opened, kept) = (server.share("opened"), server.share("kept"));
    home.run(&["backup", "copy.db"]).ok();
    server.reveal(&opened);
    let later = server.share("later");

    let foreseen = json(&home.run(&["restore", "--dry-run", "--json", "copy.db"]).ok());
    assert_eq!(figures(&foreseen, &["unread", "stay_ended", "unknown", "lost", "revoked"]), [1, 1, 0, 1, 0]);
    assert_eq!(figures(&foreseen, &["records", "flaws"]), [2, 0]);
    let told = home.run(&["restore", "--dry-run", "copy.db"]).ok();
    assert!(told.contains("stay ended\t1") && told.contains("nothing was changed"), "{told}");
    home.run(&["restore", "copy.db"]).refused(69, &["stop the server"]);
    assert_eq!(server.reveal(&later), "later", "nothing was changed");

    server.kill();
    let done = json(&home.run(&["restore", "--json", "copy.db"]).ok());
    assert_eq!(figures(&done, &["unread", "stayed_ended", "unknown"]), [1, 1, 0]);
    assert!(fs::metadata(done["replaced"].as_str().unwrap()).is_ok());
    let server = home.serve(&[]);
    assert_eq!(server.reveal(&kept), "kept");
    assert_eq!(asked(&server, &opened), 404, "it stays ended");
    server.kill();
    assert_eq!(figures(&json(&home.run(&["store", "verify", "--json"]).ok()), &["flaws"]), [0]);
}

#[test]
fn a_restore_that_is_killed_leaves_one_store_or_the_other_whole() {
    let home = Home::new();
    let server = home.serve(&[]);
    let opened: Vec<_> = (0..40).map(|n| server.share(&format!("secret {n}"))).collect();
    home.run(&["backup", "copy.db"]).ok();
    opened.iter().take(20).for_each(|shared| drop(server.reveal(shared)));
    server.kill();
    let whole = Instant::now();
    home.run(&["restore", "copy.db"]).ok();
    let whole = whole.elapsed();
    for part in 0..12 {
        let mut restoring = home.command(&["restore", "copy.db"]).spawn().unwrap();
        thread::sleep(whole * part / 12);
        restoring.kill().unwrap();
        restoring.wait().unwrap();
        let found = json(&home.run(&["store", "verify", "--json"]).ok());
        assert_eq!(
            figures(&found, &["new", "received", "flaws"]),
            [20, 20, 0],
            "killed after {part} twelfths"
        );
    }
    home.run(&["restore", "copy.db"]).ok();
    let drafts = fs::read_dir(home.path("data")).unwrap().map(|entry| entry.unwrap().file_name());
    let drafts: Vec<_> = drafts.filter(|name| name.to_string_lossy().contains(".new")).collect();
    assert!(drafts.is_empty(), "left behind: {drafts:?}");
}

#[test]
fn without_the_present_store_the_unread_are_ended_or_kept_as_ordered() {
    let home = Home::new();
    let server = home.serve(&[]);
    let kept = server.share("kept");
    home.run(&["backup", "copy.db"]).ok();
    server.kill();
    lose(&home);
    home.run(&["restore", "copy.db"]).refused(2, &["--unknown end", "--unknown keep"]);
    assert!(!home.path("data/waxseal.db").exists(), "nothing half done");
    home.run(&["restore", "--unknown", "end", "copy.db"]).ok();
    let server = home.serve(&[]);
    assert_eq!(asked(&server, &kept), 404);
    server.kill();
    lose(&home);
    home.run(&["restore", "--unknown", "keep", "copy.db"]).ok();
    assert_eq!(home.serve(&[]).reveal(&kept), "kept");
}

#[test]
fn what_can_not_be_copied_is_said() {
    let home = Home::new();
    home.run(&["init"]).ok();
    home.run(&["backup", "copy.db"]).refused(69, &["no store at"]);
    home.run(&["store", "verify"]).refused(69, &["no store at"]);
    home.run(&["restore", "copy.db"]).refused(69, &["copy.db"]);
    home.run(&["backup", "copy.db", "--store", "memory:"]).refused(78, &["gone with its server"]);
    home.run(&["backup", "copy.db", "--store", "redis://127.0.0.1:1"])
        .refused(78, &["BGSAVE", "docs/backup.md"]);
    home.write("text", "no store at all");
    home.run(&["restore", "text"]).refused(69, &["text"]);

    home.serve(&[]).share("theirs");
    home.run(&["backup", "copy.db"]).ok();
    let other = Home::new();
    other.run(&["init"]).ok();
    let copy = home.path("copy.db");
    other.run(&["restore", "--dry-run", copy.to_str().unwrap()]).refused(78, &["another key file"]);
}

#[test]
fn a_store_in_redis_is_verified() {
    if !available("a_store_in_redis_is_verified") {
        return;
    }
    let (home, redis) = (Home::new(), Redis::start(&[]));
    let url = redis.url();
    let server = home.serve(&["--store", &url]);
    let opened = server.share("opened");
    server.share("kept");
    server.reveal(&opened);
    let verify = || home.run(&["store", "verify", "--json", "--store", &url]);
    let found = json(&verify().ok());
    assert_eq!(figures(&found, &["records", "new", "received", "flaws", "uncompared"]), [2, 1, 1, 0, 0]);
    let eval = |script: &str| drop(redis.cli(&["EVAL", script, "0"]));
    eval("for _, k in ipairs(redis.call('KEYS', 'waxseal:t{*')) do redis.call('HINCRBY', k, 'b', 7) end");
    let told = verify();
    told.refused(65, &["flaws"]);
    assert_eq!(json(&told.out)["named"][0]["what"], "its figures are not those of its records");
    eval("for _, k in ipairs(redis.call('KEYS', 'waxseal:d{*')) do redis.call('DEL', k) end");
    let told = verify();
    assert!(told.out.contains("records that no sweep would find"), "{told:?}");
    eval("for _, k in ipairs(redis.call('KEYS', 'waxseal:r{*')) do redis.call('SETRANGE', k, 0, 'x') end");
    let told = json(&verify().out);
    assert_eq!(figures(&told, &["records", "undecoded"]), [0, 2]);
}
