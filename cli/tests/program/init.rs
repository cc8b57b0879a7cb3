//! `waxseal init` writes what is missing and overwrites nothing.

use crate::home::Home;

#[test]
fn it_writes_both_and_a_second_time_nothing() {
    let home = Home::new();
    let said = home.run(&["init"]).ok();
    assert!(said.contains("wrote the configuration waxseal.toml"), "{said}");
    assert!(said.contains("wrote the key file") && said.contains("waxseal serve"), "{said}");
    let before = (home.read("waxseal.toml"), home.read("data/waxseal.key"));
    let said = home.run(&["init"]).ok();
    assert!(!said.contains("wrote"), "{said}");
    assert_eq!((home.read("waxseal.toml"), home.read("data/waxseal.key")), before);
}

#[test]
fn it_leaves_a_configuration_as_it_is_and_makes_the_key_file_that_it_names() {
    let home = Home::new();
    home.write("waxseal.toml", "key_file = \"ours.key\"\n");
    home.run(&["init"]).ok();
    assert_eq!(home.read("waxseal.toml"), "key_file = \"ours.key\"\n");
    assert!(home.read("ours.key").contains("waxseal-key-file 1"));
    assert!(!home.path("data/waxseal.key").exists());
}

#[test]
fn it_leaves_a_key_file_as_it_is_even_one_it_cannot_read() {
    let home = Home::new();
    home.run(&["init"]).ok();
    home.write("data/waxseal.key", "not a key file\n");
    home.run(&["init"]).refused(78, &["data/waxseal.key", "waxseal-key-file 1"]);
    assert_eq!(home.read("data/waxseal.key"), "not a key file\n");
}

#[test]
fn what_its_flags_say_is_what_serve_does_later() {
    let home = Home::new();
    home.run(&["init", "--config", "etc/w.toml", "--listen", "127.0.0.1:0", "--store", "sqlite:w.db"]).ok();
    let server = crate::home::Server::start(&mut home.command(&["serve", "--config", "etc/w.toml"]));
    assert!(home.path("w.db").exists() && home.path("etc/data/waxseal.key").exists());
    assert!(!server.address.ends_with(":7143"));
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_change_the_configuration_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let shell = "umask 000; exec \"$0\" init";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_waxseal")]).current_dir(home.path(""));
    assert!(command.output().unwrap().status.success());
    let mode = |name: &str| home.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("waxseal.toml"), mode("data/waxseal.key"), mode("data")), (0o644, 0o600, 0o700));
}
