//! One client: a connection that stays open, and one request on it at a time.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Header lines of an answer that are read; more are an error.
const LINES: usize = 32;

/// An open connection, and the answer that came last.
pub(crate) struct Connection {
    stream: TcpStream,
    held: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, held: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request, whole, and waits for its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.held.clear();
        let (status, head, length) = loop {
            if self.stream.read_buf(&mut self.held).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(found) = head(&self.held)? {
                break found;
            }
        };
        while self.held.len() < head + length {
            if self.stream.read_buf(&mut self.held).await? == 0 {
                bail!("the server closed the connection within an answer");
            }
        }
        Ok(Answer { status, body: &self.held[head..head + length] })
    }
}

/// Status, bytes of the head, bytes of the body; `None` while the head is not whole.
fn head(bytes: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let mut lines = [httparse::EMPTY_HEADER; LINES];
    let mut response = httparse::Response::new(&mut lines);
    let httparse::Status::Complete(head) = response.parse(bytes)? else { return Ok(None) };
    let length = response.headers.iter().find(|line| line.name.eq_ignore_ascii_case("content-length"));
    let length = std::str::from_utf8(length.context("an answer without its length")?.value)?.parse()?;
    Ok(Some((response.code.unwrap_or_default(), head, length)))
}
