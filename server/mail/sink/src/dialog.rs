//! The server's side of a dialog (RFC 5321), and all that can go wrong in it.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use crate::{Act, Fault, Mail, Rules, Seen, Stage, Tls};

/// Accepts for ever.
pub(crate) async fn serve(listener: TcpListener, rules: Rules, seen: Arc<Seen>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket for tokio");
    loop {
        let (stream, _) = listener.accept().await.expect("loopback accepts");
        let (rules, seen) = (rules.clone(), Arc::clone(&seen));
        let fault = seen.connected(rules.always);
        tokio::spawn(async move {
            // A client that leaves is no fault of the server's.
            connection(stream, &rules, fault, &seen).await.ok();
            seen.disconnected();
        });
    }
}

/// A stream of bytes, plain or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connection(
    stream: tokio::net::TcpStream,
    rules: &Rules,
    fault: Option<Fault>,
    seen: &Seen,
) -> io::Result<()> {
    let session = |tls| Session { rules, fault, seen, tls, signed_in: false };
    if let Tls::Implicit(identity) = &rules.tls {
        let stream = identity.acceptor().accept(stream).await?;
        session(true).greet(BufReader::new(stream)).await.map(drop)
    } else {
        let Some(plain) = session(false).greet(BufReader::new(stream)).await? else { return Ok(()) };
        let (Tls::Starttls(identity) | Tls::Injected(identity)) = &rules.tls else { return Ok(()) };
        let stream = identity.acceptor().accept(plain.into_inner()).await?;
        session(true).talk(BufReader::new(stream)).await.map(drop)
    }
}

struct Session<'a> {
    rules: &'a Rules,
    fault: Option<Fault>,
    seen: &'a Seen,
    tls: bool,
    signed_in: bool,
}

/// A message being handed over.
#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

type Io<S> = BufReader<S>;

impl Session<'_> {
    /// The whole dialog. `Some` if TLS is to begin.
    async fn greet<S: Stream>(self, mut io: Io<S>) -> io::Result<Option<Io<S>>> {
        if !self.goes_wrong(Stage::Greeting, &mut io).await? {
            say(&mut io, "220 sink.test ESMTP").await?;
        }
        self.talk(io).await
    }

    async fn talk<S: Stream>(mut self, mut io: Io<S>) -> io::Result<Option<Io<S>>> {
        let (mut envelope, mut taken) = (Envelope::default(), 0);
        while let Some(line) = self.line(&mut io).await? {
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" if !self.goes_wrong(Stage::Hello, &mut io).await? => self.hello(&mut io).await?,
                "STARTTLS" if !self.goes_wrong(Stage::Starttls, &mut io).await? => {
                    let injected = matches!(self.rules.tls, Tls::Injected(_));
                    let more = if injected { "\r\n250-sink.test\r\n250 AUTH PLAIN" } else { "" };
                    say(&mut io, &format!("220 go ahead{more}")).await?;
                    return Ok(Some(io));
                }
                "AUTH" if !self.goes_wrong(Stage::SignIn, &mut io).await? => {
                    self.sign_in(rest, &mut io).await?;
                }
                "MAIL" if !self.goes_wrong(Stage::Sender, &mut io).await? => {
                    envelope = Envelope { from: address(rest), to: Vec::new() };
                    say(&mut io, "250 sender ok").await?;
                }
                "RCPT" if !self.goes_wrong(Stage::Recipient, &mut io).await? => {
                    envelope.to.push(address(rest));
                    say(&mut io, "250 recipient ok").await?;
                }
                "DATA" if !self.goes_wrong(Stage::Data, &mut io).await? => {
                    self.take(std::mem::take(&mut envelope), &mut io).await?;
                    taken += 1;
                    if self.rules.mails_each == Some(taken) {
                        return Ok(None);
                    }
                }
                "NOOP" | "RSET" => say(&mut io, "250 ok").await?,
                "QUIT" => {
                    say(&mut io, "221 bye").await?;
                    return Ok(None);
                }
                // What went wrong has been said.
                "EHLO" | "STARTTLS" | "AUTH" | "MAIL" | "RCPT" | "DATA" => {}
                _ => say(&mut io, "500 what?").await?,
            }
        }
        Ok(None)
    }

    async fn hello<S: Stream>(&self, io: &mut Io<S>) -> io::Result<()> {
        let mut offers = vec!["250-sink.test"];
        if matches!(self.rules.tls, Tls::Starttls(_) | Tls::Injected(_)) && !self.tls {
            offers.push("250-STARTTLS");
        }
        if self.rules.account.is_some() {
            offers.push("250-AUTH PLAIN LOGIN");
        }
        offers.push("250 SIZE 10000000");
        say(io, &offers.join("\r\n")).await
    }

    async fn sign_in<S: Stream>(&mut self, rest: &str, io: &mut Io<S>) -> io::Result<()> {
        let given = rest.strip_prefix("PLAIN ").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let right = self.rules.account.map(|(user, password)| format!("\0{user}\0{password}").into_bytes());
        self.signed_in = given.is_some() && given == right;
        say(io, if self.signed_in { "235 welcome" } else { "535 5.7.8 bad credentials" }).await
    }

    /// Reads the content to its dot, and keeps it.
    async fn take<S: Stream>(&self, envelope: Envelope, io: &mut Io<S>) -> io::Result<()> {
        say(io, "354 go on").await?;
        let mut content = String::new();
        loop {
            let line = self.line(io).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line == "." {
                break;
            }
            content.push_str(line.strip_prefix('.').unwrap_or(&line));
            content.push_str("\r\n");
            self.goes_wrong(Stage::Content, io).await?;
        }
        let refused = matches!(self.fault, Some(Fault { stage: Stage::Dot, act: Act::Say(_) }));
        if !refused {
            let Envelope { from, to } = envelope;
            self.seen.took(Mail { from, to, content, tls: self.tls, signed_in: self.signed_in });
        }
        if self.goes_wrong(Stage::Dot, io).await? {
            return Ok(());
        }
        say(io, "250 2.0.0 taken").await
    }

    /// Whether something goes wrong here, and has been said.
    async fn goes_wrong<S: Stream>(&self, stage: Stage, io: &mut Io<S>) -> io::Result<bool> {
        match self.fault.filter(|fault| fault.stage == stage).map(|fault| fault.act) {
            None => Ok(false),
            Some(Act::Say(text)) => say(io, text).await.map(|()| true),
            Some(Act::Stall) => self.silence(io).await,
            Some(Act::HangUp) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    /// Says nothing until the client leaves.
    async fn silence<S: Stream>(&self, io: &mut Io<S>) -> io::Result<bool> {
        while self.line(io).await?.is_some() {}
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    async fn line<S: Stream>(&self, io: &mut Io<S>) -> io::Result<Option<String>> {
        let mut line = String::new();
        if io.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        self.seen.heard(&line);
        Ok(Some(line))
    }
}

async fn say<S: Stream>(io: &mut Io<S>, text: &str) -> io::Result<()> {
    io.write_all(format!("{text}\r\n").as_bytes()).await?;
    io.flush().await
}

/// What stands between the angle brackets.
fn address(rest: &str) -> String {
    let inner = rest.split_once('<').and_then(|(_, inner)| inner.split_once('>'));
    inner.map_or(rest, |(address, _)| address).to_owned()
}
