//! `[smtp]`: the mail server that recipients are told through.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::error::ConfigError;
use super::overrides::Overrides;
use super::value::{Account, BadValue, Host, KeyPath, bad};
use crate::private_file;

/// Submission with STARTTLS (RFC 6409), submission over TLS (RFC 8314).
const PORTS: (u16, u16) = (587, 465);

/// The mail server that recipients are told through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Smtp {
    /// Where its URL stands.
    pub place: SmtpPlace,
    /// The address that messages come from.
    pub from: String,
    /// How connections are kept from listeners; `None` for what the URL says.
    pub tls: Option<SmtpTls>,
}

/// Where the URL of the mail server stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SmtpPlace {
    /// Here.
    Url(SmtpUrl),
    /// In a file that its owner alone can read.
    File(PathBuf),
}

/// How connections to the mail server are kept from listeners.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SmtpTls {
    /// TLS by STARTTLS, before anything is said; without it nothing is sent.
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// None.
    None,
}

impl SmtpTls {
    /// As it stands in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
            Self::None => "none",
        }
    }
}

impl FromStr for SmtpTls {
    type Err = BadValue;
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let known = [Self::Starttls, Self::Implicit, Self::None];
        let found = known.into_iter().find(|tls| tls.as_str() == text);
        found.map_or_else(|| bad(format!("`{text}` is none; allowed: starttls, implicit, none")), Ok)
    }
}

/// `smtp://USER:PASSWORD@HOST:PORT`, or `smtps://…`. Neither `Debug` nor `Display`
/// shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Whether it is `smtps`: TLS from the first byte.
    implicit: bool,
    /// Who signs in, with which password.
    credentials: Option<(String, Zeroizing<String>)>,
    /// A name, or an address without brackets.
    host: String,
    port: Option<u16>,
}

impl FromStr for SmtpUrl {
    type Err = BadValue;
    /// No refusal repeats the text: there may be a password in it.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        const FORM: &str =
            "it must be smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the first byte";
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let implicit = match scheme {
            "smtp" => false,
            "smtps" => true,
            _ => return bad(FORM),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        let (host, port) = host_and_port(place)?;
        Ok(Self { implicit, credentials: user.map(credentials).transpose()?, host, port })
    }
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), BadValue> {
    let Ok(host) = place.parse::<Host>() else {
        return bad(
            "what stands behind the // and the @ is no host: a name or an address, with :PORT if it has one",
        );
    };
    let text = host.as_str();
    let (name, port) = match text.rsplit_once(':') {
        // `Host` has read the port.
        Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
        _ => (text, None),
    };
    Ok((name.trim_start_matches('[').trim_end_matches(']').to_owned(), port))
}

fn credentials(written: &str) -> Result<(String, Zeroizing<String>), BadValue> {
    const ESCAPE: &str = "in user and password, write @ as %40, : as %3A, / as %2F, % as %25 and so on";
    let Some((user, password)) = written.split_once(':') else {
        return bad("a user has a password: smtp://USER:PASSWORD@HOST");
    };
    let decoded = |text: &str| {
        let is_plain =
            !text.is_empty() && !text.contains(['@', ':', '/', '?', '#', ' ']) && escapes_are_whole(text);
        let decoded = is_plain.then(|| percent_decode_str(text).decode_utf8().ok()).flatten();
        decoded
            .filter(|text| !text.contains(char::is_control))
            .map_or_else(|| bad(ESCAPE), |text| Ok(text.into_owned()))
    };
    Ok((decoded(user)?, Zeroizing::new(decoded(password)?)))
}

fn escapes_are_whole(text: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let signs = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    signs.into_iter().all(|(at, _)| hex(bytes.get(at + 1)) && hex(bytes.get(at + 2)))
}

impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.implicit { "smtps://" } else { "smtp://" })?;
        if let Some((user, _)) = &self.credentials {
            write!(f, "{user}:(hidden)@")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why mail can't be set up as the configuration says. Holds no password.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The file that the URL stands in can't be read.
    #[error("smtp.url_file: {0}")]
    File(#[from] private_file::Refused),
    /// What stands there is no URL of a mail server.
    #[error("{}: {problem}", path.display())]
    Url {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: BadValue,
    },
    /// URL and `tls` say different things.
    #[error("smtp.tls: {0}")]
    Tls(&'static str),
}

/// A mail server, as the whole of `[smtp]` says.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its name, or its address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How connections are kept from listeners.
    pub tls: SmtpTls,
    /// Who signs in.
    pub credentials: Option<MailUser>,
}

/// Who signs in to a mail server. `Debug` shows neither name nor password.
#[derive(Clone)]
pub struct MailUser {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for MailUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailUser([redacted])")
    }
}

impl MailServer {
    /// Whether a listener between could read what is sent.
    #[must_use]
    pub fn can_be_overheard(&self) -> bool {
        self.tls == SmtpTls::None && !is_loopback(&self.host)
    }
}

impl Smtp {
    /// The mail server. Reads the file, if the URL stands in one.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn server(&self) -> Result<MailServer, SmtpError> {
        let url = match &self.place {
            SmtpPlace::Url(url) => url.clone(),
            SmtpPlace::File(path) => read(path)?,
        };
        let tls = agreed(&url, self.tls).map_err(SmtpError::Tls)?;
        let port = url.port.unwrap_or(if tls == SmtpTls::Implicit { PORTS.1 } else { PORTS.0 });
        let credentials = url.credentials.map(|(user, password)| MailUser { user, password });
        Ok(MailServer { host: url.host, port, tls, credentials })
    }
}

fn read(path: &Path) -> Result<SmtpUrl, SmtpError> {
    let text = private_file::read(path, true)?;
    text.trim().parse().map_err(|problem| SmtpError::Url { path: path.to_owned(), problem })
}

