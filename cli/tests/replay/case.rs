//! A case: a short sequence of requests, and what each must be answered.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, thread};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::compare::{self, Comparison};
use crate::http::{self, Answer, Body};
use crate::json::Json;
use crate::names::Names;
use crate::server::Server;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The contract's rows that it shows.
    pub(crate) rows: Vec<String>,
    pub(crate) why: String,
    /// Where and why the answer is not that of the server it was recorded from.
    pub(crate) differs: Option<String>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    request: Request,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    target: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// User and token.
    auth: Option<(String, String)>,
    body: Option<String>,
    body_base64: Option<String>,
    #[serde(default)]
    chunked: bool,
    /// Seconds to wait first: some of the contract is about time passing.
    wait: Option<f64>,
    /// Names for fields of the answer.
    #[serde(default)]
    save: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    status: u16,
    headers: BTreeMap<String, String>,
    /// Of a list, only the entries that this case made.
    #[serde(default)]
    only_mine: bool,
    body: Option<Json>,
    /// A body that is no JSON, to the byte.
    text: Option<String>,
}

/// Headers that an answer may have only where the case says so.
const TELLING: [&str; 5] =
    ["x-ots-intended-status", "x-mail-status", "retry-after", "www-authenticate", "set-cookie"];

/// Headers that every answer has (`Decisions` of the contract).
const COMMON: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
];

/// Every case in a folder, by name.
pub(crate) fn read_all(folder: &Path) -> Vec<Case> {
    let entries = fs::read_dir(folder).expect("the folder of cases");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).expect("a readable case");
        let case: Case =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(&*case.name));
        case
    };
    paths.iter().map(read).collect()
}

impl Case {
    pub(crate) fn waits(&self) -> bool {
        self.steps.iter().any(|step| step.request.wait.is_some())
    }

    /// Plays the case. What its answers gave, or every difference of the first
    /// step that has any.
    pub(crate) fn play(&self, server: &Server) -> Result<Names, String> {
        let mut names = server.names();
        let began = compare::now();
        for (number, step) in self.steps.iter().enumerate() {
            let differences = step.play(server, &mut names, began);
            if !differences.is_empty() {
                let place = format!("{} ({}), step {}", self.name, self.why, number + 1);
                return Err(format!("{place}\n  {}", differences.join("\n  ")));
            }
        }
        Ok(names)
    }
}

impl Step {
    fn play(&self, server: &Server, names: &mut Names, began: i64) -> Vec<String> {
        if let Some(seconds) = self.request.wait {
            thread::sleep(std::time::Duration::from_secs_f64(seconds));
        }
        let sent = self.request.bytes(names);
        let answer = match http::exchange(server.address(), &sent) {
            Ok(answer) => answer,
            Err(error) => return vec![error.to_string()],
        };
        let mut differences = self.expect.head(&answer, self.request.method == "HEAD");
        differences.extend(self.body(&answer, names, began).unwrap_or_else(|difference| vec![difference]));
        differences
    }

    fn body(&self, answer: &Answer, names: &mut Names, began: i64) -> Result<Vec<String>, String> {
        let text = std::str::from_utf8(&answer.body).map_err(|error| error.to_string())?;
        let Some(expected) = &self.expect.body else {
            let expected = self.expect.text.as_deref().unwrap_or_default();
            return if text == expected { Ok(Vec::new()) } else { Err(format!("a body: {text}")) };
        };
        let mut found = Json::parse(text)?;
        for (name, field) in &self.request.save {
            let value = found.field(field).and_then(Json::text);
            names.set(name, value.ok_or_else(|| format!("no {field} in {text}"))?);
        }
        if self.expect.only_mine {
            keep_mine(&mut found, names);
        }
        let mut comparison = Comparison { names, began, differences: Vec::new() };
        comparison.json("body", expected, &found);
        Ok(comparison.differences)
    }
}

impl Request {
    fn bytes(&self, names: &Names) -> Vec<u8> {
        let mut headers =
            vec![("Host".to_owned(), names.fill("{{host}}")), ("Connection".to_owned(), "close".to_owned())];
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), names.fill(value))));
        if let Some((user, token)) = &self.auth {
            let pair = STANDARD.encode(names.fill(&format!("{user}:{token}")));
            headers.push(("Authorization".to_owned(), format!("Basic {pair}")));
        }
        let line = format!("{} {}", self.method, names.fill(&self.target));
        http::request(&line, &headers, &self.framed(names))
    }

    fn framed(&self, names: &Names) -> Body {
        let text = self.body.as_ref().map(|body| names.fill(body).into_bytes());
        let bytes = self.body_base64.as_ref().map(|body| STANDARD.decode(body).expect("base64"));
        match text.or(bytes) {
            None => Body::None,
            Some(body) if self.chunked => Body::Chunked(body),
            Some(body) => Body::Whole(body),
        }
    }
}

impl Expect {
    fn head(&self, answer: &Answer, head_only: bool) -> Vec<String> {
        let mut differences = Vec::new();
        let mut check = |name: &str, expected: Option<&str>, found: Option<&str>| {
            if expected != found {
                differences.push(format!("{name}: expected {expected:?}, found {found:?}"));
            }
        };
        let length = answer.body.len().to_string();
        if !head_only {
            check("content-length", Some(&length), answer.header("content-length"));
        }
        check("status", Some(&self.status.to_string()), Some(&answer.status.to_string()));
        for (name, value) in &self.headers {
            check(name, Some(value), answer.header(name));
        }
        for (name, value) in COMMON {
            check(name, Some(value), answer.header(name));
        }
        for name in TELLING.iter().filter(|name| !self.headers.contains_key(**name)) {
            check(name, None, answer.header(name));
        }
        check("x-request-id there", Some("true"), Some(&answer.header("x-request-id").is_some().to_string()));
        check("server", None, answer.header("server"));
        check("access-control-allow-origin", None, answer.header("access-control-allow-origin"));
        differences
    }
}

/// The account's list holds what other cases made at the same time.
fn keep_mine(list: &mut Json, names: &Names) {
    let Json::List(lines) = list else { return };
    let mine = |line: &Json| {
        let key = line.field("metadata_key").and_then(Json::text);
        key.is_some_and(|key| names.secrets().any(|(_, value)| value == key))
    };
    lines.retain(mine);
}
