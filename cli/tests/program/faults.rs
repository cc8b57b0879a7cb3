//! What goes wrong underneath: a full disk, a damaged record, a damaged file. The
//! process stays up, tells the truth, and loses nothing it acknowledged.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;

use crate::home::{Home, Server};

const NOT_USED_UP: &str = "This secret cannot be opened at present. It has not been used up.";

#[test]
fn on_a_full_disk_nothing_is_stored_what_stands_opens_and_room_mends_it() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path("data")) else { return };
    let server = home.serve(&[]);
    let kept: Vec<(String, Value)> = (0..20)
        .map(|n| {
            let value = format!("kept-{n}");
            let shared = server.share(&value);
            (value, shared)
        })
        .collect();
    let ballast = disk.0.join("ballast");
    fill(&ballast);

    let refused = share_until_refused(&server);
    assert_eq!(refused["message"], "The service is not available at present. Nothing was changed.");
    for (value, shared) in &kept {
        assert_eq!(server.reveal(shared), *value.as_str());
        assert_eq!(server.reveal(shared), Value::Null, "told twice");
    }
    fs::remove_file(ballast).unwrap();
    let after = server.share("after");
    assert_eq!(server.reveal(&after), "after");
    assert_eq!(server.signal("-TERM"), Some(0));
}

#[test]
fn a_file_system_that_is_read_only_is_told_and_room_to_write_mends_it() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path("data")) else { return };
    let server = home.serve(&[]);
    let kept = server.share("kept");
    assert_eq!(server.signal("-TERM"), Some(0));
    disk.remount("ro");
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["account", "list"]] {
        home.run(command).refused(69, &["data/waxseal.db can't be written", "read-only"]);
    }
    disk.remount("rw");
    assert_eq!(home.serve(&[]).reveal(&kept), "kept");
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_may_not_grow_cost_answers_and_not_the_process() {
    let home = Home::new();
    let server = home.serve(&[]);
    let kept = server.share("kept");
    let limit = |bytes: &str| {
        let pid = server.pid().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:")]).status();
        assert!(set.unwrap().success());
    };
    limit("600000");
    let refused = share_until_refused(&server);
    assert_eq!(refused["message"], "The service is not available at present. Nothing was changed.");
    let (status, body) = open(&server, &kept);
    assert!((status == 200) == (body["value"] == "kept"), "{status} {body}");

    limit("unlimited");
    if status != 200 {
        assert_eq!(server.reveal(&kept), "kept", "it was not used up");
    }
    let after = server.share("after");
    assert_eq!(server.reveal(&after), "after");
}

#[test]
fn a_damaged_record_is_not_used_up_and_harms_no_other() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (damaged, sound) = (server.share("damaged"), server.share("sound"));
    let spoil =
        "UPDATE bodies SET body = randomblob(length(body)) WHERE slot = (SELECT min(slot) FROM bodies)";
    let whole = edit(&home.path("data/waxseal.db"), spoil);

    for _ in 0..2 {
        let (status, body) = open(&server, &damaged);
        assert_eq!((status, &body["message"]), (503, &Value::from(NOT_USED_UP)));
    }
    assert_eq!(server.reveal(&sound), "sound");
    let path = format!("/api/v1/private/{}", damaged["metadata_key"].as_str().unwrap());
    assert_eq!(server.ask("GET", &path, "", None).1["state"], "new");

    Connection::open(home.path("data/waxseal.db"))
        .unwrap()
        .execute("UPDATE bodies SET body = ?1 WHERE slot = (SELECT min(slot) FROM bodies)", [whole])
        .unwrap();
    assert_eq!(server.reveal(&damaged), "damaged", "mended, it opens");
}

#[test]
fn a_content_moved_to_another_record_never_opens_there() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (one, two) = (server.share("one"), server.share("two"));
    for (table, content) in [("bodies", "body"), ("locks", "lock")] {
        let sql = format!(
            "UPDATE {table} SET {content} = (SELECT {content} FROM {table} ORDER BY slot DESC LIMIT 1)
             WHERE slot = (SELECT min(slot) FROM {table})"
        );
        edit(&home.path("data/waxseal.db"), &sql);
    }
    let (status, body) = open(&server, &one);
    assert_eq!((status, &body["message"]), (503, &Value::from(NOT_USED_UP)));
    assert_eq!(server.reveal(&two), "two");
}

#[test]
fn a_damaged_file_is_refused_at_the_start_and_left_as_it_is() {
    let home = Home::new();
    home.serve(&[]).signal("-TERM");
    let path = home.path("data/waxseal.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[..16].fill(0x5a);
    for spoiled in [bytes.clone(), bytes[..1_000].to_vec(), Vec::new()] {
        fs::write(&path, &spoiled).unwrap();
        home.run(&["serve", "--listen", "127.0.0.1:0"]).refused(69, &["waxseal.db"]);
        assert_eq!(fs::read(&path).unwrap(), spoiled, "it was changed");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_at_the_start() {
    let home = Home::new();
    let Some(disk) = SmallDisk::mount(home.path("data")) else { return };
    home.serve(&[]).signal("-TERM");
    disk.read_only();
    home.run(&["serve", "--listen", "127.0.0.1:0"]).refused(69, &["waxseal.db"]);
}

fn open(server: &Server, shared: &Value) -> (u16, Value) {
    server.ask("POST", &format!("/api/v1/secret/{}", shared["secret_key"].as_str().unwrap()), "", None)
}

/// Runs a statement beside the running server; gives the first body as it was.
fn edit(path: &Path, sql: &str) -> Vec<u8> {
    let conn = Connection::open(path).unwrap();
    let whole =
        conn.query_row("SELECT body FROM bodies ORDER BY slot LIMIT 1", [], |row| row.get(0)).unwrap();
    assert!(conn.execute(sql, []).unwrap() > 0);
    whole
}

/// The first refusal.
fn share_until_refused(server: &Server) -> Value {
    let form = format!("secret={}", "x".repeat(9_000));
    for _ in 0..5_000 {
        match server.ask("POST", "/api/v1/share", &form, None) {
            (200, _) => {}
            (503, body) => return body,
            (status, body) => panic!("{status} {body}"),
        }
    }
    panic!("the disk never filled up");
}

/// Writes until there is no room.
fn fill(path: &Path) {
    let mut file = OpenOptions::new().create_new(true).write(true).open(path).unwrap();
    while file.write_all(&[0x5a; 1_024]).is_ok() {}
}

/// A file system of 24 MiB in memory, gone with its value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, and loud, where there is no right to mount; in CI that is a failure.
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs"]).arg(&at);
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(at));
        }
        assert!(std::env::var_os("CI").is_none(), "no right to mount a small file system");
        eprintln!("SKIPPED: no right to mount a small file system");
        None
    }

    /// From now on it may be written (`rw`), or only read (`ro`).
    fn remount(&self, access: &str) {
        let options = format!("remount,{access}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl SmallDisk {
    fn read_only(&self) {
        let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).status();
        assert!(remounted.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the small disk stays mounted");
    }
}
