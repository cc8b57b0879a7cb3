//! Runs the real program in a folder of its own.

use std::fs;
use std::io::{self, BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Where one deployment lives: the folder that its program runs in.
pub(crate) struct Home(TempDir);

/// What came of a program that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Asserts that it was refused with `code` and with every one of `words`.
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in {self:?}");
        }
    }

    /// Asserts success, and gives its standard output.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Writes a file that its owner alone can read.
    #[cfg(unix)]
    pub(crate) fn write_private(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.write(name, text);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The program, in this folder and with nothing of the caller's settings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WAXSEAL_") || name == "CREDENTIALS_DIRECTORY" {
                command.env_remove(name);
            }
        }
        command
    }

    /// The program as a client, whose configuration can stand only in this folder.
    pub(crate) fn client(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("HOME", self.path("")).env_remove("XDG_CONFIG_HOME");
        command
    }

    /// Runs `command` and pipes `input` into it.
    pub(crate) fn feed(&self, command: &mut Command, input: &[u8]) -> Done {
        fs::write(self.path("input"), input).unwrap();
        done(command.stdin(fs::File::open(self.path("input")).unwrap()))
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        done(&mut self.command(args))
    }

    /// A server on a free port.
    pub(crate) fn serve(&self, args: &[&str]) -> Server {
        Server::start(self.command(args).args(["serve", "--listen", "127.0.0.1:0"]))
    }

    /// The same, with its log in `server.log`.
    pub(crate) fn serve_with_log(&self, args: &[&str]) -> Server {
        let log = fs::File::create(self.path("server.log")).unwrap();
        let mut command = self.command(args);
        Server::listening(command.args(["serve", "--listen", "127.0.0.1:0"]).stderr(log))
    }
}

pub(crate) fn done(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running server. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Kept open: what the server says further must not fail.
    lines: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub(crate) address: String,
    /// What it said up to there.
    pub(crate) said: String,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::listening(command.stderr(Stdio::null()))
    }

    /// The same, with the log wherever `command` sends it.
    pub(crate) fn listening(command: &mut Command) -> Self {
        let server = Self::begun(command);
        assert!(!server.address.is_empty(), "it ended after: {}", server.said);
        server
    }

    /// One that may end before it listens: its address is empty then.
    pub(crate) fn begun(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Self { child, lines, address: String::new(), said: String::new() };
        while server.address.is_empty() {
            let Some(line) = server.lines.next() else { break };
            let line = line.unwrap();
            let address = line.strip_prefix("listening on http").and_then(|rest| rest.split_once("://"));
            server.address = address.map(|(_, address)| address.to_owned()).unwrap_or_default();
            server.said += &line;
            server.said.push('\n');
        }
        server
    }

    /// The next line of its standard output.
    pub(crate) fn next_line(&mut self) -> String {
        self.lines.next().unwrap_or_else(|| panic!("it ended after: {}", self.said)).unwrap()
    }

    /// Status and JSON body. `basic` is `NAME:TOKEN` in base64.
    pub(crate) fn ask(&self, method: &str, path: &str, form: &str, basic: Option<&str>) -> (u16, Value) {
        self.try_ask(method, path, form, basic).unwrap()
    }

    /// The same, of a server that may be gone.
    pub(crate) fn try_ask(
        &self,
        method: &str,
        path: &str,
        form: &str,
        basic: Option<&str>,
    ) -> io::Result<(u16, Value)> {
        let credentials = basic.map(|basic| format!("Authorization: Basic {basic}\r\n")).unwrap_or_default();
        let headers = format!("Host: {}\r\n{credentials}", self.address);
        let (status, body) = self.send_with(method, path, &headers, form)?;
        Ok((status, serde_json::from_str(&body)?))
    }

    /// A header of the answer, and its JSON body.
    #[cfg(feature = "mail")]
    pub(crate) fn header(
        &self,
        name: &str,
        asked: (&str, &str, &str),
        basic: &str,
    ) -> (Option<String>, Value) {
        let (method, path, form) = asked;
        let headers = format!("Host: {}\r\nAuthorization: Basic {basic}\r\n", self.address);
        let (head, body) = self.exchange(method, path, &headers, form).unwrap();
        let named = |line: &str| {
            line.split_once(": ")
                .filter(|line| line.0.eq_ignore_ascii_case(name))
                .map(|line| line.1.to_owned())
        };
        (head.lines().find_map(named), serde_json::from_str(&body).unwrap())
    }

    /// Status and body, for a head whose lines are `headers`, Host and all.
    pub(crate) fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        form: &str,
    ) -> io::Result<(u16, String)> {
        let (head, body) = self.exchange(method, path, headers, form)?;
        Ok((head.split(' ').nth(1).unwrap().parse().unwrap(), body))
    }

    /// Head and body of the answer.
    pub(crate) fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        form: &str,
    ) -> io::Result<(String, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let mut stream = TcpStream::connect(&self.address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok((head.to_owned(), body.to_owned()))
    }

    /// Shares a secret: what the answer says of it.
    pub(crate) fn share(&self, secret: &str) -> Value {
        let (status, body) = self.ask("POST", "/api/v1/share", &format!("secret={secret}"), None);
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Opens a secret: its value.
    pub(crate) fn reveal(&self, shared: &Value) -> Value {
        let path = format!("/api/v1/secret/{}", shared["secret_key"].as_str().unwrap());
        self.ask("POST", &path, "", None).1["value"].clone()
    }

    /// Its process, for whoever asks the system about it.
    #[cfg(target_os = "linux")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a power cut would, and waits for its end.
    pub(crate) fn kill(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
        while TcpStream::connect(&self.address).is_ok() {}
    }

    /// Sends a signal.
    pub(crate) fn send(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until it has ended by itself: the signal that ended it.
    #[cfg(unix)]
    pub(crate) fn ended(mut self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&self.child.wait().unwrap())
    }

    /// Sends a signal and waits for the end: its exit code.
    pub(crate) fn signal(mut self, signal: &str) -> Option<i32> {
        self.send(signal);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until it is so. What is promised to take a second at most may take a
/// machine longer to look at that is busy with other tests.
pub(crate) fn eventually(so: impl Fn() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_secs(60), "the server never heeded it");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Body of an answer to GET, at any address.
#[cfg(all(unix, feature = "mail"))]
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}
