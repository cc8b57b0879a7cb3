//! Counting and sweeping by the command line, beside a running server.

use rusqlite::Connection;

use crate::account::json;
use crate::home::Home;

#[test]
fn stats_count_what_stands_there() {
    let home = Home::new();
    let server = home.serve(&[]);
    let opened = server.share("opened");
    server.share("kept");
    server.reveal(&opened);
    let stats = json(&home.run(&["stats", "--json"]).ok());
    assert_eq!((&stats["new"], &stats["received"], &stats["burned"]), (&1.into(), &1.into(), &0.into()));
    assert_eq!(stats["keys"][0]["records"], 2);
    assert!(stats["bytes"].as_u64() > Some(0), "{stats}");
    let told = home.run(&["stats"]).ok();
    assert!(told.contains("new\t1\nreceived\t1\nburned\t0\nbytes\t"), "{told}");
}

#[test]
fn a_sweep_removes_what_has_expired_and_nothing_else() {
    let home = Home::new();
    let server = home.serve(&[]);
    let (_, kept) = (server.share("past"), server.share("kept"));
    server.kill();
    let past = "UPDATE receipts SET created = created - 700000, expires = expires - 700000
                WHERE slot = (SELECT min(slot) FROM receipts);
                UPDATE bodies SET expires = expires - 700000 WHERE slot = (SELECT min(slot) FROM bodies)";
    Connection::open(home.path("data/waxseal.db")).unwrap().execute_batch(past).unwrap();
    let swept = json(&home.run(&["sweep", "--json"]).ok());
    assert_eq!((&swept["expired"], &swept["forgotten"]), (&1.into(), &0.into()));
    assert_eq!(home.run(&["sweep"]).ok(), "expired\t0\nforgotten\t0\n");
    assert_eq!(home.serve(&[]).reveal(&kept), "kept");
}

#[test]
fn what_is_not_there_is_said_and_not_made() {
    let home = Home::new();
    for command in ["stats", "sweep"] {
        home.run(&[command]).refused(69, &["no store at", "waxseal serve"]);
        home.run(&[command, "--store", "memory:"]).refused(78, &["process alone", "--store"]);
    }
    assert!(!home.path("data").exists());
}
