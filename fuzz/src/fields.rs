//! Bodies, read by our parsers and compared with what another one read.

use futures_util::stream;
use serde_json::{Map, Value};
use waxseal_core::contract::Request;
use waxseal_core::contract::body::Fields;
use waxseal_core::contract::refusal::Refusal;

use crate::world::runtime;

/// The label of a form.
pub const FORM: &[u8] = b"application/x-www-form-urlencoded";
/// The label of a JSON object.
pub const JSON: &[u8] = b"application/json";

/// A parameter's name and its bytes; `None` for a file.
pub type Pair = (String, Option<Vec<u8>>);

/// Names that the contract reads: none of them may appear from nowhere.
const OURS: [&str; 5] = ["secret", "passphrase", "ttl", "recipient[]", "share_domain"];

/// Reads a body of this label with our parsers.
///
/// # Errors
/// As [`Fields::read`].
pub fn read(content_type: &[u8], body: &[u8]) -> Result<Fields, Refusal> {
    Fields::read(&mut Request {
        method: "POST",
        path: "/api/v1/share",
        query: None,
        host: None,
        authorization: None,
        content_types: vec![content_type],
        accept_language: None,
        body: body.to_vec().into(),
    })
}

/// Asserts that the fields hold these pairs, of one name the last.
pub fn check(mut fields: Fields, mut pairs: Vec<Pair>) {
    // `lenient` takes `a[x]` out with `a`, so that longer names come first.
    // The order of equal names is kept.
    pairs.sort_by(|one, other| other.0.cmp(&one.0));
    for same in pairs.chunk_by(|one, other| one.0 == other.0) {
        let Some((name, value)) = same.last() else { continue };
        let read = fields.lenient(name);
        match value.as_deref().map(std::str::from_utf8) {
            Some(Ok(text)) if !text.contains('\0') => {
                let read = read.expect("UTF-8 without NUL is taken").expect("what was sent is there");
                assert_eq!(*read, text, "{name}");
            }
            Some(_) => assert!(matches!(read, Err(Refusal::Malformed(_))), "{name}: {read:?}"),
            None => assert_eq!(read, Ok(None), "{name}"),
        }
    }
    for name in OURS {
        assert!(matches!(fields.lenient(name), Ok(None)), "{name} was not sent");
    }
}

/// What `multer` reads; `None` for what it refuses, and where it may differ with
/// good reason: it takes a boundary for one in the middle of a line, takes no
/// part without headers, ends headers at a bare line feed, takes the last of two
/// dispositions, and looks for `name` inside of other parameters' quotes.
pub fn multer(boundary: &str, body: &[u8]) -> Option<Vec<Pair>> {
    body.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let chunk = Ok::<_, std::convert::Infallible>(body.to_vec());
    let mut parts = ::multer::Multipart::new(stream::iter([chunk]), boundary);
    let pairs: Vec<Pair> = runtime().block_on(async {
        let mut pairs = Vec::new();
        while let Some(part) = parts.next_field().await.ok()? {
            is_ordinary(part.headers().get("content-disposition")?.to_str().ok()?).then_some(())?;
            let name = part.name()?.to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.ok()?;
            pairs.push((name, (!is_file).then(|| bytes.to_vec())));
        }
        Some(pairs)
    })?;
    let dispositions =
        body.to_ascii_lowercase().windows(20).filter(|text| text == b"content-disposition:").count();
    (!pairs.is_empty() && dispositions == pairs.len()).then_some(pairs)
}

/// As every client writes it: a name, then perhaps a file's.
fn is_ordinary(disposition: &str) -> bool {
    let pieces: Vec<&str> = disposition.split('"').collect();
    let (form, name) = ("form-data; name=", |name: &str| !name.contains(['\\', ';', ' ', '\t']));
    match pieces[..] {
        [bare] => bare.strip_prefix(form).is_some_and(|text| !text.is_empty() && name(text)),
        [start, text, ""] => start == form && name(text),
        [start, text, "; filename=", file, ""] => start == form && name(text) && !file.contains('\\'),
        _ => false,
    }
}

/// The object that `serde_json` reads.
pub fn tree(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()
}

/// An object as pairs: `{"a": [1], "b": {"c": 2}}` is `a[]=1&b[c]=2`. `None` if a
/// key holds brackets or nothing, so that two ways may lead to one name.
pub fn flattened(tree: &Map<String, Value>) -> Option<Vec<Pair>> {
    let mut pairs = Vec::new();
    for (name, value) in tree {
        flatten(plain(name)?.to_owned(), value, &mut pairs)?;
    }
    Some(pairs)
}

fn flatten(name: String, value: &Value, pairs: &mut Vec<Pair>) -> Option<()> {
    let text = match value {
        Value::Array(list) if !list.is_empty() => {
            return list.iter().try_for_each(|item| flatten(format!("{name}[]"), item, pairs));
        }
        Value::Object(map) if !map.is_empty() => {
            let mut entries = map.iter();
            return entries
                .try_for_each(|(key, value)| flatten(format!("{name}[{}]", plain(key)?), value, pairs));
        }
        Value::Array(_) | Value::Object(_) => return flatten(format!("{name}[]"), &Value::Null, pairs),
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) if number.is_f64() => number.as_f64()?.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => string.clone(),
    };
    pairs.push((name, Some(text.into_bytes())));
    Some(())
}

fn plain(key: &str) -> Option<&str> {
    (!key.is_empty() && !key.contains(['[', ']'])).then_some(key)
}