/// What `tls` and the URL say together. STARTTLS, if neither says anything.
fn agreed(url: &SmtpUrl, written: Option<SmtpTls>) -> Result<SmtpTls, &'static str> {
    match written {
        None if url.implicit => Ok(SmtpTls::Implicit),
        None => Ok(SmtpTls::Starttls),
        Some(SmtpTls::Implicit) => Ok(SmtpTls::Implicit),
        Some(_) if url.implicit => Err(
            "an smtps:// server speaks TLS from the first byte: write \"implicit\", or smtp:// in the URL",
        ),
        Some(SmtpTls::None) if url.credentials.is_some() && !is_loopback(&url.host) => {
            Err("\"none\" would send the password for all to hear; use \"starttls\" or \"implicit\"")
        }
        Some(tls) => Ok(tls),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `[smtp]` as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table: [smtp] on a line of its own")]
pub(super) struct Written {
    pub(super) url: Option<SmtpUrl>,
    pub(super) url_file: Option<KeyPath>,
    pub(super) from: Option<Account>,
    pub(super) tls: Option<SmtpTls>,
}

/// What file and environment say together; `None` for no mail. `refused` makes an
/// error of what is wrong, at the place of a setting.
pub(super) fn merged(
    written: Written,
    folder: &Path,
    overrides: &Overrides,
    refused: impl Fn(&str, String) -> ConfigError,
) -> Result<Option<Smtp>, ConfigError> {
    let Written { url, url_file, from, tls } = written;
    let in_file = match (url, url_file) {
        (Some(_), Some(_)) => {
            return Err(refused("smtp.url_file", "smtp.url is set too; set one of them".to_owned()));
        }
        (url, path) => url.map(SmtpPlace::Url).or(path.map(|path| SmtpPlace::File(folder.join(path.0)))),
    };
    let Some(place) = overrides.smtp.clone().or(in_file) else {
        return if from.is_some() || tls.is_some() {
            Err(refused(
                "smtp",
                "[smtp] names no mail server: set url, url_file or WAXSEAL_SMTP_URL".to_owned(),
            ))
        } else {
            Ok(None)
        };
    };
    if cfg!(not(feature = "mail")) {
        let message = "this program was built without mail (the feature `mail`): take [smtp] and WAXSEAL_SMTP_URL out, or build it with mail";
        return Err(refused("smtp", message.to_owned()));
    }
    let Some(Account(from)) = from else {
        return Err(refused("smtp", "[smtp] lacks `from`, the address that messages come from".to_owned()));
    };
    if let SmtpPlace::Url(url) = &place {
        agreed(url, tls).map_err(|message| refused("smtp.tls", format!("smtp.tls: {message}")))?;
    }
    Ok(Some(Smtp { place, from, tls }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> SmtpUrl {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn smtp(text: &str, tls: Option<SmtpTls>) -> Result<MailServer, SmtpError> {
        Smtp { place: SmtpPlace::Url(url(text)), from: "a@b.co".into(), tls }.server()
    }

    #[test]
    fn a_url_names_the_server_and_who_signs_in() {
        let server = smtp("smtp://tom%40b.co:p%3Aa%2Fs%25s@mail.example.com:2525", None).unwrap();
        let user = server.credentials.unwrap();
        assert_eq!((server.host.as_str(), server.port), ("mail.example.com", 2525));
        assert_eq!((user.user.as_str(), user.password.as_str()), ("tom@b.co", "p:a/s%s"));
        let server = smtp("smtps://[::1]/", None).unwrap();
        assert_eq!((server.host.as_str(), server.port, server.tls), ("::1", 465, SmtpTls::Implicit));
        assert!(server.credentials.is_none());
        assert_eq!(smtp("smtp://mail", None).unwrap().port, 587);
    }

    #[test]
    fn a_password_is_never_shown() {
        let written = "smtp://tom:hunter2@mail.example.com:25";
        for shown in [
            url(written).to_string(),
            format!("{:?}", url(written)),
            format!("{:?}", SmtpPlace::Url(url(written))),
            format!("{:?}", smtp(written, None).unwrap()),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert_eq!(url(written).to_string(), "smtp://tom:(hidden)@mail.example.com:25");
        assert_eq!(url("smtps://[::1]:465").to_string(), "smtps://[::1]:465");
    }

    #[test]
    fn what_is_no_url_is_refused_without_a_word_of_it() {
        for text in [
            "mail.example.com",
            "http://tom:hunter2@mail",
            "smtp://tom:hunter2@",
            "smtp://tom:hunt@er2@mail",
            "smtp://tom:hunter2:@mail",
            "smtp://tom:hunter2/@mail",
            "smtp://tom:hunter2%@mail",
            "smtp://tom:hunter2%zz@mail",
            "smtp://tom:hunter2%00@mail",
            "smtp://tom:hunter2%FF@mail",
            "smtp://tom:@mail",
            "smtp://hunter2@mail",
            "smtp://tom:hunter2@mail:0",
            "smtp://tom:hunter2@mail/path",
            "smtp://tom:hunter2@mail?x",
            "smtp://tom:hunter2 @mail",
            "",
        ] {
            let refusal = text.parse::<SmtpUrl>().unwrap_err().to_string();
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn tls_is_required_unless_it_is_said_that_it_is_not() {
        let tls = |text, written| smtp(text, written).map(|server| server.tls).ok();
        assert_eq!(tls("smtp://mail", None), Some(SmtpTls::Starttls));
        assert_eq!(tls("smtp://mail", Some(SmtpTls::Implicit)), Some(SmtpTls::Implicit));
        assert_eq!(tls("smtp://mail", Some(SmtpTls::None)), Some(SmtpTls::None));
        assert_eq!(tls("smtps://mail", Some(SmtpTls::Starttls)), None);
        assert_eq!(tls("smtps://mail", Some(SmtpTls::None)), None);
        assert_eq!(tls("smtp://u:p@mail", Some(SmtpTls::None)), None, "a password for all to hear");
        assert_eq!(tls("smtp://u:p@127.0.0.1", Some(SmtpTls::None)), Some(SmtpTls::None));
        assert!(smtp("smtp://mail", Some(SmtpTls::None)).unwrap().can_be_overheard());
        assert!(!smtp("smtp://[::1]", Some(SmtpTls::None)).unwrap().can_be_overheard());
    }
}
