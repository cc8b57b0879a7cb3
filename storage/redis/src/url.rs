//! Where Redis is, as `store` in the configuration says it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use redis::io::tcp::TcpSettings;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};
use zeroize::Zeroizing;

/// Redis' usual port.
const PORT: u16 = 6379;
/// Sentinel's.
const SENTINEL_PORT: u16 = 26379;

/// A URL of a single Redis, of Sentinels, or of a cluster.
///
/// | URL | what |
/// |---|---|
/// | `redis://HOST:PORT/DB` | one server |
/// | `redis+unix:///PATH?db=DB` | one server, by its socket |
/// | `redis-sentinel://HOST:PORT,HOST:PORT/MASTER/DB` | the master that Sentinels name |
/// | `redis-cluster://HOST:PORT,HOST:PORT` | a cluster, found from any of its nodes |
///
/// `rediss` in the place of `redis` is the same over TLS. `USER:PASSWORD@` may
/// stand before the hosts, with what has a meaning in a URL escaped (`%40` for
/// `@`). Sentinels get no password, unless `?sentinel_password=` (and
/// `&sentinel_user=`) says one. Neither `Display` nor `Debug` shows a password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    pub(crate) place: Place,
    pub(crate) tls: bool,
    pub(crate) login: Login,
    pub(crate) sentinel_login: Login,
    pub(crate) db: u16,
    written: Zeroizing<String>,
}

/// What is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    One(Host),
    Socket(PathBuf),
    Sentinel { sentinels: Vec<Host>, master: String },
    Cluster(Vec<Host>),
}

/// A host and its port.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// As whom to connect.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Zeroizing<String>>,
}

/// A text that is no URL of a Redis. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadUrl {
    /// None of our schemes.
    #[error(
        "this is no Redis URL; write redis://, rediss://, redis+unix://, redis-sentinel:// or redis-cluster://"
    )]
    Scheme,
    /// A host or port is none.
    #[error(
        "write HOST or HOST:PORT behind ://, as in redis://127.0.0.1:6379 (several with commas between for Sentinel and Cluster)"
    )]
    Host,
    /// Several hosts where one is meant.
    #[error(
        "redis:// is one server; several are redis-sentinel://HOST,HOST/MASTER or redis-cluster://HOST,HOST"
    )]
    TooMany,
    /// No path of a socket.
    #[error("redis+unix:// needs the path of a socket, as in redis+unix:///run/redis/redis.sock")]
    Socket,
    /// Sentinels watch several masters.
    #[error(
        "redis-sentinel:// needs the name of the master behind the hosts, as in redis-sentinel://a:26379,b:26379/mymaster"
    )]
    Master,
    /// A database that is none.
    #[error("the database behind the host must be a number from 0 to 65535; a cluster has only 0")]
    Database,
    /// Credentials that are not text.
    #[error("user and password must be UTF-8, with @ / : ? and % escaped (%40 %2F %3A %3F %25)")]
    Login,
    /// A parameter we do not know.
    #[error(
        "a parameter behind ? is not known; known are db (redis+unix), sentinel_user and sentinel_password (redis-sentinel)"
    )]
    Parameter,
}

impl RedisUrl {
    /// Whether what is written is meant to be one of ours.
    #[must_use]
    pub fn is_meant(url: &str) -> bool {
        url.split_once(':').is_some_and(|(scheme, _)| scheme.starts_with("redis"))
    }

    /// As it was written, password and all: for a file that only its owner reads.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.written
    }

    /// How to connect to `host` of this URL.
    pub(crate) fn at(&self, host: &Host) -> redis::RedisResult<ConnectionInfo> {
        connection(self.tcp(host), &self.login, self.db)
    }

    /// How to connect to a Sentinel.
    pub(crate) fn at_sentinel(&self, host: &Host) -> redis::RedisResult<ConnectionInfo> {
        connection(self.tcp(host), &self.sentinel_login, 0)
    }

    /// How to connect by a socket.
    pub(crate) fn at_socket(&self, path: &std::path::Path) -> redis::RedisResult<ConnectionInfo> {
        connection(ConnectionAddr::Unix(path.to_owned()), &self.login, self.db)
    }

    fn tcp(&self, host: &Host) -> ConnectionAddr {
        let (host, port) = (host.name.clone(), host.port);
        match self.tls {
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host, port),
        }
    }
}

