//! Query and body of a POST, read into named fields.
//!
//! Both are read by whatever shape they have, since clients label them in every
//! way (V1-B1 to B12); the body wins over the query, and the last of two over
//! the first. Only a field that the contract reads must be well formed: UTF-8
//! without NUL (C-17). Names nobody knows are ignored with whatever they hold.

mod json;
mod media;
mod multipart;
mod urlencoded;

use std::fmt;

use zeroize::Zeroizing;

use self::media::Media;
use super::Request;
use super::refusal::Refusal;
use crate::wiped::Wiped;

/// The most parameters that query and body may hold together.
const MOST_PARAMETERS: usize = 100;

const TOO_MANY: Refusal = Refusal::Malformed("The request has too many parameters");
const NOT_UTF8: Refusal = Refusal::Malformed("A parameter is not valid UTF-8");
const HAS_NUL: Refusal = Refusal::Malformed("A parameter contains a NUL character");
const NOT_WHOLE: Refusal =
    Refusal::Malformed("A number with a fraction or an exponent must be sent as a string");

/// What one parameter holds. Wiped on drop.
enum Value {
    /// The bytes, decoded.
    Text(Wiped),
    /// A JSON number that may have lost its spelling on the way.
    Fraction(Wiped),
    /// A file part of a multipart body. Its content is not read.
    File,
}

/// One parameter. `name` is as sent, brackets and all. It is wiped too: where a
/// client forgot to escape a `&`, the rest of its secret stands here.
struct Field {
    name: Zeroizing<String>,
    value: Value,
}

/// The parameters of one source, in the order sent.
#[derive(Default)]
struct Source(Vec<Field>);

impl Source {
    fn push(&mut self, name: Zeroizing<String>, value: Value) -> Result<(), Refusal> {
        if self.0.len() == MOST_PARAMETERS {
            return Err(TOO_MANY);
        }
        self.0.push(Field { name, value });
        Ok(())
    }

    /// Takes out every field of this name, bare or with brackets behind it.
    fn take(&mut self, name: &str) -> Vec<Field> {
        self.0.extract_if(.., |field| suffix(&field.name, name).is_some()).collect()
    }
}

/// What stands behind `name`: nothing, or a bracket and more.
fn suffix<'a>(field: &'a str, name: &str) -> Option<&'a str> {
    field.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('['))
}

/// The parameters of a request. Values are wiped on drop and not shown by `Debug`.
pub struct Fields {
    query: Source,
    body: Source,
}

impl Fields {
    /// Reads query and body. The request loses its body, which is wiped here.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for JSON or multipart that cannot be read, and for
    /// more than 100 parameters, 20 parts or 16 levels; [`Refusal::Nothing`] for
    /// multipart whose label names no boundary.
    pub fn read(request: &mut Request<'_>) -> Result<Self, Refusal> {
        let bytes = std::mem::take(&mut request.body);
        let query = urlencoded::parse(request.query.unwrap_or_default().as_bytes())?;
        let body = match Media::of(&request.content_types, &bytes) {
            Media::Nothing => Source::default(),
            Media::Form => urlencoded::parse(&bytes)?,
            Media::Json => json::parse(&bytes)?,
            Media::Multipart(boundary) => multipart::parse(&bytes, &boundary)?,
        };
        if query.0.len() + body.0.len() > MOST_PARAMETERS {
            return Err(TOO_MANY);
        }
        Ok(Self { query, body })
    }

    /// Reads `secret[NAME]` as `NAME`: the shape that `/create` had for a time (V1-R4).
    pub fn unnest_secret(&mut self) {
        for field in self.query.0.iter_mut().chain(&mut self.body.0) {
            if let Some((inner, rest)) = suffix(&field.name, "secret").and_then(brackets)
                && !inner.is_empty()
            {
                field.name = Zeroizing::new([inner, rest].concat());
            }
        }
    }

