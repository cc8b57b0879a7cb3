//! An open loop: requests are due at a fixed rate, whether or not the server keeps up.
//! What one takes is counted from the moment that it was due, so that a server that
//! keeps its clients waiting can't hide it by being asked less.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::sample::percentile;
use crate::traffic::{Share, reveal, text};

/// The part of a run that is driven before anything is counted.
const WARM_UP: f64 = 0.25;

/// How much is asked, by how many, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) rate: f64,
    pub(crate) connections: usize,
    pub(crate) length: Duration,
    pub(crate) bytes: usize,
    pub(crate) passphrase: bool,
}

/// What became of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) accepted: Waits,
    pub(crate) refused: Waits,
    /// Requests that were due in time and still unsent when the run was over.
    pub(crate) unsent: u64,
}

/// How long requests took, in nanoseconds, four seconds at the most: since they were due, and since they were sent.
#[derive(Default)]
pub(crate) struct Waits {
    due: Vec<u32>,
    sent: Vec<u32>,
}

impl Waits {
    fn note(&mut self, due: Instant, sent: Instant) {
        let nanos = |since: Instant| u32::try_from(since.elapsed().as_nanos()).unwrap_or(u32::MAX);
        self.due.push(nanos(due));
        self.sent.push(nanos(sent));
    }

    pub(crate) fn count(&self) -> usize {
        self.due.len()
    }

    fn append(&mut self, mut other: Self) {
        self.due.append(&mut other.due);
        self.sent.append(&mut other.sent);
    }

    fn sort(&mut self) {
        self.due.sort_unstable();
        self.sent.sort_unstable();
    }

    /// Milliseconds since requests were due.
    pub(crate) fn due_ms(&self, thousandths: usize) -> f64 {
        percentile(&self.due, thousandths)
    }

    /// Milliseconds since requests were sent.
    pub(crate) fn sent_ms(&self, thousandths: usize) -> f64 {
        percentile(&self.sent, thousandths)
    }
}

/// When requests are due, and the next one's number.
struct Schedule {
    start: Instant,
    every: Duration,
    due: Semaphore,
    taken: AtomicU64,
    over: AtomicBool,
}

impl Schedule {
    fn at(&self, number: u64) -> Instant {
        self.start + Duration::from_nanos(number * u64::try_from(self.every.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Lets requests go when they are due; says how many were. It has a thread of its own:
    /// the timers of the runtime know milliseconds only.
    fn tell(&self, until: Instant) -> u64 {
        let mut told = 0;
        while self.at(told) < until {
            thread::sleep(self.at(told).saturating_duration_since(Instant::now()));
            let now = Instant::now();
            let before = told;
            while self.at(told) <= now && self.at(told) < until {
                told += 1;
            }
            self.due.add_permits(usize::try_from(told - before).unwrap_or(0));
        }
        self.over.store(true, Ordering::Relaxed);
        self.due.close();
        told
    }

    /// Waits for the next request's turn, and says when it was due; `None` when all is over.
    async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        (!self.over.load(Ordering::Relaxed)).then(|| self.at(number))
    }
}

/// Asks as much as `offer` says, each connection sharing and revealing in turn, and each
/// request going to the connection that has been idle for longest.
pub(crate) async fn drive(address: SocketAddr, offer: Offer) -> anyhow::Result<Outcome> {
    let mut clients = Vec::with_capacity(offer.connections);
    for _ in 0..offer.connections {
        clients.push(Client::new(address, offer).await?);
    }
    let schedule = Arc::new(Schedule {
        start: Instant::now(),
        every: Duration::from_secs_f64(1.0 / offer.rate),
        due: Semaphore::new(0),
        taken: AtomicU64::new(0),
        over: AtomicBool::new(false),
    });
    let from = schedule.start + offer.length.mul_f64(WARM_UP);
    let until = from + offer.length;
    let mut loops: JoinSet<_> =
        clients.into_iter().map(|client| client.run(schedule.clone(), from)).collect();
    let telling = schedule.clone();
    let told = tokio::task::spawn_blocking(move || telling.tell(until)).await?;
    let unsent = told.saturating_sub(schedule.taken.load(Ordering::Relaxed));
    let mut outcome = Outcome { unsent, ..Outcome::default() };
    while let Some(done) = loops.join_next().await {
        let Outcome { accepted, refused, .. } = done??;
        outcome.accepted.append(accepted);
        outcome.refused.append(refused);
    }
    outcome.accepted.sort();
    outcome.refused.sort();
    Ok(outcome)
}

struct Client {
    connection: Connection,
    share: Share,
    passphrase: bool,
    /// The key of a secret that was shared and is not opened yet.
    standing: Option<String>,
    request: Vec<u8>,
}

impl Client {
    async fn new(address: SocketAddr, offer: Offer) -> anyhow::Result<Self> {
        Ok(Self {
            connection: Connection::open(address).await?,
            share: Share::new(offer.bytes, offer.passphrase),
            passphrase: offer.passphrase,
            standing: None,
            request: Vec::new(),
        })
    }

    async fn run(mut self, schedule: Arc<Schedule>, from: Instant) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        while let Some(due) = schedule.next().await {
            let sent = Instant::now();
            let accepted = self.ask().await?;
            let waits = if accepted { &mut outcome.accepted } else { &mut outcome.refused };
            if due >= from {
                waits.note(due, sent);
            }
        }
        Ok(outcome)
    }

    /// Shares a secret, or opens the one that stands. `false` if that was refused: then it
    /// stands as it did, and is opened the next time.
    async fn ask(&mut self) -> anyhow::Result<bool> {
        if let Some(key) = &self.standing {
            reveal(&mut self.request, key, self.passphrase);
            let answer = self.connection.ask(&self.request).await?;
            if !is_accepted(answer.status)? {
                return Ok(false);
            }
            ensure!(text(answer.body, "value")? == self.share.value(), "another value came back");
            self.standing = None;
        } else {
            let answer = self.connection.ask(self.share.next()).await?;
            if !is_accepted(answer.status)? {
                return Ok(false);
            }
            self.standing = Some(String::from_utf8(text(answer.body, "secret_key")?.to_vec())?);
        }
        Ok(true)
    }
}

/// Whatever happens, a request is carried out, or refused by 503.
fn is_accepted(status: u16) -> anyhow::Result<bool> {
    match status {
        200 => Ok(true),
        503 => Ok(false),
        _ => bail!("answered by {status}"),
    }
}
