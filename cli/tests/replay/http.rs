//! The plainest HTTP/1.1 client: it sends exactly what it is given, duplicate
//! headers and odd framing too, which no library would.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes, so that a hung server fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// A head of `request_line` and `headers` in this order, then the body.
pub(crate) fn request(request_line: &str, headers: &[(String, String)], body: &Body) -> Vec<u8> {
    let mut head = format!("{request_line} HTTP/1.1\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match body {
        Body::None => head.push_str("\r\n"),
        Body::Whole(bytes) => head.push_str(&format!("Content-Length: {}\r\n\r\n", bytes.len())),
        Body::Chunked(_) => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
    }
    let mut sent = head.into_bytes();
    match body {
        Body::None => {}
        Body::Whole(bytes) => sent.extend(bytes),
        Body::Chunked(bytes) => sent.extend(chunks(bytes)),
    }
    sent
}

/// How a body is framed.
pub(crate) enum Body {
    /// No body and no length.
    None,
    /// With its length.
    Whole(Vec<u8>),
    /// In chunks, so small that they split what they carry.
    Chunked(Vec<u8>),
}

fn chunks(body: &[u8]) -> Vec<u8> {
    let mut sent = Vec::new();
    for chunk in body.chunks(5) {
        sent.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        sent.extend(chunk);
        sent.extend(b"\r\n");
    }
    sent.extend(b"0\r\n\r\n");
    sent
}

/// Sends and reads until the server closes.
pub(crate) fn exchange(server: SocketAddr, sent: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(sent)?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received)?;
    read(&received).ok_or_else(|| io::Error::other(format!("no HTTP answer in {} bytes", received.len())))
}

fn read(received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&received[..end]).ok()?, &received[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    if status == 100 {
        return read(body);
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
    Some(Answer { status, headers, body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interim_answer_is_skipped() {
        let answer = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\nA-B: c\r\n\r\nbody").unwrap();
        assert_eq!((answer.status, answer.header("a-b"), &answer.body[..]), (404, Some("c"), &b"body"[..]));
    }

    #[test]
    fn headers_keep_their_order_and_number() {
        let headers = [("B".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())];
        let sent = request("POST /", &headers, &Body::Chunked(b"secret".to_vec()));
        let expected = "POST / HTTP/1.1\r\nB: 1\r\nB: 2\r\nTransfer-Encoding: chunked\r\n\r\n\
                        5\r\nsecre\r\n1\r\nt\r\n0\r\n\r\n";
        assert_eq!(String::from_utf8(sent).unwrap(), expected);
    }
}
