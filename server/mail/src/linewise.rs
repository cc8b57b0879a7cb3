//! A stream that never hands out more than one line at a time.
//!
//! What a server says before TLS is nobody's word: whoever sits between may add
//! lines behind the answer to STARTTLS, hoping that they are read as if they had
//! come over TLS. A buffered reader above this stream holds no such line: it stays
//! in the socket, where TLS meets it, finds that it is none of its own, and ends.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection, read line by line. Bytes without a line's end pass as they come.
#[derive(Debug)]
pub(crate) struct Linewise(pub(crate) TcpStream);

impl AsyncRead for Linewise {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut peeked = ReadBuf::new(buf.initialize_unfilled());
        let there = ready!(self.0.poll_peek(cx, &mut peeked))?;
        let bytes = &peeked.filled()[..there];
        let line = bytes.iter().position(|byte| *byte == b'\n').map_or(there, |at| at + 1);
        let mut limited = buf.take(line);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut limited))?;
        let read = limited.filled().len();
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Linewise {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Linewise {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}
