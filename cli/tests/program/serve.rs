//! How a server starts, what it refuses, and how it stops.

use std::fs;
use std::net::TcpListener;

use crate::home::{Home, Server};

#[test]
fn without_any_configuration_it_makes_what_it_needs_and_serves() {
    let home = Home::new();
    let mut server = home.serve(&[]);
    assert!(
        server.said.contains("data/waxseal.key") && server.said.contains("data/waxseal.db"),
        "{}",
        server.said
    );
    assert_eq!(
        server.ask("GET", "/api/v1/status", "", None),
        (200, serde_json::json!({"status": "nominal", "locale": "en"}))
    );
    let curl = server.next_line();
    assert!(curl.contains(&format!("curl -d secret=hello http://{}/api/v1/share", server.address)), "{curl}");
    let secret = server.share("hello");
    assert_eq!(server.reveal(&secret), "hello");
    assert!(!home.path("waxseal.toml").exists());
}

#[cfg(unix)]
#[test]
fn what_it_makes_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let _server = home.serve(&[]);
    let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("data/waxseal.key"), 0o600);
    assert_eq!(mode("data"), 0o700);
}

#[cfg(unix)]
#[test]
fn asked_to_stop_it_exits_0_and_what_it_acknowledged_is_there_again() {
    let home = Home::new();
    for signal in ["-TERM", "-INT"] {
        let server = home.serve(&[]);
        let secret = server.share("kept");
        assert_eq!(server.signal(signal), Some(0));
        let again = home.serve(&[]);
        assert!(!again.said.contains("made the key file"));
        assert_eq!(again.reveal(&secret), "kept");
        assert_eq!(again.signal("-TERM"), Some(0));
    }
}

#[test]
fn a_memory_store_is_called_volatile() {
    let home = Home::new();
    let server = home.serve(&["--store", "memory:"]);
    assert!(server.said.contains("volatile"), "{}", server.said);
    assert!(!home.path("data/waxseal.db").exists());
}

#[test]
fn with_a_configuration_but_no_key_file_it_names_init() {
    let home = Home::new();
    home.write("waxseal.toml", "");
    home.run(&["serve"]).refused(78, &["no key file", "data/waxseal.key", "waxseal init"]);
    home.run(&["serve", "--key-file", "mounted.key"]).refused(78, &["mounted.key", "waxseal init"]);
    assert!(!home.path("data").exists());
}

#[test]
fn a_key_file_that_was_named_is_never_made_up() {
    let home = Home::new();
    home.run(&["serve", "--key-file", "mounted.key"]).refused(78, &["mounted.key", "waxseal init"]);
    assert!(!home.path("mounted.key").exists());
}

#[test]
fn a_store_that_is_there_is_never_given_another_key_file() {
    let home = Home::new();
    drop(home.serve(&[]));
    fs::remove_file(home.path("data/waxseal.key")).unwrap();
    for command in [&["serve"][..], &["init"], &["account", "list"], &["key", "add"]] {
        home.run(command).refused(78, &["restore the key file", "nothing else opens that store"]);
        assert!(!home.path("data/waxseal.key").exists());
    }
}

#[test]
fn a_key_file_that_cannot_be_looked_at_is_not_called_missing() {
    let home = Home::new();
    // A file where the folder should be refuses root, too.
    home.write("data", "");
    for command in ["serve", "init"] {
        let done = home.run(&[command]);
        done.refused(78, &["cannot read the key file data/waxseal.key"]);
        assert!(!done.err.contains("restore"), "{done:?}");
    }
}

#[test]
fn another_deployments_key_file_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    drop(home.serve(&[]));
    drop(other.serve(&[]));
    fs::copy(other.path("data/waxseal.key"), home.path("data/waxseal.key")).unwrap();
    home.run(&["serve"]).refused(78, &["another key file", "data/waxseal.db"]);
    home.run(&["account", "list"]).refused(78, &["another key file"]);
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run(&["init"]).ok();
    fs::set_permissions(home.path("data/waxseal.key"), fs::Permissions::from_mode(0o644)).unwrap();
    home.run(&["serve"]).refused(78, &["chmod 600", "data/waxseal.key"]);
}

#[test]
fn a_damaged_key_file_is_refused_without_a_word_of_it() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let damaged = home.read("data/waxseal.key").replace(" seals", " hunter2");
    home.write("data/waxseal.key", &damaged);
    let refused = home.run(&["serve"]);
    refused.refused(78, &["data/waxseal.key", "line 5"]);
    assert!(!refused.err.contains("hunter2"));
}

#[test]
fn a_port_in_use_is_a_clear_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Home::new().run(&["serve", "--listen", &address]).refused(1, &[&address, "another program", "--listen"]);
}

#[test]
fn a_store_that_cannot_be_used_is_69() {
    let home = Home::new();
    home.run(&["init"]).ok();
    home.run(&["serve", "--store", "sqlite:waxseal.toml/w.db"]).refused(69, &["waxseal.toml/w.db"]);
    home.write("data/waxseal.db", &"no database at all ".repeat(100));
    home.run(&["serve"]).refused(69, &["data/waxseal.db"]);
    assert!(home.read("data/waxseal.db").starts_with("no database"), "it is left as it is");
}

#[test]
fn on_every_address_links_lead_somewhere() {
    let home = Home::new();
    let server = Server::start(&mut home.command(&["serve", "--listen", "0.0.0.0:0"]));
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    let url = server.share("x")["metadata_url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&format!("http://127.0.0.1:{port}/")), "{url}");
}
