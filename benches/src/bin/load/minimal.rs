//! M: the bare server, and beside it only the work that no server of this kind is spared:
//! finding the value in the form, minting keys, sealing and opening, a record in a map or in
//! the product's own store, an answer with the contract's fields, a line in a log. No limits,
//! no checks, no gate, no wiping, one lock: what the whole product can come near to, and not beyond.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use waxseal_core::attempt::Guess;
use waxseal_core::entropy::draw;
use waxseal_core::id::{ClientId, Kid, LinkKey, MetadataKey, RecordId};
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::seal::content::{Binding, Content, Header, open, seal};
use waxseal_core::seal::keyring::Keyring;
use waxseal_core::secret::Plaintext;
use waxseal_core::state::Ending;
use waxseal_core::store::{Attempt, Created, Kind, MailState, Record, Sealed, Store};
use waxseal_core::system::{SystemClock, SystemEntropy};
use waxseal_core::time::{Clock, Timestamp, Ttl};
use waxseal_storage::{Options, open as open_store};

/// Bytes of the log that are written at once.
const LOG: usize = 32 * 1024;

struct Minimal {
    keyring: Keyring,
    clock: SystemClock,
    entropy: SystemEntropy,
    kept: Kept,
    log: Mutex<(Vec<u8>, File)>,
}

/// Where records are.
enum Kept {
    InMap(Mutex<HashMap<RecordId, Sealed>>),
    InStore(Arc<dyn Store>),
}

impl Kept {
    async fn open(url: Option<&str>) -> anyhow::Result<Self> {
        Ok(match url {
            None => Self::InMap(Mutex::default()),
            Some(url) => Self::InStore(open_store(&url.parse()?, Options::default()).await?.store),
        })
    }

    async fn put(&self, id: RecordId, sealed: Sealed, kid: Kid) -> Option<()> {
        match self {
            Self::InMap(map) => {
                map.lock().ok()?.insert(id, sealed);
                Some(())
            }
            Self::InStore(store) => {
                let now = sealed.created;
                // As long as a guest's info box.
                let info = vec![0; 40];
                let record = Record { id, kid, sealed, info, owner: None, mail: MailState::None };
                store.create(record, now).await.ok().filter(|created| *created == Created::Fresh).map(drop)
            }
        }
    }

    /// Reads, then claims: the second only for what could be read.
    async fn take(&self, id: RecordId, now: Timestamp) -> Option<Sealed> {
        let store = match self {
            Self::InMap(map) => return map.lock().ok()?.remove(&id),
            Self::InStore(store) => store,
        };
        let guess = Guess::None(ClientId([0; 8]));
        let Attempt::Granted { sealed, .. } =
            store.attempt(&id, guess, &AttemptPolicy::default(), now).await.ok()?
        else {
            return None;
        };
        store.settle(&id, Ending::Received, now).await.ok()?.map(|_| sealed)
    }
}

/// Serves until the process is killed: over the store at `url`, or over a map.
pub(crate) async fn serve(url: Option<&str>) -> anyhow::Result<()> {
    let entropy = SystemEntropy::default();
    let minimal = Arc::new(Minimal {
        keyring: Keyring::generate(&entropy)?,
        clock: SystemClock::default(),
        entropy,
        kept: Kept::open(url).await?,
        log: Mutex::new((Vec::new(), tempfile::tempfile()?)),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        stream.set_nodelay(true)?;
        let minimal = minimal.clone();
        let service = service_fn(move |request| answer(minimal.clone(), request));
        // A client that hangs up is no error.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    minimal: Arc<Minimal>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes);
    let said = match path.strip_prefix("/api/v1/secret/") {
        Some(key) => minimal.reveal(key).await.ok_or_else(|| unknown(key)),
        None if path == "/api/v1/status" => Ok("{\"status\":\"nominal\",\"locale\":\"en\"}".to_owned()),
        None => minimal.share(&body.unwrap_or_default()).await.ok_or_else(String::new),
    };
    minimal.note(said.is_ok());
    let status = if said.is_ok() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let mut response = Response::new(Full::new(Bytes::from(said.unwrap_or_else(|refusal| refusal))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn unknown(key: &str) -> String {
    format!("{{\"secret_key\":\"{key}\",\"message\":\"Unknown secret\"}}")
}

impl Minimal {
    async fn share(&self, form: &[u8]) -> Option<String> {
        let value = std::str::from_utf8(form.strip_prefix(b"secret=")?).ok()?;
        let (now, master) = (self.clock.now(), self.keyring.sealer());
        let header = Header { kid: master.kid(), cost: None, salt: draw(&self.entropy).ok()? };
        let key = MetadataKey::assemble(&draw(&self.entropy).ok()?, now.tick());
        let (link, created) = (key.link_key(), now.timestamp());
        let (id, expires, kind) = (self.keyring.record_id(&link), created.plus(Ttl::days(7)), Kind::Share);
        let content = Content { value: Plaintext::from(value), share_domain: None };
        let binding = Binding { id, created, expires, kind };
        let (lock, body) = seal(&content, header, &link, None, master.content(), &binding);
        let sealed = Sealed { created, expires, kind, passphrase_required: false, lock, body };
        self.kept.put(id, sealed, master.kid()).await?;
        let (key, link) = (key.text(), link.text());
        let (key, link, now) = (key.expose(), link.expose(), created.secs());
        Some(format!(
            "{{\"custid\":\"anon\",\"metadata_key\":\"{key}\",\"secret_key\":\"{link}\",\"ttl\":604800,\
             \"metadata_ttl\":1209600,\"secret_ttl\":604800,\"metadata_url\":\"http://localhost/receipt/{key}\",\
             \"state\":\"new\",\"updated\":{now},\"created\":{now},\"recipient\":[],\"share_domain\":\"\",\
             \"passphrase_required\":false}}"
        ))
    }

    async fn reveal(&self, key: &str) -> Option<String> {
        let link = LinkKey::parse(key)?;
        let id = self.keyring.record_id(&link);
        let sealed = self.kept.take(id, self.clock.now().timestamp()).await?;
        let master = self.keyring.sealer();
        let content = open(sealed, &link, None, master.content(), &id).ok()?;
        let value = serde_json::to_string(content.value.expose()).ok()?;
        Some(format!("{{\"value\":{value},\"secret_key\":\"{key}\",\"share_domain\":\"\"}}"))
    }

    fn note(&self, done: bool) {
        let Ok(mut log) = self.log.lock() else { return };
        let (lines, file) = &mut *log;
        let mut line = String::with_capacity(128);
        let millis = self.clock.now().millis();
        // A string takes all that is written.
        writeln!(line, "{millis} INFO answered request=\"0123456789abcdef\" done={done} micros=17").ok();
        lines.extend_from_slice(line.as_bytes());
        if lines.len() > LOG {
            file.write_all(lines).ok();
            lines.clear();
        }
    }
}
