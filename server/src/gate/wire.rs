//! What a gate stands before: a socket, with TLS on it or without.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A client's connection.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Has the kernel forget what the client does not take, once the socket is closed.
    fn drop_unsent(&self) -> io::Result<()>;
}

impl Wire for TcpStream {
    fn drop_unsent(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Wire for Box<TlsStream<TcpStream>> {
    fn drop_unsent(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}
