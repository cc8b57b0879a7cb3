//! A client that sends what it is told, and answers as they came.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Longer than any answer takes, so that a server that hangs fails the test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A field of the JSON body.
    pub(crate) fn field(&self, name: &str) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }

    /// The first answer in `bytes`, and how long it is; `None` while it is not whole.
    fn read(bytes: &[u8], bodiless: bool) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..end - 4]).unwrap();
        let mut lines = head.split("\r\n");
        let status: u16 = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let headers: BTreeMap<_, _> = lines.map(header).collect();
        let length = match headers.get("content-length") {
            Some(length) if !bodiless => length.parse().unwrap(),
            _ => 0,
        };
        let body = String::from_utf8(bytes.get(end..end + length)?.to_vec()).unwrap();
        Some((Self { status, headers, body }, end + length))
    }
}

/// A socket, with TLS on it or without.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A socket that sends at once what it is given.
pub(crate) async fn plain(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A socket that has little room for what is not read.
pub(crate) async fn narrow(server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1_024).unwrap();
    let stream = socket.connect(server).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A connection.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        Self::over(plain(server).await)
    }

    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), received: Vec::new() }
    }

    /// Sends; whether the server still took it.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(PATIENCE, sent).await.expect("the server takes it or closes").is_ok()
    }

    /// Sends no more.
    pub(crate) async fn finish(&mut self) {
        // Fails only where the server has closed, which is then seen in its answers.
        self.stream.shutdown().await.ok();
    }

    /// Waits until something more has come.
    pub(crate) async fn receive(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await;
        // A reset is an end, too.
        read.expect("the server answers or closes").unwrap_or(0) > 0
    }

    /// One request and its whole answer. `headers` end with CRLF, each.
    pub(crate) async fn ask(&mut self, line: &str, headers: &str, body: &str) -> Answer {
        let length = body.len();
        let sent = format!("{line} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        self.send(sent.as_bytes()).await;
        self.answer().await
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        loop {
            if let Some((answer, length)) = Answer::read(&self.received, false) {
                self.received.drain(..length);
                return answer;
            }
            assert!(self.receive().await, "closed after {:?}", String::from_utf8_lossy(&self.received));
        }
    }

    /// Every answer until the server closes. `bodiless`: the first was to HEAD.
    pub(crate) async fn answers(mut self, bodiless: bool) -> Vec<Answer> {
        while self.receive().await {}
        let mut answers = Vec::new();
        while let Some((answer, length)) = Answer::read(&self.received, bodiless && answers.is_empty()) {
            self.received.drain(..length);
            answers.push(answer);
        }
        assert!(self.received.is_empty(), "half an answer: {:?}", String::from_utf8_lossy(&self.received));
        answers
    }
}
