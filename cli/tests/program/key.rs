//! The ring of keys by the command line, and a server that reads it again.

use std::fs;

use serde_json::Value;
use waxseal_core::time::Timestamp;
use waxseal_storage::{Options, StoreUrl};

use crate::account::json;
use crate::home::{Home, eventually};

/// Id, use and records of every key.
fn keys(home: &Home) -> Vec<(String, String, Option<u64>)> {
    let rows = json(&home.run(&["key", "list", "--json"]).ok());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| (text(&row["id"]), text(&row["use"]), row["records"].as_u64());
    rows.as_array().unwrap().iter().map(row).collect()
}

fn add(home: &Home) -> String {
    home.run(&["key", "add"]).ok().trim().to_owned()
}

#[cfg(unix)]
#[test]
fn a_key_is_added_promoted_and_retired() {
    let home = Home::new();
    let server = home.serve(&[]);
    let before = server.share("before");
    let old = keys(&home)[0].0.clone();
    assert_eq!(keys(&home), [(old.clone(), "seals".to_owned(), Some(1))]);
    home.run(&["key", "retire", &old, "--yes"]).refused(1, &["seals new secrets", "promote another"]);

    let new = add(&home);
    home.run(&["key", "promote", &new]).refused(2, &["reloaded", "--yes"]);
    home.run(&["key", "promote", &new, "--yes"]).ok();
    server.send("-HUP");
    eventually(|| {
        server.share("after");
        keys(&home).iter().any(|(id, usage, records)| *id == new && usage == "seals" && *records > Some(0))
    });
    assert_eq!(server.reveal(&server.share("after")), "after");
    home.run(&["key", "retire", &old, "--yes"]).refused(1, &[&old, "still need the key", "60 days"]);
    assert_eq!(server.reveal(&before), "before", "it opens under the key it was sealed under");
    home.run(&["key", "retire", &old, "--yes"]).refused(1, &["receipts among them"]);

    assert_eq!(server.signal("-TERM"), Some(0));
    forget_all(&home);
    home.run(&["key", "retire", &old, "--yes"]).ok();
    assert_eq!(keys(&home), [(new, "seals".to_owned(), Some(0))]);
    let again = home.serve(&[]);
    assert_eq!(again.reveal(&again.share("again")), "again");
}

