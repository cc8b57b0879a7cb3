//! The client before a person: `script` is the terminal.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::home::{Home, Server};

/// A program on a terminal of its own, and what it has shown.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    shown: String,
}

impl Terminal {
    fn start(home: &Home, server: &Server, args: &str) -> Self {
        let plain = home.client(&[]);
        let mut command = Command::new("script");
        let line = format!("exec '{}' {args}", plain.get_program().display());
        command.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
        command
            .current_dir(home.path(""))
            .env("HOME", home.path(""))
            .env("NO_COLOR", "1")
            .env("TERM", "xterm");
        command
            .env_remove("XDG_CONFIG_HOME")
            .env("SHELL", "/bin/sh")
            .env("WAXSEAL_SERVER", format!("http://{}", server.address));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, keys, screen, shown: String::new() }
    }

    /// Reads on until `words` are shown, then types.
    fn at(&mut self, words: &str, keys: &str) -> &mut Self {
        let from = self.shown.len();
        while !self.shown[from..].contains(words) {
            let mut bytes = [0; 1];
            assert_ne!(self.screen.read(&mut bytes).unwrap(), 0, "no `{words}` in {}", self.shown);
            self.shown.push(char::from(bytes[0]));
        }
        self.keys.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// All that was shown, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        let mut rest = Vec::new();
        self.screen.read_to_end(&mut rest).unwrap();
        self.shown.push_str(&String::from_utf8_lossy(&rest));
        (self.shown, self.child.wait().unwrap().code())
    }
}

fn link(shown: &str) -> String {
    shown.lines().map(str::trim).find(|line| line.contains("/secret/")).unwrap().to_owned()
}

/// Whether there is a terminal to try it on; loud where there is none, and a failure
/// where nothing may be skipped.
fn no_terminal(test: &str) -> bool {
    let missing = Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err();
    if missing {
        assert!(std::env::var_os("WAXSEAL_REQUIRE_ALL").is_none(), "{test}: script is not installed");
        eprintln!("SKIPPED {test}: script is not installed");
    }
    missing
}

#[test]
fn a_secret_is_typed_unseen_and_the_card_shows_its_link() {
    if no_terminal("a_secret_is_typed_unseen_and_the_card_shows_its_link") {
        return;
    }
    let home = Home::new();
    let server = home.serve(&[]);
    let mut terminal = Terminal::start(&home, &server, "share --passphrase --ttl 1h");
    // A paste of several lines, then Enter.
    terminal.at("are kept): ", "\u{1b}[200~hunter2\nsecond\u{1b}[201~\r");
    terminal.at("Passphrase: ", "swordfishh\u{7f}\r").at("The same again: ", "swordfish\r");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    for word in ["hunter2", "second", "swordfish"] {
        assert!(!shown.contains(word), "{shown}");
    }
    for word in ["opens once", "Expires", "Receipt", "/receipt/", "█"] {
        assert!(shown.contains(word), "no {word} in {shown}");
    }
    assert!(!shown.contains("\u{1b}[1m"), "NO_COLOR: {shown}");

    let mut terminal = Terminal::start(&home, &server, &format!("reveal {}", link(&shown)));
    terminal.at("[y/N] ", "y\r").at("gives up): ", "wrong\r").at("gives up): ", "swordfish\r");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("hunter2\r\nsecond"), "{shown}");
}

#[test]
fn a_no_and_ctrl_c_change_nothing() {
    if no_terminal("a_no_and_ctrl_c_change_nothing") {
        return;
    }
    let home = Home::new();
    let server = home.serve(&[]);
    let shared = server.share("kept");
    let reveal = format!("reveal {}", shared["secret_key"].as_str().unwrap());
    let mut terminal = Terminal::start(&home, &server, &reveal);
    terminal.at("[y/N] ", "\r");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("nothing was changed"), "{shown}");
    let mut terminal = Terminal::start(&home, &server, "share");
    terminal.at("are kept): ", "half a sec\u{3}");
    let (shown, code) = terminal.end();
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("nothing was done") && !shown.contains("half"), "{shown}");
    assert_eq!(server.reveal(&shared), "kept");
}

#[test]
fn a_strangers_secret_cannot_steer_the_terminal() {
    if no_terminal("a_strangers_secret_cannot_steer_the_terminal") {
        return;
    }
    let home = Home::new();
    let server = home.serve(&[]);
    let shared = server.share("a%1b]0;owned%07b");
    let reveal = format!("reveal --yes {}", shared["secret_key"].as_str().unwrap());
    let (shown, code) = Terminal::start(&home, &server, &reveal).end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("a^[]0;owned^Gb") && !shown.contains("\u{1b}]0;"), "{shown}");
}

/// What `ps` shows of the program while it holds a secret, a passphrase and a token.
#[cfg(target_os = "linux")]
#[test]
fn no_secret_stands_in_the_arguments() {
    if no_terminal("no_secret_stands_in_the_arguments") {
        return;
    }
    let home = Home::new();
    let server = home.serve(&[]);
    home.write_private("token", "hunter2-token");
    let mut terminal = Terminal::start(&home, &server, "share --passphrase --user tom --token-file token");
    terminal.at("are kept): ", "hunter2-secret\r").at("Passphrase: ", "hunter2-passphrase");
    let mut seen = 0;
    for process in std::fs::read_dir("/proc").unwrap() {
        let line = std::fs::read(process.unwrap().path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains("hunter2"), "{line}");
        seen += usize::from(line.contains("share\0--passphrase\0--user\0tom"));
    }
    assert_eq!(seen, 1, "the program is among them");
    terminal.at("", "\u{3}");
    assert_eq!(terminal.end().1, Some(1));
}