/// Protocol 3 tells when a connection ends; version 2 only tells whoever asks next.
/// Redis is not told our library's name: that takes a permission that nothing else needs.
fn connection(addr: ConnectionAddr, login: &Login, db: u16) -> redis::RedisResult<ConnectionInfo> {
    let mut settings = RedisConnectionInfo::default()
        .set_protocol(ProtocolVersion::RESP3)
        .set_skip_set_lib_name()
        .set_db(i64::from(db));
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    // Without any password the library would not say who is there, either.
    let unasked = login.user.as_ref().map(|_| "");
    if let Some(password) = login.password.as_deref().map(String::as_str).or(unasked) {
        settings = settings.set_password(password);
    }
    // Nobody is to wait for more to send: what is sent together is written together.
    let socket = TcpSettings::default().set_nodelay(true);
    Ok(addr.into_connection_info()?.set_redis_settings(settings).set_tcp_settings(socket))
}

impl FromStr for RedisUrl {
    type Err = BadUrl;

    fn from_str(url: &str) -> Result<Self, BadUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(BadUrl::Scheme)?;
        let (tls, kind) = match scheme.strip_prefix("rediss") {
            Some(kind) => (true, kind),
            None => (false, scheme.strip_prefix("redis").ok_or(BadUrl::Scheme)?),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Login::read(login)?, rest),
            None => (Login::default(), rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let query = Query::read(query, kind)?;
        let (place, db) = match kind {
            "" => (one(hosts)?, database(path)?),
            "+unix" if !tls => (socket(hosts, path)?, query.db),
            "-sentinel" => {
                let (master, db) = path.split_once('/').unwrap_or((path, ""));
                let master = (!master.is_empty()).then(|| master.to_owned()).ok_or(BadUrl::Master)?;
                (Place::Sentinel { sentinels: list(hosts, SENTINEL_PORT)?, master }, database(db)?)
            }
            "-cluster" if database(path)? == 0 => (Place::Cluster(list(hosts, PORT)?), 0),
            "-cluster" => return Err(BadUrl::Database),
            _ => return Err(BadUrl::Scheme),
        };
        let written = Zeroizing::new(url.to_owned());
        Ok(Self { place, tls, login, sentinel_login: query.sentinel_login, db, written })
    }
}

fn one(hosts: &str) -> Result<Place, BadUrl> {
    let mut list = list(hosts, PORT)?;
    match (list.pop(), list.is_empty()) {
        (Some(host), true) => Ok(Place::One(host)),
        _ => Err(BadUrl::TooMany),
    }
}

fn socket(hosts: &str, path: &str) -> Result<Place, BadUrl> {
    let path = decoded(path)?;
    let fits = hosts.is_empty() && !path.is_empty() && !path.contains('\0');
    fits.then(|| Place::Socket(format!("/{path}").into())).ok_or(BadUrl::Socket)
}

fn list(hosts: &str, port: u16) -> Result<Vec<Host>, BadUrl> {
    hosts.split(',').map(|host| Host::read(host, port)).collect()
}

fn database(path: &str) -> Result<u16, BadUrl> {
    if path.is_empty() { Ok(0) } else { path.parse().map_err(|_| BadUrl::Database) }
}

fn decoded(text: &str) -> Result<String, BadUrl> {
    percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| BadUrl::Login)
}

