//! A server of an old version, as it was recorded: it answers a client that asks just
//! what was asked then.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) const METADATA_KEY: &str = "m1m1m1m1m1m1m1m1m1m1m1m1m1m1m1m";
pub(crate) const SECRET_KEY: &str = "s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s";
pub(crate) const GENERATED: &str = "g2Gg3Gg4Gg5G";

#[derive(Deserialize)]
struct Exchanges {
    requests: Vec<Asked>,
    responses: BTreeMap<String, Vec<Told>>,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    target: String,
    body: Option<String>,
    auth: Option<(String, String)>,
}

#[derive(Deserialize)]
struct Told {
    status: u16,
    body: Option<Value>,
}

/// Plays the exchanges of one file. Dropped, it asserts that all were asked for.
pub(crate) struct Recorded {
    pub(crate) url: String,
    thread: Option<JoinHandle<()>>,
}

impl Recorded {
    pub(crate) fn play(case: &str, version: &str) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/program/old/{case}.json"));
        let mut read: Exchanges = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let told = read.responses.remove(version).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            for (asked, told) in read.requests.iter().zip(told) {
                answer(&listener.accept().unwrap().0, asked, told);
            }
        });
        Self { url, thread: Some(thread) }
    }

    /// Asserts that everything was asked for, and as it was then.
    pub(crate) fn end(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

fn answer(stream: &TcpStream, asked: &Asked, told: Told) {
    let (head, body) = read(stream);
    let line = head.lines().next().unwrap();
    let path = filled(&asked.target);
    // Then a look was a GET as often as a POST; ours is a POST.
    let is_look =
        path.starts_with("/api/v1/private/") && !path.ends_with("burn") && !path.ends_with("recent");
    let method = if is_look { "POST" } else { &asked.method };
    assert_eq!(line, format!("{method} {path} HTTP/1.1"));
    assert_eq!(decoded(&body), asked.body.clone().unwrap_or_default());
    assert_eq!(head.to_lowercase().contains("authorization: basic "), asked.auth.is_some(), "{head}");
    let body = serde_json::to_vec(&told.body.map(of_value)).unwrap();
    let head = format!(
        "HTTP/1.1 {} X\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        told.status,
        body.len()
    );
    let mut stream = stream;
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
}

fn read(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
    }
    let length = |line: &str| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok();
    let mut body = vec![0; head.lines().find_map(length).unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn decoded(form: &str) -> String {
    // The recordings have no other character that our encoding escapes.
    form.replace("%2D", "-")
}

fn filled(text: &str) -> String {
    text.replace("{{metadata_key}}", METADATA_KEY)
        .replace("{{secret_key}}", SECRET_KEY)
        .replace("{{secret_key[:6]}}", &SECRET_KEY[..6])
}

fn of_value(value: Value) -> Value {
    match value {
        Value::String(text) => of_text(&text),
        Value::Array(values) => values.into_iter().map(of_value).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, of_value(value))).collect(),
        other => other,
    }
}

fn of_text(text: &str) -> Value {
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    match text.trim_start_matches("{{").trim_end_matches("}}") {
        "now" => json!(now),
        // The keys of a second secret are the first one's over again.
        "secret_key_2" => json!(SECRET_KEY),
        "metadata_key_2" => json!(METADATA_KEY),
        inner if inner.starts_with("left:") => json!(inner["left:".len()..].parse::<u64>().unwrap()),
        inner if inner.starts_with("generated") => json!(GENERATED),
        _ => json!(filled(text)),
    }
}