/// What a sweeper does once every life is over.
fn forget_all(home: &Home) {
    let url = StoreUrl::Sqlite(home.path("data/waxseal.db"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = runtime.block_on(waxseal_storage::open(&url, Options::default())).unwrap().store;
    let late = Timestamp::from_secs(1 << 40);
    while runtime.block_on(store.sweep(1_000, late)).unwrap().more {}
}

#[test]
fn a_key_goes_once_no_record_needs_it() {
    let home = Home::new();
    drop(home.serve(&[]));
    let old = keys(&home)[0].0.clone();
    let new = add(&home);
    home.run(&["key", "promote", &new, "--yes"]).ok();
    home.run(&["key", "retire", &old]).refused(2, &["opens for nobody", "--yes"]);
    assert_eq!(json(&home.run(&["key", "retire", &old, "--yes", "--json"]).ok())["use"], "retired");
    assert_eq!(keys(&home), [(new, "seals".to_owned(), Some(0))]);
    home.run(&["key", "retire", &old, "--yes"]).refused(2, &["no key", &old]);
    let server = home.serve(&[]);
    assert_eq!(server.reveal(&server.share("x")), "x");
}

#[test]
fn a_key_that_records_need_and_the_file_lacks_is_listed() {
    let home = Home::new();
    let server = home.serve(&[]);
    server.share("x");
    drop(server);
    let old = keys(&home)[0].0.clone();
    let new = add(&home);
    home.run(&["key", "promote", &new, "--yes"]).ok();
    let text = home.read("data/waxseal.key");
    let lines: Vec<_> = text.lines().filter(|line| !line.ends_with(" opens")).collect();
    home.write("data/waxseal.key", &(lines.join("\n") + "\n"));
    let lacking = (old, "missing".to_owned(), Some(1));
    assert_eq!(keys(&home), [(new, "seals".to_owned(), Some(0)), lacking]);
}

#[cfg(unix)]
#[test]
fn a_key_file_from_before_a_rotation_is_warned_of() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let first = home.read("data/waxseal.key");
    let new = add(&home);
    home.run(&["key", "promote", &new, "--yes"]).ok();
    let rotated = home.read("data/waxseal.key");
    let lacks = |times: usize| {
        let words = format!(
            "the key file lacks a key that records need; restore a copy that holds it key=\"{new}\" records=1"
        );
        home.read("server.log").matches(&words).count() == times
    };
    let server = home.serve_with_log(&[]);
    let kept = server.share("kept");
    home.write_private("data/waxseal.key", &first);
    server.send("-HUP");
    eventually(|| lacks(1));
    drop(server);

    let server = home.serve_with_log(&[]);
    assert!(lacks(1), "at the start, too");
    home.write_private("data/waxseal.key", &rotated);
    server.send("-HUP");
    eventually(|| home.read("server.log").contains("the key file was read again"));
    assert_eq!(server.reveal(&kept), "kept");
}

#[cfg(unix)]
#[test]
fn what_will_not_do_is_said_in_the_log_and_changes_nothing() {
    let home = Home::new();
    let server = home.serve_with_log(&[]);
    let said = |words: &str, times: usize| home.read("server.log").matches(words).count() == times;
    let good = home.read("data/waxseal.key");
    let secret = server.share("kept");
    let other = Home::new();
    other.run(&["init"]).ok();
    let bad = ["not a key file\n".to_owned(), other.read("data/waxseal.key")];
    for (times, text) in (1..).zip(&bad) {
        home.write("data/waxseal.key", text);
        server.send("-HUP");
        eventually(|| said("the keys stay as they were", times));
    }
    fs::remove_file(home.path("data/waxseal.key")).unwrap();
    server.send("-HUP");
    eventually(|| said("the keys stay as they were", 3));
    assert_eq!(server.reveal(&secret), "kept");
    assert_eq!(server.reveal(&server.share("more")), "more");

    home.write_private("data/waxseal.key", &good);
    let new = add(&home);
    server.send("-HUP");
    eventually(|| said("the key file was read again", 1));
    let log = home.read("server.log");
    assert!(log.contains("its root is another one") && log.contains("keys=2"), "{log}");
    assert!(!log.contains(good.lines().last().unwrap().split(' ').nth(1).unwrap()));
    assert_eq!(keys(&home).last().unwrap().0, new);
}

#[cfg(unix)]
#[test]
fn the_file_stays_its_owners_alone_and_no_copy_is_left() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run(&["init"]).ok();
    let before = home.read("data/waxseal.key");
    add(&home);
    let after = home.read("data/waxseal.key");
    assert!(before.lines().all(|line| after.contains(line)), "no key is lost");
    assert_eq!(fs::metadata(home.path("data/waxseal.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let files: Vec<_> =
        fs::read_dir(home.path("data")).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["waxseal.key"]);
}

#[test]
fn no_key_is_shown() {
    let home = Home::new();
    drop(home.serve(&[]));
    let said = [
        home.run(&["key", "list"]),
        home.run(&["key", "list", "--json"]),
        home.run(&["key", "add", "--json"]),
        home.run(&["key", "promote", "00000000", "--yes"]),
    ];
    for word in home.read("data/waxseal.key").split_whitespace().filter(|word| word.len() == 64) {
        assert!(said.iter().all(|done| !done.out.contains(word) && !done.err.contains(word)), "{said:?}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let home = Home::new();
    home.run(&["key", "list"]).refused(78, &["no key file"]);
    home.run(&["init"]).ok();
    home.run(&["key", "promote", "00000000", "--yes"]).refused(2, &["no key 00000000", "it holds"]);
    home.run(&["key", "promote", "key", "--yes"]).refused(2, &["8 hexadecimal digits"]);
    let spare = add(&home);
    home.run(&["key", "retire", &spare, "--yes"]).refused(78, &["can't be asked"]);
    assert_eq!(keys(&home).len(), 2, "without a store, no records are counted");
    let text = home.read("data/waxseal.key");
    let done = crate::home::done(home.command(&["key", "add"]).env("WAXSEAL_KEY", &text));
    done.refused(78, &["WAXSEAL_KEY"]);
    assert_eq!(home.read("data/waxseal.key"), text);
}
