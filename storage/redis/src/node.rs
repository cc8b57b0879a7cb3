//! One server and the connections to it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionInfo, Pipeline, PushInfo, PushKind, Value};
use tokio::time::{Instant as Deadline, timeout_at};

use crate::fault::{Fault, Trouble, unreachable};

/// How long one attempt to connect may take. With what waits behind it, an answer
/// that there is no Redis comes within half a second.
const CONNECTING: Duration = Duration::from_millis(300);
/// How long a failed attempt speaks for all who ask: so a crowd does not storm a
/// server that has just come up, and nobody waits for a server that is not there.
const FAILED: Duration = Duration::from_millis(100);
/// Operations that may wait for their turn on a connection without waiting for one another.
const QUEUE: usize = 1_024;
/// Connections of their own that are kept for later use.
const SPARE: usize = 64;

/// A server.
pub(crate) struct Node {
    address: String,
    client: Client,
    shared: RwLock<Option<Line>>,
    /// Held while connecting, so that one does it for all. The last failure.
    connecting: tokio::sync::Mutex<Option<(Instant, Trouble)>>,
    spare: Mutex<Vec<Line>>,
}

/// One connection.
#[derive(Clone)]
pub(crate) struct Line {
    connection: MultiplexedConnection,
    ended: Arc<AtomicBool>,
}

impl Line {
    fn is_up(&self) -> bool {
        !self.ended.load(Ordering::Acquire)
    }

    /// Sends the commands of `flight` together; answers each one's answer. Never sends twice.
    pub(crate) async fn send(
        &mut self,
        node: &Node,
        flight: &Pipeline,
        by: Deadline,
    ) -> Result<Vec<Value>, Fault> {
        let started = Deadline::now();
        // The library's own method: that of its trait takes an allocation more.
        let sent = timeout_at(by, self.connection.send_packed_commands(flight, 0, flight.len())).await;
        match sent {
            Ok(Ok(values)) => Ok(values),
            Ok(Err(_)) => {
                self.end();
                Err(Fault::Unsure(Trouble::HungUp(node.address.clone())))
            }
            Err(_) => {
                self.end();
                Err(Fault::Unsure(Trouble::Late(node.address.clone(), by - started)))
            }
        }
    }

    /// Nobody is to send on it any more.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }
}

impl Node {
    /// Nothing is connected yet.
    pub(crate) fn new(address: String, info: ConnectionInfo) -> Result<Arc<Self>, Trouble> {
        let client = Client::open(info).map_err(|error| unreachable(&address, &error))?;
        Ok(Arc::new(Self {
            address,
            client,
            shared: RwLock::default(),
            connecting: tokio::sync::Mutex::default(),
            spare: Mutex::default(),
        }))
    }

    /// Where it is, for people.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The connection that all share: many operations are on their way over it at once.
    pub(crate) async fn line(&self) -> Result<Line, Trouble> {
        if let Some(line) = self.standing() {
            return Ok(line);
        }
        let mut failed = self.connecting.lock().await;
        if let Some(line) = self.standing() {
            return Ok(line);
        }
        if let Some((_, trouble)) = failed.as_ref().filter(|(at, _)| at.elapsed() < FAILED) {
            return Err(trouble.clone());
        }
        match self.connect().await {
            Ok(line) => {
                *failed = None;
                *self.shared.write().unwrap_or_else(PoisonError::into_inner) = Some(line.clone());
                Ok(line)
            }
            Err(trouble) => {
                *failed = Some((Instant::now(), trouble.clone()));
                Err(trouble)
            }
        }
    }

    /// The same, if it stands already.
    pub(crate) fn standing(&self) -> Option<Line> {
        let shared = self.shared.read().unwrap_or_else(PoisonError::into_inner);
        shared.as_ref().filter(|line| line.is_up()).cloned()
    }

    /// A connection of one's own. Whoever is done with it, and knows every answer
    /// that it was to give, hands it back.
    pub(crate) async fn own_line(&self) -> Result<Line, Trouble> {
        loop {
            let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match spare {
                Some(line) if line.is_up() => return Ok(line),
                Some(_) => {}
                None => return self.connect().await,
            }
        }
    }

    pub(crate) fn hand_back(&self, line: Line) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_up() && spare.len() < SPARE {
            spare.push(line);
        }
    }

    async fn connect(&self) -> Result<Line, Trouble> {
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let told = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                seen.store(true, Ordering::Release);
            }
            Ok::<(), std::convert::Infallible>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            // Each operation has its own.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE)
            .set_push_sender(told);
        match self.client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => Ok(Line { connection, ended }),
            Err(error) => Err(unreachable(&self.address, &error)),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.address).finish()
    }
}
