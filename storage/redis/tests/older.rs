//! Stores of earlier formats: opened, and as good as before.
//!
//! `format-1/` holds the commands that make a store as the program left it while format
//! 1 was the newest, and its keys, which guard nothing else. It is never made anew.

mod common;

use std::fs::File;
use std::process::Command;

use common::{open, patient};
use waxseal_conformance::kept::Kept;
use waxseal_redis::{OpenError, RedisStore};
use waxseal_redis_servers::{Server, available};

const FORMAT_1: Kept = Kept {
    keys: include_str!("format-1/store.key"),
    now: 1_795_845_540,
    plain: "1wt8hooyphm5jogz73qqoi4p1qcuc6n",
    guarded: "1wt8hogdy0fs28wlzqtrhawsosp5amh",
    expired: ["1wt8hopofrayjldm17t24qf3x16vidh", "9995c0knghbthwt14xwau7kp2zztvc0"],
    opened: "jrvwm0jcx3wf8rc86ff00caqpdkieow",
    burned: "3awz2hyfthyecq4n4xjd30ndzx7fkyo",
    token: "79b3d415f3453870be147abee2da2290f5f40caf398fae7c9c02537870e5d6b9",
};

/// A server that holds it.
fn format_1() -> Server {
    let server = Server::start(&[]);
    let commands = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/format-1/store.resp");
    let mut load = Command::new("redis-cli");
    load.args(["-p", &server.port().to_string(), "--pipe"]).stdin(File::open(commands).unwrap());
    let told = String::from_utf8(load.output().unwrap().stdout).unwrap();
    assert!(told.contains("errors: 0"), "{told}");
    server
}

#[tokio::test]
async fn format_1_opens_and_all_it_held_is_there() {
    if available("format_1_opens_and_all_it_held_is_there") {
        let server = format_1();
        FORMAT_1.assert_opens(open(&server.url(), patient()).await).await;
    }
}

#[tokio::test]
async fn a_store_without_a_note_has_format_1() {
    if available("a_store_without_a_note_has_format_1") {
        let server = format_1();
        assert_eq!(server.cli(&["DEL", "waxseal:v{check}"]).trim(), "1");
        FORMAT_1.assert_opens(open(&server.url(), patient()).await).await;
        assert_eq!(server.cli(&["GET", "waxseal:v{check}"]).trim(), "1");
    }
}

#[tokio::test]
async fn a_later_format_is_refused_and_left_as_it_is() {
    if available("a_later_format_is_refused_and_left_as_it_is") {
        let server = format_1();
        server.ok(&["SET", "waxseal:v{check}", "2"]);
        let keys = server.cli(&["DBSIZE"]);
        let refused = RedisStore::open(server.url().parse().unwrap(), patient()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Newer { found: 2, newest: 1 }), "{refused}");
        assert_eq!((server.cli(&["GET", "waxseal:v{check}"]).trim(), server.cli(&["DBSIZE"])), ("2", keys));
    }
}
