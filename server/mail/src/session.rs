//! One connection to the relay, and the steps of a delivery.
//!
//! lettre's own transport hides at which step a message failed. Here everything
//! hangs on it: whoever never heard an answer to the content must not send it
//! again. So its connection is driven step by step.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt};
use lettre::transport::smtp::response::Severity;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::linewise::Linewise;
use crate::relay::{MECHANISMS, Relay, Security};
use crate::timing::Timing;

/// For a farewell that nobody needs.
const PARTING: Duration = Duration::from_secs(1);
/// For a connection that was kept to show that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// The steps of a delivery, in their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Step {
    /// The server is found, answers, and greets.
    Connect,
    /// The connection is encrypted, and the server is who it should be.
    Tls,
    /// The server takes the user and the password.
    SignIn,
    /// It takes messages from this sender.
    Sender,
    /// It takes messages for this recipient.
    Recipient,
    /// It takes the content.
    Content,
    /// It has taken the message over.
    Answer,
}

impl Step {
    /// Its name, for logs and machines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::SignIn => "sign-in",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Content => "content",
            Self::Answer => "answer",
        }
    }
}

/// What a failure means for the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was not sent; another try may succeed.
    Later,
    /// It was not sent, and never will be.
    Never,
    /// It may have been sent: all of it was, and no answer came.
    Unknown,
}

/// Why a message was not, or not surely, delivered. `Display` and `Debug` hold no
/// word of the server, for that often names an address; [`Trouble::said`] does.
pub struct Trouble {
    /// At which step.
    pub step: Step,
    /// What it means for the message.
    pub verdict: Verdict,
    /// The server's reply code, if it was the server that refused.
    pub code: Option<u16>,
    said: String,
}

impl Trouble {
    fn new(step: Step, verdict: Verdict, said: impl Into<String>) -> Self {
        Self { step, verdict, code: None, said: said.into() }
    }

    /// On this side, before anything was said.
    pub(crate) fn here(said: impl Into<String>) -> Self {
        Self::new(Step::Connect, Verdict::Later, said)
    }

    /// A refusal is for ever if the server says so (5yz); all else may pass.
    fn of(step: Step, error: &Error) -> Self {
        let verdict = if error.is_permanent() { Verdict::Never } else { Verdict::Later };
        let code = error.status().and_then(|code| code.to_string().parse().ok());
        let step = if error.is_tls() { Step::Tls } else { step };
        let said = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        Self { step, verdict, code, said }
    }

    /// What the server or the system said. For whoever tries the mail out, never for a log.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.step.as_str())?;
        self.code.map_or(Ok(()), |code| write!(f, " ({code})"))
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, verdict, code, .. } = self;
        f.debug_struct("Trouble")
            .field("step", step)
            .field("verdict", verdict)
            .field("code", code)
            .finish_non_exhaustive()
    }
}

/// Is told of each step that succeeded.
pub(crate) type Witness<'a> = &'a mut (dyn FnMut(Step) + Send);

/// A connection that is signed in.
pub(crate) struct Session(AsyncSmtpConnection);

impl Session {
    /// Connects, encrypts and signs in.
    pub(crate) async fn open(relay: &Relay, timing: &Timing, witness: Witness<'_>) -> Result<Self, Trouble> {
        // Which step it was when time ran out.
        let mut step = Step::Connect;
        let opening = opening(relay, &mut step, witness);
        match timeout(timing.connect, opening).await {
            Ok(opened) => opened.map(Self),
            Err(_) => Err(Trouble::new(step, Verdict::Later, "no answer in time")),
        }
    }

    /// Whether the server still holds the line.
    pub(crate) async fn lives(&mut self) -> bool {
        matches!(timeout(SIGN_OF_LIFE, self.0.command(Noop)).await, Ok(Ok(_)))
    }

    /// Says goodbye. Nobody depends on it.
    pub(crate) async fn part(mut self) {
        timeout(PARTING, self.0.abort()).await.ok();
    }

