//! One exchange as data, read from `cases/*.toml`.
//!
//! In what is sent, `<<canary>>` is the key of a secret that must survive,
//! `<<text*70000>>` is a text so many times, `<<hex 00ff>>` are bytes. The parts of
//! `send` leave one after the other; a part `<<await>>` waits for an answer instead.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::server::Server;
use crate::wire::{Answer, Client};

/// Between two parts, so that the server sees them apart.
const APART: Duration = Duration::from_millis(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cases {
    pub(crate) case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    send: Vec<String>,
    /// The status of every answer, interim ones too.
    answers: Vec<u16>,
    /// What the connection is afterwards.
    then: Then,
    /// Headers of the last answer.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Stands in the last answer's body.
    #[serde(default)]
    says: String,
    /// Stands in no answer.
    lacks: Option<String>,
    /// The client sends no more once it has sent this.
    #[serde(default)]
    finish: bool,
    /// The first answer has no body whatever its length says.
    #[serde(default)]
    head: bool,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Then {
    /// Another request is answered.
    Open,
    /// Another request is not run.
    Closed,
    /// The server closes while the client waits.
    Cut,
}

impl Case {
    /// Plays it. What the case says of the answers must be so.
    pub(crate) async fn play(&self, server: &Server, canary: &str) {
        let mut client = server.client().await;
        for part in &self.send {
            if part == "<<await>>" {
                assert!(client.receive().await, "{}: no answer", self.name);
            } else {
                client.send(&bytes(part, canary)).await;
                tokio::time::sleep(APART).await;
            }
        }
        self.follow_up(&mut client, canary).await;
        let mut answers = client.answers(self.head).await;
        if self.then == Then::Open {
            let last = answers.pop().map(|answer| answer.status);
            assert_eq!(last, Some(200), "{}: the connection is closed: {answers:?}", self.name);
        }
        self.check(&answers);
    }

    /// What shows whether the connection is open: a harmless request, or, where it
    /// must be closed, one that would cost the canary.
    async fn follow_up(&self, client: &mut Client, canary: &str) {
        match self.then {
            Then::Cut => {}
            _ if self.finish => {}
            Then::Open => {
                let ask = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
                client.send(ask.as_bytes()).await;
            }
            Then::Closed => {
                let ask = format!("POST /api/v1/secret/{canary} HTTP/1.1\r\nHost: a\r\n\r\n");
                client.send(ask.as_bytes()).await;
            }
        }
        if self.finish {
            client.finish().await;
        }
    }

    fn check(&self, answers: &[Answer]) {
        let name = &self.name;
        let found: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(found, self.answers, "{name}: {answers:?}");
        for answer in answers {
            assert!(answer.status < 500 || answer.status == 503, "{name}");
            assert_eq!(answer.header("server"), None, "{name}");
            let lacks = self.lacks.as_ref().is_none_or(|text| !format!("{answer:?}").contains(text));
            assert!(lacks, "{name}: {answer:?}");
        }
        let Some(last) = answers.last() else { return };
        assert!(last.body.contains(&self.says), "{name}: {}", last.body);
        for (header, value) in &self.headers {
            assert_eq!(last.header(header), Some(&**value), "{name}: {header}");
        }
        if [400, 408, 413, 415, 431].contains(&last.status) {
            assert_eq!(last.header("connection"), Some("close"), "{name}");
            assert!(last.body.starts_with("{\"message\":\""), "{name}: {}", last.body);
        }
    }
}

fn bytes(text: &str, canary: &str) -> Vec<u8> {
    let mut sent = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        let (inside, behind) = after.split_once(">>").expect("a closed placeholder");
        sent.extend(before.as_bytes());
        sent.extend(filled(inside, canary));
        rest = behind;
    }
    sent.extend(rest.as_bytes());
    sent
}

fn filled(inside: &str, canary: &str) -> Vec<u8> {
    if inside == "canary" {
        return canary.as_bytes().to_vec();
    }
    if let Some(digits) = inside.strip_prefix("hex ") {
        let pairs = (0..digits.len()).step_by(2);
        return pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex")).collect();
    }
    let (text, times) = inside.rsplit_once('*').expect("text*times");
    text.repeat(times.parse().expect("a number")).into_bytes()
}
