//! A JSON object as form fields: `{"a": [1], "b": {"c": 2}}` is `a[]=1&b[c]=2`.
//!
//! Values go straight into fields of our own, never through a tree that would
//! not be wiped. What cannot be reached: the buffer in which `serde_json`
//! decodes a string that has escapes.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use super::{Source, Value};
use crate::contract::refusal::Refusal;

/// How deep arrays and objects may stand in each other.
const DEEPEST: usize = 16;

const BROKEN: Refusal = Refusal::Malformed("The request body is not a valid JSON object");

/// Reads an object. Of a name that stands twice the last counts, as in a form;
/// null is an empty text.
pub(super) fn parse(bytes: &[u8]) -> Result<Source, Refusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(BROKEN);
    }
    let mut source = Source::default();
    let mut refusal = BROKEN;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let node = Node { name: Zeroizing::default(), depth: 0, source: &mut source, refusal: &mut refusal };
    match node.deserialize(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ok(source),
        Err(_) => Err(refusal),
    }
}

/// One value and the name that leads to it. `refusal` is what the caller hears
/// if this fails: serde's errors carry no reason of ours.
struct Node<'a> {
    name: Zeroizing<String>,
    depth: usize,
    source: &'a mut Source,
    refusal: &'a mut Refusal,
}

impl Node<'_> {
    fn push<E: de::Error>(self, value: Value) -> Result<(), E> {
        let Self { name, source, refusal, .. } = self;
        source.push(name, value).map_err(|why| stop(refusal, why))
    }

    fn text<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.push(Value::Text(text.as_bytes().to_vec().into()))
    }

    fn deeper<E: de::Error>(&mut self) -> Result<usize, E> {
        if self.depth == DEEPEST {
            return Err(stop(self.refusal, Refusal::Malformed("The request body is nested too deeply")));
        }
        Ok(self.depth + 1)
    }

    fn child(&mut self, name: Zeroizing<String>, depth: usize) -> Node<'_> {
        Node { name, depth, source: self.source, refusal: self.refusal }
    }

    /// `a` in `b` is `b[a]`; at the top it is `a`.
    fn name_of(&self, key: &str) -> Zeroizing<String> {
        Zeroizing::new(if self.depth == 0 { key.to_owned() } else { [&self.name, "[", key, "]"].concat() })
    }

    /// An item of `b` is `b[]`.
    fn name_of_item(&self) -> Zeroizing<String> {
        Zeroizing::new([&self.name, "[]"].concat())
    }
}

fn stop<E: de::Error>(refusal: &mut Refusal, why: Refusal) -> E {
    *refusal = why;
    E::custom("refused")
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.text("")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.text(if value { "true" } else { "false" })
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.push(Value::Text(value.to_string().into_bytes().into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.push(Value::Text(value.to_string().into_bytes().into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.push(Value::Fraction(value.to_string().into_bytes().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let name = self.name_of_item();
        let mut empty = true;
        while items.next_element_seed(self.child(name.clone(), depth))?.is_some() {
            empty = false;
        }
        // So that a list without items is still seen where none may stand.
        if empty { self.child(name, depth).text("") } else { Ok(()) }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        let mut empty = true;
        while let Some(key) = entries.next_key::<String>()?.map(Zeroizing::new) {
            empty = false;
            let name = self.name_of(&key);
            entries.next_value_seed(self.child(name, depth))?;
        }
        let name = self.name_of_item();
        if empty && depth > 1 { self.child(name, depth).text("") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(body: &str) -> Vec<(String, String)> {
        let fields = parse(body.as_bytes()).unwrap().0.into_iter();
        fields
            .map(|field| match field.value {
                Value::Text(bytes) | Value::Fraction(bytes) => {
                    (field.name.to_string(), String::from_utf8(bytes.to_vec()).unwrap())
                }
                Value::File => panic!("JSON holds no file"),
            })
            .collect()
    }

    fn pair(body: &str) -> (String, String) {
        pairs(body).remove(0)
    }

    #[test]
    fn v1_b5_an_object_is_read() {
        assert_eq!(pair("{\"secret\":\"a\\n\\u00e9\u{1f511}\"}"), ("secret".into(), "a\né🔑".into()));
        assert_eq!(pair("\u{feff} {\"ttl\":3600} "), ("ttl".into(), "3600".into()));
        assert_eq!(pair("{\"ttl\":-5}").1, "-5");
        assert_eq!(pair("{\"ttl\":3600.9}").1, "3600.9");
        assert_eq!(pair("{\"ttl\":1e30}").1, "1000000000000000000000000000000");
        assert_eq!(pair("{\"a\":false}").1, "false");
        assert_eq!(pair("{\"a\":null}").1, "");
    }

    #[test]
    fn lists_and_maps_get_the_names_they_have_in_forms() {
        let body = "{\"r\":[\"a\",\"b\"],\"s\":{\"x\":true,\"y\":[1]},\"e\":[],\"m\":{}}";
        let names: Vec<String> = pairs(body).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["r[]", "r[]", "s[x]", "s[y][]", "e[]", "m[]"]);
        assert!(pairs("{}").is_empty());
    }

    #[test]
    fn v1_b7_what_is_no_object_is_refused() {
        for body in
            ["{\"secret\":\"hello\"", "{} x", "[1]", "\"a\"", "null", "{\"a\":\"\\ud800\"}", "{a:1}", "''"]
        {
            assert_eq!(parse(body.as_bytes()).err(), Some(BROKEN), "{body}");
        }
        assert_eq!(parse(b"{\"secret\":\"\xff\"}").err(), Some(BROKEN));
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nested(15).as_bytes()).is_ok());
        let refusal = parse(nested(16).as_bytes()).err().unwrap();
        assert!(matches!(refusal, Refusal::Malformed(why) if why.contains("deeply")));
        assert!(parse(nested(100_000).as_bytes()).is_err());
        let list = |n: usize| format!("{{\"a\":[{}]}}", vec!["1"; n].join(","));
        assert!(parse(list(100).as_bytes()).is_ok());
        assert_eq!(parse(list(101).as_bytes()).err(), Some(super::super::TOO_MANY));
    }
}