    /// The value to keep; empty if there is none. A file, a list or a map in its
    /// place is none (V1-B10).
    ///
    /// # Errors
    /// [`Refusal::Malformed`] for bytes that are not UTF-8, and for NUL (C-17).
    pub fn secret(&mut self) -> Result<Wiped, Refusal> {
        let mut fields = self.take("secret");
        if fields.iter().any(|field| *field.name != "secret") {
            return Ok(Wiped::default());
        }
        match fields.pop().map(|field| field.value) {
            Some(Value::Text(bytes)) => checked(bytes),
            Some(Value::Fraction(_)) => Err(NOT_WHOLE),
            Some(Value::File) | None => Ok(Wiped::default()),
        }
    }

    /// A value that must not be dropped silently; empty if there is none.
    ///
    /// # Errors
    /// [`Refusal::Unexpected`] for a file, a list or a map in its place (V1-B10);
    /// else as [`Fields::secret`].
    pub fn exact(&mut self, name: &str) -> Result<Wiped, Refusal> {
        match self.plain(name)? {
            Some(Value::Text(bytes)) => checked(bytes),
            Some(Value::Fraction(_)) => Err(NOT_WHOLE),
            Some(Value::File) => Err(Refusal::Unexpected),
            None => Ok(Wiped::default()),
        }
    }

    /// The same, as text.
    ///
    /// # Errors
    /// As [`Fields::exact`].
    pub fn text(&mut self, name: &str) -> Result<Zeroizing<String>, Refusal> {
        self.exact(name).and_then(text)
    }

    /// A number as text; empty if there is none.
    ///
    /// # Errors
    /// As [`Fields::exact`], but a number with a fraction is taken.
    pub fn number(&mut self, name: &str) -> Result<Zeroizing<String>, Refusal> {
        match self.plain(name)? {
            Some(Value::Text(bytes) | Value::Fraction(bytes)) => text(checked(bytes)?),
            Some(Value::File) => Err(Refusal::Unexpected),
            None => Ok(Zeroizing::default()),
        }
    }

