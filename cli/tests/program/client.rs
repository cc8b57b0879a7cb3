//! The client against a server that runs.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::home::{Done, Home, Server, eventually};

const TOM: &str = "tom@example.com";

/// A home with a server, and clients in it.
struct Started {
    home: Home,
    server: Server,
}

impl Started {
    fn new() -> Self {
        let home = Home::new();
        let server = home.serve(&[]);
        Self { home, server }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn client(&self, args: &[&str]) -> Command {
        let mut command = self.home.client(args);
        command.env("WAXSEAL_SERVER", self.url());
        command
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Done {
        self.home.feed(&mut self.client(args), input)
    }

    fn json(&self, args: &[&str], input: &[u8]) -> Value {
        serde_json::from_str(&self.run(args, input).ok()).unwrap()
    }

    fn share(&self, secret: &str) -> String {
        self.run(&["share"], secret.as_bytes()).ok().trim().to_owned()
    }

    fn opens(&self, link: &str) -> String {
        self.run(&["reveal", "--yes", link], b"").ok()
    }
}

#[test]
fn every_byte_arrives_and_the_link_alone_is_printed() {
    let started = Started::new();
    let secret = "  ä+&=%\u{1b}[2J\r\nlast line\n";
    let shared = started.run(&["share"], secret.as_bytes());
    assert_eq!(shared.err, "");
    let link = shared.ok();
    assert!(link.starts_with(&format!("{}/secret/", started.url())) && link.lines().count() == 1, "{link}");
    let opened = started.run(&["reveal", "--yes", "-"], link.as_bytes());
    assert_eq!(opened.err, "");
    assert_eq!(opened.ok(), secret);
    started.run(&["reveal", "--yes", link.trim()], b"").refused(3, &["opened"]);

    started.home.write("note", "x\r\n");
    let trimmed = started.run(&["share", "--file", "note", "--trim-newline"], b"").ok();
    assert_eq!(started.opens(trimmed.trim()), "x");
}

#[test]
fn what_cannot_be_carried_is_refused_before_it_is_sent() {
    let home = Home::new();
    // Nobody listens there: a request would end with 69.
    let run = |args: &[&str], input: &[u8]| {
        home.feed(home.client(args).env("WAXSEAL_SERVER", "http://127.0.0.1:1"), input)
    };
    run(&["share"], b"a\xff").refused(2, &["byte 2", "base64"]);
    run(&["share"], b"").refused(2, &["empty"]);
    run(&["share", "--file", "none"], b"").refused(2, &["none"]);
    run(&["share", "--ttl", "30"], b"x").refused(2, &["30d"]);
    run(&["share"], b"x").refused(69, &["nothing was sent", "--server"]);
}

#[test]
fn a_secret_as_an_argument_is_refused_and_not_repeated() {
    let home = Home::new();
    for args in [
        &["share", "hunter2"][..],
        &["share", "--secret", "hunter2"],
        &["share", "--token=hunter2"],
        &["share", "--passphrase", "hunter2"],
        &["share", "--passphrase=hunter2"],
        &["generate", "hunter2"],
        &["reveal", "--yes", "k", "--passphrase", "hunter2"],
        &["burn", "k", "hunter2"],
    ] {
        let refused = home.feed(&mut home.client(args), b"");
        refused.refused(2, &["passphrase"]);
        assert!(!refused.err.contains("hunter2"), "{refused:?}");
    }
}

#[test]
fn settings_of_the_server_mean_nothing_to_the_client() {
    let home = Home::new();
    for args in [["share", "--store", "memory:"], ["--store", "memory:", "share"]] {
        home.run(&args).refused(2, &["--store", "setting of the server"]);
    }
}

#[test]
fn opening_is_agreed_to_or_does_not_happen() {
    let started = Started::new();
    let link = started.share("kept");
    started.run(&["reveal", &link], b"").refused(2, &["--yes", &started.url()]);
    started.run(&["reveal", &link], b"y\n").refused(2, &["--yes"]);
    assert_eq!(started.opens(&link), "kept");
    let made = started.json(&["share", "--json"], b"kept");
    let receipt = made["receipt_link"].as_str().unwrap();
    started.run(&["burn", receipt], b"").refused(2, &["--yes"]);
    started.run(&["burn", "--yes", made["link"].as_str().unwrap()], b"").refused(2, &["receipt"]);
    started.run(&["reveal", "--yes", receipt], b"").refused(2, &["opens nothing"]);
    started.run(&["burn", "--yes", receipt], b"").ok();
    assert_eq!(started.json(&["receipt", "--json", receipt], b"")["state"], "burned");
}

#[cfg(unix)]
#[test]
fn a_file_is_made_before_the_secret_is_opened_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let started = Started::new();
    let link = started.share("kept\n");
    started.home.write("taken", "mine");
    for (file, word) in [("taken", "not overwritten"), ("no/folder/x", "cannot make")] {
        started
            .run(&["reveal", "--yes", "--output", file, &link], b"")
            .refused(1, &[word, "Nothing was opened"]);
    }
    assert_eq!(started.home.read("taken"), "mine");
    started.run(&["reveal", "--yes", "--output", "out", "kkkk"], b"").refused(3, &[]);
    assert!(!started.home.path("out").exists(), "nothing was opened, so nothing is left");
    assert_eq!(started.run(&["reveal", "--yes", "--output", "out", &link], b"").ok(), "");
    assert_eq!(started.home.read("out"), "kept\n");
    let mode = std::fs::metadata(started.home.path("out")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// What can't be written when the secret is opened already is told another way.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_takes_nothing_loses_no_secret() {
    let started = Started::new();
    let link = started.share("kept");
    let plain = started.client(&["reveal", "--yes", "--output", "out", &link]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 0; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    let done =
        crate::home::done(limited.current_dir(started.home.path("")).env("HOME", started.home.path("")));
    assert_eq!(done.out, "kept");
    done.refused(1, &["on standard output"]);
    assert!(!started.home.path("out").exists());
}

#[test]
fn a_passphrase_comes_from_a_file_or_the_environment() {
    let started = Started::new();
    started.home.write_private("pass", "correct horse\n");
    let share = ["share", "--passphrase-file", "pass", "--json"];
    let made = started.json(&share, b"kept");
    assert_eq!(made["passphrase_required"], true);
    let key = made["secret_key"].as_str().unwrap();
    let reveal = |passphrase: &str| {
        let mut command = started.client(&["reveal", "--yes", key]);
        started.home.feed(command.env("WAXSEAL_PASSPHRASE", passphrase), b"")
    };
    reveal("wrong").refused(3, &["not its passphrase"]);
    let burn = ["burn", "--yes", made["metadata_key"].as_str().unwrap()];
    started.run(&burn, b"").refused(4, &["--passphrase"]);
    assert_eq!(reveal("correct horse").ok(), "kept");
    started.run(&["share", "--passphrase"], b"x").refused(2, &["--passphrase-file"]);
}

#[test]
fn limits_are_an_end_of_their_own() {
    let started = Started::new();
    started.run(&["share"], "x".repeat(10_001).as_bytes()).refused(5, &["maximum size"]);
}

#[cfg(unix)]
#[test]
fn a_profile_names_server_account_and_regions_and_its_token_goes_nowhere_else() {
    let started = Started::new();
    let token = started.home.run(&["account", "add", TOM]).ok();
    let url = started.url();
    let profile = format!(
        "[profile.default]\nserver = \"{url}\"\nuser = \"{TOM}\"\ntoken_file = \"token\"\nregions = {{ here = \"{url}\" }}\n"
    );
    started.home.write(".config/waxseal/client.toml", &profile);
    started.home.write_private(".config/waxseal/token", &token);
    let run = |args: &[&str]| started.home.feed(&mut started.home.client(args), b"x");
    eventually(|| run(&["status"]).code == Some(0));
    assert!(run(&["status", "--region", "here"]).ok().contains(TOM));
    run(&["status", "--region", "eu"]).refused(2, &["`eu`", "here"]);
    run(&["status", "--profile", "work"]).refused(78, &["client.toml", "[profile.work]", "default"]);
    run(&["share"]).ok();
    assert_eq!(run(&["recent"]).ok().lines().count(), 1);

    let (heads, elsewhere) = stranger();
    run(&["reveal", "--yes", &format!("{elsewhere}/secret/kkkk")]).refused(69, &[]);
    run(&["status", "--server", &elsewhere]).refused(69, &[]);
    for _ in 0..2 {
        let head = heads.recv().unwrap().to_lowercase();
        assert!(head.contains("/api/v1/") && !head.contains("authorization"), "{head}");
    }

    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(started.home.path(".config/waxseal/token"), open).unwrap();
    run(&["status"]).refused(78, &["chmod 600"]);
    started.home.write(".config/waxseal/client.toml", "\n[profile.a]\nservr = 1\n");
    run(&["status"]).refused(78, &["client.toml:3: ", "servr", "server"]);
}

/// A server that sends whoever asks it elsewhere: the heads it was sent, and its URL.
fn stranger() -> (std::sync::mpsc::Receiver<String>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, heads) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap();
            let answer = "HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
            if tell.send(String::from_utf8_lossy(&head[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    (heads, url)
}

#[test]
fn nothing_is_sent_unencrypted_over_a_network_or_after_a_redirect() {
    let home = Home::new();
    let run = |args: &[&str]| home.feed(&mut home.client(args), b"x");
    run(&["share", "--server", "http://192.0.2.1"]).refused(2, &["--insecure-http", "https://"]);
    run(&["reveal", "--yes", "http://192.0.2.1/secret/k"]).refused(2, &["--insecure-http"]);
    let (_heads, url) = stranger();
    run(&["share", "--server", &url]).refused(69, &["moved", "--server http://127.0.0.1:1"]);
    run(&["reveal", "--yes", "--server", "http://127.0.0.1:1", &format!("{url}/secret/k")])
        .refused(2, &["the link's key alone"]);
}

#[test]
fn half_an_account_is_no_guest() {
    let home = Home::new();
    let run = |name: &str, value: &str| home.feed(home.client(&["status"]).env(name, value), b"");
    run("WAXSEAL_TOKEN", "hunter2").refused(78, &["--user"]);
    run("WAXSEAL_USER", TOM).refused(78, &["--token-file"]);
}

#[test]
fn completions_and_man_pages_are_printed() {
    let home = Home::new();
    assert!(home.run(&["completions", "bash"]).ok().contains("generate"));
    home.run(&["completions", "dos"]).refused(2, &["bash", "zsh", "fish"]);
    assert!(home.run(&["man"]).ok().contains(".SH NAME"));
    home.run(&["man", "pages/man1"]).ok();
    assert!(home.read("pages/man1/waxseal-share.1").contains("opens once"));
}
