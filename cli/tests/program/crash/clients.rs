//! Clients of the API that write down what they were told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::ledger::{Answer, Deed, Ending, Story};
use crate::home::{Server, eventually};

/// Every request has a number of its own, which its answer carries back.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

const PERHAPS: &str = "may have been used up.";

/// What becomes of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Left,
    Opened,
    Burned,
    GuessedAtAndOpened,
    GuardedAndBurned,
    GuessedAt,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::Left,
        Self::Opened,
        Self::Burned,
        Self::GuessedAtAndOpened,
        Self::GuardedAndBurned,
        Self::GuessedAt,
    ];

    /// What clients make of them, over and over: few with passphrases, which take long.
    pub(super) const MIX: [Self; 12] = [
        Self::Left,
        Self::Opened,
        Self::Burned,
        Self::GuessedAtAndOpened,
        Self::Opened,
        Self::Burned,
        Self::Left,
        Self::GuardedAndBurned,
        Self::Burned,
        Self::Left,
        Self::Opened,
        Self::GuessedAt,
    ];

    fn passphrase(self) -> Option<&'static str> {
        match self {
            Self::Left | Self::Opened | Self::Burned => None,
            Self::GuessedAtAndOpened | Self::GuardedAndBurned | Self::GuessedAt => Some("right-right-right"),
        }
    }

    fn deeds(self) -> &'static [Deed] {
        match self {
            Self::Left => &[],
            Self::Opened => &[Deed::End(Ending::Received)],
            Self::Burned | Self::GuardedAndBurned => &[Deed::End(Ending::Burned)],
            Self::GuessedAtAndOpened => &[Deed::Guess, Deed::End(Ending::Received)],
            Self::GuessedAt => &[Deed::Guess, Deed::Guess],
        }
    }
}

/// One client. It asks one thing at a time.
pub(super) struct Client<'s> {
    server: &'s Server,
    /// Answers that say that something could not be done.
    pub(super) refused: u32,
    /// Whether a question got no answer: the server is gone.
    pub(super) gone: bool,
}

impl<'s> Client<'s> {
    pub(super) fn new(server: &'s Server) -> Self {
        Self { server, refused: 0, gone: false }
    }

    /// Shares a secret of a kind: its story, if that was acknowledged.
    pub(super) fn share(&mut self, kind: Kind) -> Option<Story> {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let value = format!("value-{number}");
        let guard = kind.passphrase().map_or(String::new(), |guard| format!("&passphrase={guard}"));
        let (status, shared) = self.ask(number, "/api/v1/share", &format!("secret={value}{guard}"))?;
        assert!(status == 200 || status == 503, "{status} {shared}");
        (status == 200).then(|| Story::new(number, value, kind.passphrase(), &shared))
    }

    /// Does with it what its kind says, until an answer is missing or says no.
    pub(super) fn go_on(&mut self, story: &mut Story, kind: Kind) {
        for deed in kind.deeds() {
            let answer = self.act(story, *deed);
            if answer != Answer::Done {
                return;
            }
        }
    }

    /// Asks for one deed, and writes down what came of it.
    pub(super) fn act(&mut self, story: &mut Story, deed: Deed) -> Answer {
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let (path, form) = story.request(deed);
        let answer = match self.ask(number, &path, &form) {
            None => Answer::Unsure,
            Some((503, body)) => refusal(&body),
            Some((status, body)) => {
                assert!(is_done(story, deed, status, &body), "{deed:?}: {status} {body} for {story:?}");
                Answer::Done
            }
        };
        story.deeds.push((number, deed, answer));
        answer
    }

    /// Status and body, or nothing from a server that is gone. What is refused says when
    /// to come again.
    fn ask(&mut self, number: u64, path: &str, form: &str) -> Option<(u16, Value)> {
        let headers = format!("Host: a\r\nX-Request-Id: {number}\r\n");
        let answer = self.server.exchange("POST", path, &headers, form).ok();
        self.gone = answer.is_none();
        let (head, body) = answer?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(status < 500 || status == 503, "{head}\n{body}");
        if status == 503 {
            self.refused += 1;
            assert!(head.to_ascii_lowercase().contains("\r\nretry-after: "), "{head}");
        }
        Some((status, serde_json::from_str(&body).unwrap()))
    }
}

fn refusal(body: &Value) -> Answer {
    let told = body["message"].as_str().unwrap();
    if told.ends_with(PERHAPS) { Answer::Unsure } else { Answer::NotDone }
}

fn is_done(story: &Story, deed: Deed, status: u16, body: &Value) -> bool {
    match deed {
        Deed::Guess => status == 404 && body["message"] == "Unknown secret",
        Deed::End(Ending::Received) => status == 200 && body["value"] == story.value.as_str(),
        Deed::End(Ending::Burned) => status == 200 && body["state"]["state"] == "burned",
    }
}

/// Clients that work at once until they are stopped or their server is gone.
pub(super) struct Crowd {
    workers: Vec<JoinHandle<Vec<Story>>>,
    told: Arc<Told>,
}

/// What a crowd was told so far.
#[derive(Default)]
pub(super) struct Told {
    over: AtomicBool,
    /// Secrets whose making was acknowledged.
    pub(super) made: AtomicU32,
    /// Answers of 503.
    pub(super) refused: AtomicU32,
}

impl Crowd {
    /// `size` clients, each beginning with another kind of secret.
    pub(super) fn start(server: &Arc<Server>, size: usize) -> Self {
        let told = Arc::new(Told::default());
        let workers = (0..size).map(|first| {
            let (server, told) = (Arc::clone(server), Arc::clone(&told));
            thread::spawn(move || work(&server, &told, first))
        });
        Self { workers: workers.collect(), told }
    }

    pub(super) fn told(&self) -> &Told {
        &self.told
    }

    /// Waits until they were told so. None of them may be left without an answer meanwhile.
    pub(super) fn until(&self, so: impl Fn(&Told) -> bool) {
        eventually(|| {
            assert!(self.workers.iter().all(|worker| !worker.is_finished()), "a client got no answer");
            so(&self.told)
        });
    }

    /// Waits until so many more secrets are acknowledged.
    pub(super) fn until_made(&self, more: u32) {
        let before = self.told.made.load(Ordering::Relaxed);
        self.until(|told| told.made.load(Ordering::Relaxed) >= before + more);
    }

    /// Waits until they were turned away so many times more.
    pub(super) fn until_refused(&self, more: u32) {
        let before = self.told.refused.load(Ordering::Relaxed);
        self.until(|told| told.refused.load(Ordering::Relaxed) >= before + more);
    }

    /// What they know, once all have ended. They end by themselves when the server does.
    pub(super) fn stop(self) -> Vec<Story> {
        self.told.over.store(true, Ordering::Relaxed);
        self.wait()
    }

    /// The same, for a server that is killed.
    pub(super) fn wait(self) -> Vec<Story> {
        self.workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    }
}

fn work(server: &Server, told: &Told, first: usize) -> Vec<Story> {
    let (mut client, mut stories) = (Client::new(server), Vec::new());
    for kind in Kind::MIX.into_iter().cycle().skip(3 * first) {
        if client.gone || told.over.load(Ordering::Relaxed) {
            break;
        }
        if let Some(mut story) = client.share(kind) {
            told.made.fetch_add(1, Ordering::Relaxed);
            client.go_on(&mut story, kind);
            stories.push(story);
        }
        told.refused.fetch_add(std::mem::take(&mut client.refused), Ordering::Relaxed);
    }
    stories
}
