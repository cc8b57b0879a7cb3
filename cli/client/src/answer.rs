//! What servers tell of a secret, read as leniently as their ages demand.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a server tells its creator of a secret. Whatever it left out is absent or empty:
/// servers before 0.18 have no `share_domain`, for one.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize, Serialize)]
#[serde(default)]
pub struct Receipt {
    /// The creator's account, or `anon`.
    #[serde(deserialize_with = "text")]
    pub custid: String,
    /// The receipt's key.
    #[serde(deserialize_with = "text")]
    pub metadata_key: String,
    /// The link's key; empty once the secret is gone.
    #[serde(deserialize_with = "text")]
    pub secret_key: String,
    /// `new`, `viewed`, `received`, `burned`, `expired`, `orphaned`.
    #[serde(deserialize_with = "text")]
    pub state: String,
    /// Seconds that the secret was given. Some old servers give twice as many.
    #[serde(deserialize_with = "number")]
    pub ttl: Option<u64>,
    /// Seconds that the secret has left.
    #[serde(deserialize_with = "number")]
    pub secret_ttl: Option<u64>,
    /// When it was made, in Unix seconds.
    #[serde(deserialize_with = "number")]
    pub created: Option<u64>,
    /// When it last changed, in Unix seconds.
    #[serde(deserialize_with = "number")]
    pub updated: Option<u64>,
    /// When it was opened, in Unix seconds.
    #[serde(deserialize_with = "number")]
    pub received: Option<u64>,
    /// Whom the server told, obscured.
    #[serde(deserialize_with = "texts")]
    pub recipient: Vec<String>,
    /// The custom domain of its links, or empty.
    #[serde(deserialize_with = "text")]
    pub share_domain: String,
    /// The receipt's page, where the server names it.
    #[serde(deserialize_with = "text")]
    pub metadata_url: String,
    /// Whether opening takes a passphrase, where the server says it.
    #[serde(deserialize_with = "truth")]
    pub passphrase_required: Option<bool>,
}

impl Receipt {
    /// Whether the link would still open it, as far as the server tells.
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.state.as_str(), "new" | "viewed")
    }

    /// When the link ends, in Unix seconds, if `now` is when the server answered.
    #[must_use]
    pub fn expires(&self, now: u64) -> Option<u64> {
        let by_age = || Some(self.created?.saturating_add(self.ttl?));
        let left = self.secret_ttl.map(|left| now.saturating_add(left));
        self.is_live().then(|| left.or_else(by_age)).flatten()
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(as_text(Value::deserialize(from)?).unwrap_or_default())
}

fn as_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let listed = match Value::deserialize(from)? {
        Value::Array(listed) => listed,
        one => vec![one],
    };
    Ok(listed.into_iter().filter_map(as_text).filter(|text| !text.is_empty()).collect())
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let digits = as_text(Value::deserialize(from)?).unwrap_or_default();
    // Some give fractions of a second.
    Ok(digits.trim().split('.').next().and_then(|whole| whole.parse().ok()))
}

fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(truth) => Some(truth),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Receipt {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_may_be_texts_and_fields_may_be_missing_or_null() {
        let old = read(
            r#"{"state":"new","ttl":"3600","created":"1324174006","secret_ttl":null,"recipient":"t*@e*.com",
               "passphrase_required":"true","unheard":{"of":[1]}}"#,
        );
        assert_eq!((old.ttl, old.created, old.secret_ttl), (Some(3600), Some(1_324_174_006), None));
        assert_eq!((old.recipient, old.passphrase_required), (vec!["t*@e*.com".to_owned()], Some(true)));
        assert_eq!(read("{}"), Receipt::default());
        assert_eq!(read(r#"{"ttl":60.5,"recipient":["",null,"a"]}"#).ttl, Some(60));
    }

    #[test]
    fn the_end_is_counted_from_now_where_it_is_told_and_from_birth_else() {
        assert_eq!(read(r#"{"state":"new","secret_ttl":60,"ttl":7200,"created":5}"#).expires(100), Some(160));
        assert_eq!(read(r#"{"state":"viewed","ttl":7200,"created":5}"#).expires(100), Some(7205));
        assert_eq!(read(r#"{"state":"burned","secret_ttl":60}"#).expires(100), None);
        assert_eq!(read(r#"{"state":"new"}"#).expires(100), None);
    }
}
