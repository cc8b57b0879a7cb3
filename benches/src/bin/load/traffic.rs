//! Closed loops: so many connections, each asking again as soon as it was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::sample::Visit;
use crate::server::Server;

/// The part of a visit that is driven before anything is counted.
const WARM_UP: f64 = 0.2;
/// Who is told to come again waits for a moment; far shorter than the answer asks for.
const BACK_OFF: Duration = Duration::from_millis(100);
/// The passphrase of secrets that have one.
const PASSPHRASE: &str = "correct+horse+battery";
/// A key that is well formed and leads nowhere.
const NOWHERE: &str = "1k3lx2q8m0v7h5b9d4j6t1r0w8y2a5c";

/// What a connection does again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operation {
    /// Share, then reveal; the value must come back as it went.
    Pair,
    /// The same with a passphrase. What is refused for too many at once is counted as that, and
    /// asked again a moment later.
    PassphrasePair,
    /// Share only.
    Share,
    /// Reveal by a key that nobody has.
    Unknown,
    /// The bare server: two requests in place of share and reveal.
    BarePair,
    /// The bare server: one request.
    Bare,
}

impl Operation {
    /// What the bare server does, to compare this with.
    pub(crate) const fn bare(self) -> Self {
        match self {
            Self::Pair | Self::PassphrasePair | Self::BarePair => Self::BarePair,
            Self::Share | Self::Unknown | Self::Bare => Self::Bare,
        }
    }
}

/// Drives one server for `length`, and says what came of it.
pub(crate) async fn visit(
    server: &Server,
    operation: Operation,
    bytes: usize,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Visit> {
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(Client::new(server.address, operation, bytes).await?);
    }
    let from = Instant::now() + length.mul_f64(WARM_UP);
    let until = from + length;
    let mut loops: JoinSet<_> = clients.into_iter().map(|client| client.run(from, until)).collect();
    tokio::time::sleep_until(from.into()).await;
    let before = server.cpu()?;
    tokio::time::sleep_until(until.into()).await;
    let cpu = server.cpu()? - before;
    let mut visit = Visit::new(length, cpu);
    while let Some(done) = loops.join_next().await {
        visit.add(done??);
    }
    Ok(visit)
}

