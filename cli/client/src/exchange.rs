//! One request, one connection, one answer.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT,
};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::time::timeout;
use waxseal_core::wiped::Wiped;

use crate::dial::dial;
use crate::error::Error;
use crate::origin::Origin;
use crate::refusal::Refusal;

/// For the whole answer: a server may stretch a passphrase, and may have to queue for that.
const PATIENCE: Duration = Duration::from_secs(60);
/// Above the longest value that any server keeps, escaped. Refusing one would lose it.
const LARGEST: usize = 64 << 20;

/// What a server answered, and in which mood.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What newer servers mean by 404.
    intended: Option<u16>,
    retry_after: Option<u64>,
    /// What became of the message to a recipient.
    pub(crate) mail: Option<String>,
    to: Option<Origin>,
    pub(crate) body: Wiped,
}

#[derive(Deserialize)]
struct Said {
    message: String,
}

impl Answer {
    /// The answer, if it is a yes.
    pub(crate) fn accepted(self, origin: &Origin) -> Result<Self, Error> {
        let status = self.status;
        match status {
            200..=299 => return Ok(self),
            300..=399 => return Err(Error::Moved { origin: origin.clone(), to: self.to }),
            _ => {}
        }
        let said = serde_json::from_slice::<Said>(&self.body).map(|said| said.message);
        let message = match said {
            Ok(message) => message,
            Err(_) if status >= 500 => format!("status {status}"),
            Err(_) => return Err(Error::Stranger { origin: origin.clone(), status }),
        };
        Err(Error::Refused(Refusal::of(status, self.intended, &message, self.retry_after)))
    }
}

/// Sends one request to `origin` and reads the answer, whatever it is.
pub(crate) async fn exchange(
    origin: &Origin,
    method: Method,
    path: &str,
    authorization: Option<HeaderValue>,
    form: Bytes,
) -> Result<Answer, Error> {
    let unreachable = |source| Error::Unreachable { origin: origin.clone(), source };
    let lost = |reason: String| Error::Lost { origin: origin.clone(), reason };
    let stream = dial(origin).await.map_err(unreachable)?;
    let request = request(origin, method, path, authorization, form);
    let request = request.map_err(|error| unreachable(std::io::Error::other(error)))?;
    let talk = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the answer, or with what becomes of the sender.
        drop(tokio::spawn(connection));
        read(sender.send_request(request).await?).await
    };
    match timeout(PATIENCE, talk).await {
        Ok(Ok(Some(answer))) => Ok(answer),
        Ok(Ok(None)) => Err(lost(format!("it has more than {LARGEST} bytes"))),
        Ok(Err(error)) => Err(lost(error.to_string())),
        Err(_) => Err(lost(format!("none in {} s", PATIENCE.as_secs()))),
    }
}

fn request(
    origin: &Origin,
    method: Method,
    path: &str,
    authorization: Option<HeaderValue>,
    form: Bytes,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let target = Uri::builder().path_and_query(format!("/api/v1/{path}")).build()?;
    let mut request = Request::builder()
        .header(HOST, origin.authority())
        .header(USER_AGENT, concat!("waxseal/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "application/json");
    if method == Method::POST {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.method(method).uri(target).body(Full::new(form))
}

/// `None` if there is too much of it.
async fn read(answer: Response<Incoming>) -> Result<Option<Answer>, hyper::Error> {
    let (head, mut incoming) = answer.into_parts();
    let expected = incoming.size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let mut body = Wiped::new(Vec::with_capacity(expected.unwrap_or(1 << 16).min(LARGEST)));
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if body.len() + data.len() > LARGEST {
            return Ok(None);
        }
        body.append(&data);
    }
    let said = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let to = said(LOCATION.as_str()).and_then(|to| to.parse::<Uri>().ok());
    Ok(Some(Answer {
        status: head.status.as_u16(),
        intended: said("x-ots-intended-status").and_then(|status| status.parse().ok()),
        retry_after: said(RETRY_AFTER.as_str()).and_then(|secs| secs.parse().ok()),
        mail: said("x-mail-status").map(crate::refusal::clean),
        to: to.and_then(|to| Origin::of_url(&to).ok()),
        body,
    }))
}
