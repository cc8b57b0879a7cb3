//! An SMTP server for tests, on loopback: it takes messages and keeps them, and
//! fails wherever it is told to. It runs on a thread of its own, so that tests
//! with a runtime and tests without can use it.
//!
//! ```
//! use waxseal_smtp_sink::{Act, Fault, Rules, Sink, Stage};
//!
//! // The first recipient is greylisted, every further one taken.
//! let greylist = Fault::new(Stage::Recipient, Act::Say("451 4.7.1 come back later"));
//! let sink = Sink::start(Rules { faults: vec![Some(greylist)], ..Rules::default() });
//! assert!(sink.mails().is_empty());
//! ```
//!
//! # Panics
//! A test that waits in vain is told so by a panic.

#![forbid(unsafe_code)]

mod dialog;
mod tls;

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

pub use tls::Identity;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where in a dialog something goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// At the banner.
    Greeting,
    /// At EHLO.
    Hello,
    /// At STARTTLS.
    Starttls,
    /// At AUTH.
    SignIn,
    /// At MAIL.
    Sender,
    /// At RCPT.
    Recipient,
    /// At DATA.
    Data,
    /// Amid the content.
    Content,
    /// After the last dot. With [`Act::HangUp`] and [`Act::Stall`] the message was taken.
    Dot,
}

/// What is done there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// This is said, and nothing is taken.
    Say(&'static str),
    /// Nothing is said any more.
    Stall,
    /// The connection is closed.
    HangUp,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    pub(crate) stage: Stage,
    pub(crate) act: Act,
}

impl Fault {
    /// `act` at `stage`.
    #[must_use]
    pub const fn new(stage: Stage, act: Act) -> Self {
        Self { stage, act }
    }
}

/// How a server behaves.
#[derive(Clone, Default)]
pub struct Rules {
    /// How it speaks TLS, if it does.
    pub tls: Tls,
    /// Name and password; without them nobody signs in.
    pub account: Option<(&'static str, &'static str)>,
    /// What goes wrong in the first connection, the second, and so on. Beyond, nothing.
    pub faults: Vec<Option<Fault>>,
    /// What goes wrong in every further connection.
    pub always: Option<Fault>,
    /// After so many messages a connection is closed; without a number, never.
    pub mails_each: Option<usize>,
}

/// How a server speaks TLS.
#[derive(Clone, Default)]
pub enum Tls {
    /// Not at all.
    #[default]
    None,
    /// After STARTTLS.
    Starttls(Identity),
    /// From the first byte.
    Implicit(Identity),
    /// After STARTTLS, with an answer to it behind which more was slipped in, in the plain.
    Injected(Identity),
}

/// A message that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Its envelope's sender.
    pub from: String,
    /// Its envelope's recipients.
    pub to: Vec<String>,
    /// Header and body, as they came, less the dots' escape.
    pub content: String,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Whether its bearer had signed in.
    pub signed_in: bool,
}

/// A running server. It ends with the process.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

/// What a server has seen.
#[derive(Default)]
pub(crate) struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Option<Fault>>,
    mails: Vec<Mail>,
    heard: String,
    connections: usize,
    open: usize,
}

impl Seen {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock().expect("no test panics with this lock held"));
        self.changed.notify_all();
        changed
    }

    /// One more connection: what goes wrong there.
    pub(crate) fn connected(&self, always: Option<Fault>) -> Option<Fault> {
        self.change(|state| {
            state.connections += 1;
            state.open += 1;
            state.faults.pop_front().unwrap_or(always)
        })
    }

    pub(crate) fn disconnected(&self) {
        self.change(|state| state.open -= 1);
    }

    pub(crate) fn took(&self, mail: Mail) {
        self.change(|state| state.mails.push(mail));
    }

    pub(crate) fn heard(&self, line: &str) {
        self.change(|state| {
            state.heard.push_str(line);
            state.heard.push('\n');
        });
    }
}

impl Sink {
    /// Starts a server on a free port.
    #[must_use]
    pub fn start(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket for tokio");
        let address = listener.local_addr().expect("a bound socket");
        let seen = Arc::new(Seen::default());
        seen.change(|state| state.faults = rules.faults.iter().copied().collect());
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(dialog::serve(listener, rules, shared));
        });
        Self { address, seen }
    }

    /// The messages taken so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.seen.change(|state| state.mails.clone())
    }

    /// Waits for so many messages.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Mail> {
        self.wait(|state| (state.mails.len() >= count).then(|| state.mails.clone()))
    }

    /// Waits for so many connections.
    pub fn wait_for_connections(&self, count: usize) {
        self.wait(|state| (state.connections >= count).then_some(()));
    }

    /// Waits until nobody is connected.
    pub fn wait_for_quiet(&self) {
        self.wait(|state| (state.open == 0).then_some(()));
    }

    /// How many connections there were.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.seen.change(|state| state.connections)
    }

    /// Every line that clients ever said, as it came out of TLS.
    #[must_use]
    pub fn heard(&self) -> String {
        self.seen.change(|state| state.heard.clone())
    }

    fn wait<T>(&self, so: impl Fn(&State) -> Option<T>) -> T {
        let mut state = self.seen.state.lock().expect("no test panics with this lock held");
        loop {
            if let Some(found) = so(&state) {
                return found;
            }
            let (next, waited) = self.seen.changed.wait_timeout(state, PATIENCE).expect("as above");
            assert!(!waited.timed_out(), "it never came");
            state = next;
        }
    }
}