/// Shares so many secrets, and leaves them unopened.
pub(crate) async fn fill(server: &Server, bytes: usize, records: usize) -> anyhow::Result<()> {
    const CONNECTIONS: usize = 128;
    let left = Arc::new(std::sync::atomic::AtomicUsize::new(records));
    let mut loops = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut client = Client::new(server.address, Operation::Share, bytes).await?;
        let left = left.clone();
        loops.spawn(async move {
            let take = |left: usize| left.checked_sub(1);
            let relaxed = std::sync::atomic::Ordering::Relaxed;
            while left.fetch_update(relaxed, relaxed, take).is_ok() {
                client.operate().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = loops.join_next().await {
        done??;
    }
    Ok(())
}

/// What one connection counted.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) operations: u64,
    pub(crate) refused: u64,
    /// Of each request, in nanoseconds.
    pub(crate) latencies: Vec<u32>,
}

struct Client {
    connection: Connection,
    operation: Operation,
    share: Share,
    request: Vec<u8>,
    counted: Counted,
}

/// A share's request, and the value in it.
pub(crate) struct Share {
    request: Vec<u8>,
    value: Vec<u8>,
    /// Where in the request the value stands.
    place: usize,
    number: u64,
}

impl Share {
    pub(crate) fn new(bytes: usize, passphrase: bool) -> Self {
        // Characters that look the same in a form and in JSON, so that comparing is cheap.
        let value: Vec<u8> = (b'a'..=b'z').cycle().take(bytes).collect();
        let behind = if passphrase { format!("&passphrase={PASSPHRASE}") } else { String::new() };
        let length = "secret=".len() + value.len() + behind.len();
        let head = format!(
            "POST /api/v1/share HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: */*\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\nsecret="
        );
        let request = [head.as_bytes(), &value, behind.as_bytes()].concat();
        Self { request, value, place: head.len(), number: 0 }
    }

    /// A request whose value differs from the last one's.
    pub(crate) fn next(&mut self) -> &[u8] {
        self.number += 1;
        let number = format!("{:016x}", self.number);
        let number = &number.as_bytes()[..self.value.len().min(16)];
        self.value[..number.len()].copy_from_slice(number);
        self.request[self.place..self.place + number.len()].copy_from_slice(number);
        &self.request
    }

    /// The last one's value.
    pub(crate) fn value(&self) -> &[u8] {
        &self.value
    }
}

impl Client {
    async fn new(address: SocketAddr, operation: Operation, bytes: usize) -> anyhow::Result<Self> {
        Ok(Self {
            connection: Connection::open(address).await?,
            operation,
            share: Share::new(bytes, operation == Operation::PassphrasePair),
            request: Vec::new(),
            counted: Counted::default(),
        })
    }

    /// Counts what was answered between the two.
    async fn run(mut self, from: Instant, until: Instant) -> anyhow::Result<Counted> {
        loop {
            let done = self.operate().await?;
            let now = Instant::now();
            if now >= until {
                return Ok(self.counted);
            }
            if now < from {
                self.counted = Counted::default();
            } else {
                self.counted.operations += u64::from(done);
            }
        }
    }

    /// Does it once. `false` if it was refused.
    async fn operate(&mut self) -> anyhow::Result<bool> {
        match self.operation {
            Operation::Pair | Operation::PassphrasePair => self.pair().await,
            Operation::Share => Ok(self.shared().await?.is_some()),
            Operation::Unknown => {
                reveal(&mut self.request, NOWHERE, false);
                let (status, _) = timed(&mut self.connection, &mut self.counted, &self.request).await?;
                ensure!(status == 404, "an unknown key was answered by {status}");
                Ok(true)
            }
            Operation::BarePair => Ok(self.bare().await? && self.bare().await?),
            Operation::Bare => self.bare().await,
        }
    }

    async fn pair(&mut self) -> anyhow::Result<bool> {
        let Some(key) = self.shared().await? else { return Ok(false) };
        reveal(&mut self.request, &key, self.operation == Operation::PassphrasePair);
        let (status, body) = loop {
            let (status, body) = timed(&mut self.connection, &mut self.counted, &self.request).await?;
            if status != 503 {
                break (status, body.to_vec());
            }
            // Asked again: what is refused has cost no guess.
            self.counted.refused += 1;
            tokio::time::sleep(BACK_OFF).await;
        };
        ensure!(status == 200, "a reveal was answered by {status}");
        ensure!(text(&body, "value")? == self.share.value, "another value came back");
        Ok(true)
    }

    /// The link key of a new secret; `None` if it was refused.
    async fn shared(&mut self) -> anyhow::Result<Option<String>> {
        let (status, body) = timed(&mut self.connection, &mut self.counted, self.share.next()).await?;
        if status == 503 {
            self.counted.refused += 1;
            tokio::time::sleep(BACK_OFF).await;
            return Ok(None);
        }
        ensure!(status == 200, "a share was answered by {status}");
        Ok(Some(String::from_utf8(text(body, "secret_key")?.to_vec())?))
    }

    async fn bare(&mut self) -> anyhow::Result<bool> {
        let (status, _) = timed(&mut self.connection, &mut self.counted, self.share.next()).await?;
        ensure!(status == 200, "the bare server answered by {status}");
        Ok(true)
    }
}

/// One request; how long it took is noted.
async fn timed<'c>(
    connection: &'c mut Connection,
    counted: &mut Counted,
    request: &[u8],
) -> anyhow::Result<(u16, &'c [u8])> {
    let start = Instant::now();
    let answer = connection.ask(request).await?;
    counted.latencies.push(u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX));
    Ok((answer.status, answer.body))
}

/// A reveal's request.
pub(crate) fn reveal(request: &mut Vec<u8>, key: &str, passphrase: bool) {
    use std::io::Write;
    let body = if passphrase { format!("passphrase={PASSPHRASE}") } else { String::new() };
    request.clear();
    let written = write!(
        request,
        "POST /api/v1/secret/{key} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: */*\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    written.expect("a vector takes all that is written");
}

/// The text of a member of a JSON object, in which nothing is escaped.
pub(crate) fn text<'b>(body: &'b [u8], name: &str) -> anyhow::Result<&'b [u8]> {
    let member = format!("\"{name}\":\"");
    let place = body.windows(member.len()).position(|window| window == member.as_bytes());
    let rest = &body[place.with_context(|| format!("an answer without {name}"))? + member.len()..];
    let end = rest.iter().position(|byte| *byte == b'"').context("a text without an end")?;
    Ok(&rest[..end])
}
