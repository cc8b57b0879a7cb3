//! How long a client may take.

use std::time::Duration;

/// What each part of an exchange may take. The defaults cut every slow client
/// within a minute, and are longer than any client in use needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// From a connection's start, or a further request's first byte, to the end of its head.
    pub head: Duration,
    /// For a whole body.
    pub body: Duration,
    /// Between an answer and the next request's first byte.
    pub idle: Duration,
    /// Without one byte of the answer being taken.
    pub stall: Duration,
    /// For what a refused client is still sending. A socket that is closed with bytes
    /// unread resets the connection, and the client loses the answer (RFC 9112, 9.6).
    pub linger: Duration,
    /// After a shutdown was asked for, for what has begun.
    pub farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(20),
            linger: Duration::from_secs(2),
            farewell: Duration::from_secs(10),
        }
    }
}