    /// Hands over one message.
    pub(crate) async fn deliver(
        &mut self,
        envelope: &Envelope,
        content: &[u8],
        timing: &Timing,
        witness: Witness<'_>,
    ) -> Result<(), Trouble> {
        let mail = Mail::new(envelope.from().cloned(), Vec::new());
        answered(Step::Sender, timing, self.0.command(mail)).await?;
        witness(Step::Sender);
        for to in envelope.to() {
            answered(Step::Recipient, timing, self.0.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        }
        witness(Step::Recipient);
        let invited = answered(Step::Content, timing, self.0.command(Data)).await?;
        if !invited.has_code(354) {
            return Err(Trouble::new(
                Step::Content,
                Verdict::Later,
                "the server did not ask for the content",
            ));
        }
        self.content(content, timing, witness).await
    }

    /// From the last dot on the message is the server's, whether or not it can still say so.
    async fn content(
        &mut self,
        content: &[u8],
        timing: &Timing,
        witness: Witness<'_>,
    ) -> Result<(), Trouble> {
        let mut dotted = false;
        let parts = std::iter::once(content).chain(std::iter::from_fn(|| {
            // Asked for more, lettre has written it all, and goes on to the dot.
            dotted = true;
            witness(Step::Content);
            None
        }));
        let answer = timeout(timing.answer, self.0.message_iter(parts)).await;
        match answer {
            Ok(Ok(answer)) if answer.code().severity == Severity::PositiveCompletion => {
                witness(Step::Answer);
                Ok(())
            }
            Ok(Err(error)) if error.status().is_some() => Err(Trouble::of(Step::Answer, &error)),
            Ok(Err(error)) if !dotted => Err(Trouble::of(Step::Content, &error)),
            Err(_) if !dotted => Err(Trouble::new(Step::Content, Verdict::Later, "no answer in time")),
            Ok(Err(error)) => Err(Trouble { verdict: Verdict::Unknown, ..Trouble::of(Step::Answer, &error) }),
            Ok(Ok(_)) => Err(Trouble::new(Step::Answer, Verdict::Unknown, "an answer that says nothing")),
            Err(_) => Err(Trouble::new(Step::Answer, Verdict::Unknown, "no answer in time")),
        }
    }
}

async fn opening(
    relay: &Relay,
    step: &mut Step,
    witness: Witness<'_>,
) -> Result<AsyncSmtpConnection, Trouble> {
    let mut connection = greeted(relay).await?;
    witness(Step::Connect);
    *step = Step::Tls;
    if relay.security == Security::Starttls {
        let encrypted = connection.starttls(relay.tls.clone(), &relay.hello).await;
        encrypted.map_err(|error| Trouble::of(Step::Tls, &error))?;
    }
    if relay.security != Security::None {
        witness(Step::Tls);
    }
    *step = Step::SignIn;
    if let Some(credentials) = &relay.credentials {
        let signed_in = connection.auth(&MECHANISMS, credentials).await;
        signed_in.map_err(|error| Trouble::of(Step::SignIn, &error))?;
        witness(Step::SignIn);
    }
    Ok(connection)
}

async fn greeted(relay: &Relay) -> Result<AsyncSmtpConnection, Trouble> {
    let (server, hello) = ((relay.host.as_str(), relay.port), &relay.hello);
    let greeted = match relay.security {
        Security::Implicit => {
            let tls = Some(relay.tls.clone());
            let greeted = AsyncSmtpConnection::connect_tokio1(server, None, hello, tls, None).await;
            return greeted.map_err(|error| Trouble::of(step_of_implicit(&error), &error));
        }
        Security::Starttls | Security::None => {
            let stream = TcpStream::connect(server).await;
            let stream =
                stream.map_err(|error| Trouble::new(Step::Connect, Verdict::Later, error.to_string()))?;
            AsyncSmtpConnection::connect_with_transport(Box::new(Linewise(stream)), hello).await
        }
    };
    greeted.map_err(|error| Trouble::of(Step::Connect, &error))
}

/// Connecting and the handshake are one call of lettre's. It calls a handshake that
/// failed a failed connection, and of the causes only that one is "invalid data".
fn step_of_implicit(error: &Error) -> Step {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let mut kinds = causes.filter_map(|cause| cause.downcast_ref()).map(io::Error::kind);
    if kinds.any(|kind| kind == io::ErrorKind::InvalidData) { Step::Tls } else { Step::Connect }
}

async fn answered<T>(
    step: Step,
    timing: &Timing,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Trouble> {
    match timeout(timing.command, answer).await {
        Ok(answer) => answer.map_err(|error| Trouble::of(step, &error)),
        Err(_) => Err(Trouble::new(step, Verdict::Later, "no answer in time")),
    }
}