    /// A value of no weight; `None` for a file, a list or a map in its place.
    ///
    /// # Errors
    /// As [`Fields::secret`].
    pub fn lenient(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, Refusal> {
        let mut fields = self.take(name).into_iter().filter(|field| *field.name == name);
        match fields.next_back().map(|field| field.value) {
            Some(Value::Text(bytes) | Value::Fraction(bytes)) => checked(bytes).and_then(text).map(Some),
            Some(Value::File) | None => Ok(None),
        }
    }

    /// A list: the last plain `name`, then every `name[]` (V1-P5). NUL is let
    /// through: it is for the reader of the list to say what is wrong.
    ///
    /// # Errors
    /// [`Refusal::Unexpected`] for a file or a map in its place (V1-B10);
    /// [`Refusal::Malformed`] for bytes that are not UTF-8.
    pub fn list(&mut self, name: &str) -> Result<Vec<Zeroizing<String>>, Refusal> {
        let (mut plain, listed): (Vec<Field>, Vec<Field>) =
            self.take(name).into_iter().partition(|field| *field.name == name);
        let list = plain.pop().into_iter().chain(listed);
        list.map(|field| match field.value {
            Value::Text(bytes) if matches!(suffix(&field.name, name), Some("" | "[]")) => text(bytes),
            _ => Err(Refusal::Unexpected),
        })
        .collect()
    }

    /// The entries of `name[KEY]`, in the order sent. Other shapes are left out.
    ///
    /// # Errors
    /// As [`Fields::secret`].
    pub fn map(&mut self, name: &str) -> Result<Vec<(String, Zeroizing<String>)>, Refusal> {
        let mut entries = Vec::new();
        for field in self.take(name) {
            let Some((key, "")) = suffix(&field.name, name).and_then(brackets) else { continue };
            if let Value::Text(bytes) | Value::Fraction(bytes) = field.value {
                entries.push((key.to_owned(), checked(bytes).and_then(text)?));
            }
        }
        Ok(entries)
    }

    /// The last plain field of this name.
    fn plain(&mut self, name: &str) -> Result<Option<Value>, Refusal> {
        let mut fields = self.take(name);
        if fields.iter().any(|field| *field.name != name) {
            return Err(Refusal::Unexpected);
        }
        Ok(fields.pop().map(|field| field.value))
    }

    /// The fields of this name: the body's, or the query's if the body has none (V1-B4).
    fn take(&mut self, name: &str) -> Vec<Field> {
        let body = self.body.take(name);
        if body.is_empty() { self.query.take(name) } else { body }
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").finish_non_exhaustive()
    }
}

/// Splits `[inner]rest`.
fn brackets(suffix: &str) -> Option<(&str, &str)> {
    suffix.strip_prefix('[')?.split_once(']')
}

fn checked(bytes: Wiped) -> Result<Wiped, Refusal> {
    if std::str::from_utf8(&bytes).is_err() {
        return Err(NOT_UTF8);
    }
    if bytes.contains(&0) { Err(HAS_NUL) } else { Ok(bytes) }
}

fn text(mut bytes: Wiped) -> Result<Zeroizing<String>, Refusal> {
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Wiped::new(error.into_bytes()));
            Err(NOT_UTF8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[u8] = b"application/x-www-form-urlencoded";
    const JSON: &[u8] = b"application/json";

    fn read(query: &str, types: &[&'static [u8]], body: &str) -> Result<Fields, Refusal> {
        Fields::read(&mut Request {
            method: "POST",
            path: "/api/v1/share",
            query: Some(query),
            host: None,
            authorization: None,
            content_types: types.to_vec(),
            accept_language: None,
            body: body.as_bytes().to_vec().into(),
        })
    }

    fn secret(query: &str, types: &[&'static [u8]], body: &str) -> Result<String, Refusal> {
        read(query, types, body)?.secret().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn form(body: &str) -> Fields {
        read("", &[FORM], body).unwrap()
    }

    #[test]
    fn v1_b1_b5_b6_every_label_is_read() {
        for types in [&[][..], &[FORM], &[JSON], &[b"text/html"], &[JSON, FORM], &[b""]] {
            assert_eq!(secret("", types, "secret=hello").unwrap(), "hello", "{types:?}");
        }
        for types in [&[][..], &[JSON], &[b"text/plain"]] {
            assert_eq!(secret("", types, "{\"secret\":\"hello\"}").unwrap(), "hello", "{types:?}");
        }
    }

    #[test]
    fn v1_b3_query_on_post_is_read() {
        for types in [&[][..], &[FORM], &[JSON]] {
            assert_eq!(secret("secret=a+b&ttl=1", types, "").unwrap(), "a b", "{types:?}");
        }
    }

    #[test]
    fn v1_b4_the_body_wins_and_the_last_of_two() {
        assert_eq!(secret("secret=query", &[FORM], "secret=body").unwrap(), "body");
        assert_eq!(secret("secret=query", &[FORM], "secret=").unwrap(), "");
        assert_eq!(secret("secret=query", &[JSON], "{\"secret\":null}").unwrap(), "");
        assert_eq!(secret("secret=query", &[FORM], "ttl=1").unwrap(), "query");
        assert_eq!(secret("", &[FORM], "secret=first&secret=last").unwrap(), "last");
        assert_eq!(secret("secret=1&secret=2", &[], "").unwrap(), "2");
    }

    #[test]
    fn v1_b7_malformed_json_is_refused_even_beside_a_query() {
        assert!(matches!(secret("secret=x", &[JSON], "{\"secret\":"), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn v1_b8_bad_utf8_and_nul_are_refused_only_in_fields_that_are_read() {
        for body in ["secret=a%FFb", "secret=a%00b", "secret=%ED%A0%80"] {
            assert!(matches!(secret("", &[FORM], body), Err(Refusal::Malformed(_))), "{body}");
        }
        assert_eq!(secret("", &[FORM], "secret=a&junk=%FF%00&%FF=1").unwrap(), "a");
    }

    #[test]
    fn v1_b10_another_shape_of_secret_is_nothing() {
        for body in ["secret[]=a", "secret[x]=a", "secret=a&secret[]=b", "secret%5B%5D=a"] {
            assert_eq!(secret("", &[FORM], body).unwrap(), "", "{body}");
        }
        assert_eq!(secret("", &[JSON], "{\"secret\":[\"a\"]}").unwrap(), "");
    }

    #[test]
    fn v1_b10_a_passphrase_is_never_dropped_silently() {
        for body in ["passphrase[]=a", "passphrase[x]=a", "passphrase=a&passphrase[]=b"] {
            assert_eq!(form(body).exact("passphrase").unwrap_err(), Refusal::Unexpected, "{body}");
        }
        assert_eq!(form("ttl[]=1").number("ttl").unwrap_err(), Refusal::Unexpected);
        let mut empty = read("", &[JSON], "{\"passphrase\":[]}").unwrap();
        assert_eq!(empty.exact("passphrase").unwrap_err(), Refusal::Unexpected);
    }

    #[test]
    fn v1_p4_a_json_number_is_text_if_its_spelling_is_kept() {
        let exact = |body| read("", &[JSON], body).unwrap().exact("passphrase").map(|bytes| bytes.to_vec());
        assert_eq!(exact("{\"passphrase\":1234}").unwrap(), b"1234");
        assert_eq!(exact("{\"passphrase\":true}").unwrap(), b"true");
        assert_eq!(exact("{\"passphrase\":1.10}").unwrap_err(), NOT_WHOLE);
        assert_eq!(exact("{\"passphrase\":123456789012345678901234}").unwrap_err(), NOT_WHOLE);
        assert!(matches!(secret("", &[JSON], "{\"secret\":1e3}"), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn v1_p5_recipients_are_a_list_or_the_last_plain_one() {
        let list = |mut fields: Fields| -> Vec<String> {
            fields.list("recipient").unwrap().iter().map(|text| text.to_string()).collect()
        };
        assert_eq!(list(form("recipient=a&recipient=b")), ["b"]);
        assert_eq!(list(form("recipient[]=a&recipient[]=b")), ["a", "b"]);
        assert_eq!(list(read("", &[JSON], "{\"recipient\":[\"a\",\"b\"]}").unwrap()), ["a", "b"]);
        assert_eq!(list(read("recipient=q", &[FORM], "recipient[]=b").unwrap()), ["b"]);
        assert_eq!(form("recipient[x]=a").list("recipient").unwrap_err(), Refusal::Unexpected);
    }

    #[test]
    fn v1_r4_create_may_nest() {
        let mut fields = form("secret[secret]=hello&secret[ttl]=3600&secret[recipient][]=a");
        fields.unnest_secret();
        assert_eq!(*fields.secret().unwrap(), b"hello");
        assert_eq!(*fields.number("ttl").unwrap(), "3600");
        assert_eq!(fields.list("recipient").unwrap().len(), 1);
        let mut fields = form("secret[]=a");
        fields.unnest_secret();
        assert!(fields.secret().unwrap().is_empty());
    }

    #[test]
    fn v1_n3_sets_are_a_map() {
        let mut fields = form("character_sets[symbols]=true&character_sets[x][y]=1&character_sets=2");
        let map = fields.map("character_sets").unwrap();
        assert_eq!(map.len(), 1);
        assert_eq!((map[0].0.as_str(), map[0].1.as_str()), ("symbols", "true"));
    }

    #[test]
    fn names_that_only_start_alike_are_others() {
        let mut fields = form("secret_key=mine&secretx=1");
        assert!(fields.secret().unwrap().is_empty());
    }

    #[test]
    fn more_than_a_hundred_parameters_are_refused() {
        let body = |n: usize| vec!["a=1"; n].join("&");
        assert!(read("", &[FORM], &body(100)).is_ok());
        assert_eq!(read("", &[FORM], &body(101)).unwrap_err(), TOO_MANY);
        assert_eq!(read("b=1", &[FORM], &body(100)).unwrap_err(), TOO_MANY);
    }

    #[test]
    fn the_request_loses_its_body() {
        let mut request = Request {
            method: "POST",
            path: "/api/v1/share",
            query: None,
            host: None,
            authorization: None,
            content_types: vec![FORM],
            accept_language: None,
            body: b"secret=hello".to_vec().into(),
        };
        Fields::read(&mut request).unwrap();
        assert!(request.body.is_empty());
    }
}