impl Host {
    fn read(text: &str, usual: u16) -> Result<Self, BadUrl> {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (name, port) = match bracketed {
            Some((name, rest)) => (name, rest),
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(BadUrl::Host)?,
            None if port.is_empty() => usual,
            None => return Err(BadUrl::Host),
        };
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte);
        if name.is_empty() || !name.bytes().all(sound) {
            return Err(BadUrl::Host);
        }
        Ok(Self { name: name.to_owned(), port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl Login {
    /// `USER:PASSWORD`, `USER` or `:PASSWORD`.
    fn read(text: &str) -> Result<Self, BadUrl> {
        let (user, password) = match text.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (text, None),
        };
        Ok(Self { user: filled(user)?, password: filled(password.unwrap_or_default())?.map(Zeroizing::new) })
    }
}

fn filled(text: &str) -> Result<Option<String>, BadUrl> {
    if text.is_empty() { Ok(None) } else { decoded(text).map(Some) }
}

/// What may stand behind the `?`.
struct Query {
    db: u16,
    sentinel_login: Login,
}

impl Query {
    fn read(query: &str, kind: &str) -> Result<Self, BadUrl> {
        let mut read = Self { db: 0, sentinel_login: Login::default() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match (kind, pair.split_once('=').ok_or(BadUrl::Parameter)?) {
                ("+unix", ("db", db)) => read.db = database(db)?,
                ("-sentinel", ("sentinel_user", user)) => read.sentinel_login.user = filled(user)?,
                ("-sentinel", ("sentinel_password", password)) => {
                    read.sentinel_login.password = filled(password)?.map(Zeroizing::new);
                }
                _ => return Err(BadUrl::Parameter),
            }
        }
        Ok(read)
    }
}

impl fmt::Display for RedisUrl {
    /// As it was written, less every password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.place {
            Place::One(_) => "",
            Place::Socket(_) => "+unix",
            Place::Sentinel { .. } => "-sentinel",
            Place::Cluster(_) => "-cluster",
        };
        write!(f, "redis{}{kind}://", if self.tls { "s" } else { "" })?;
        match (&self.login.user, &self.login.password) {
            (Some(user), Some(_)) => write!(f, "{user}:(hidden)@")?,
            // Others read a single word before the `@` as the password.
            (Some(_), None) => f.write_str("(hidden)@")?,
            (None, Some(_)) => f.write_str(":(hidden)@")?,
            (None, None) => {}
        }
        let joined = |hosts: &[Host]| hosts.iter().map(Host::to_string).collect::<Vec<_>>().join(",");
        match &self.place {
            Place::One(host) => host.fmt(f)?,
            Place::Socket(path) => path.display().fmt(f)?,
            Place::Sentinel { sentinels, master } => write!(f, "{}/{master}", joined(sentinels))?,
            Place::Cluster(hosts) => f.write_str(&joined(hosts))?,
        }
        match (&self.place, self.db) {
            (_, 0) => Ok(()),
            (Place::Socket(_), db) => write!(f, "?db={db}"),
            (_, db) => write!(f, "/{db}"),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<String, BadUrl> {
        url.parse::<RedisUrl>().map(|url| url.to_string())
    }

    #[test]
    fn every_kind_reads_and_shows_without_its_password() {
        let cases = [
            ("redis://db", "redis://db:6379"),
            ("rediss://db:7000/3", "rediss://db:7000/3"),
            ("redis://[::1]:7000", "redis://[::1]:7000"),
            ("redis://tom:hunter2@db", "redis://tom:(hidden)@db:6379"),
            ("redis://:hunter2@db/1", "redis://:(hidden)@db:6379/1"),
            ("redis://hunter2@db", "redis://(hidden)@db:6379"),
            ("redis+unix:///run/r.sock?db=2", "redis+unix:///run/r.sock?db=2"),
            ("redis+unix://tom:hunter2@/run/r.sock", "redis+unix://tom:(hidden)@/run/r.sock"),
            ("redis-sentinel://a,b:1/main", "redis-sentinel://a:26379,b:1/main"),
            ("rediss-sentinel://a/main/4?sentinel_password=hunter2", "rediss-sentinel://a:26379/main/4"),
            ("redis-cluster://t:hunter2@a:1,b:2", "redis-cluster://t:(hidden)@a:1,b:2"),
            ("rediss-cluster://a", "rediss-cluster://a:6379"),
        ];
        for (url, shown) in cases {
            assert_eq!(read(url).as_deref(), Ok(shown));
            let parsed: RedisUrl = url.parse().unwrap();
            assert!(!format!("{parsed:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_password_may_hold_any_sign() {
        let url: RedisUrl = "redis://t%3Am:a%40b%2Fc%25@db".parse().unwrap();
        assert_eq!(url.login.user.as_deref(), Some("t:m"));
        assert_eq!(url.login.password.as_deref().map(String::as_str), Some("a@b/c%"));
    }

    #[test]
    fn what_is_wrong_is_said_and_never_repeated() {
        let cases = [
            ("postgres://hunter2@db", BadUrl::Scheme),
            ("redisx://hunter2@db", BadUrl::Scheme),
            ("redis:db", BadUrl::Scheme),
            ("redis://", BadUrl::Host),
            ("redis://db:hunter2", BadUrl::Host),
            ("redis://db:0", BadUrl::Host),
            ("redis://a b", BadUrl::Host),
            ("redis://a,b", BadUrl::TooMany),
            ("redis://db/x", BadUrl::Database),
            ("redis-cluster://a/1", BadUrl::Database),
            ("redis-sentinel://a", BadUrl::Master),
            ("redis+unix://", BadUrl::Socket),
            ("rediss+unix:///x", BadUrl::Scheme),
            ("redis://db?x=hunter2", BadUrl::Parameter),
            ("redis://%ff:x@db", BadUrl::Login),
        ];
        for (url, wrong) in cases {
            assert_eq!(read(url), Err(wrong), "{url}");
            assert!(!wrong.to_string().contains("hunter2"));
        }
    }
}
