//! The metadata object (api-v1 §4.2): which fields, in which order, present in
//! which state.

use std::fmt;

use serde::{Serialize, Serializer};

use super::json::Number;
use super::site::Site;
use crate::id::KeyText;
use crate::metadata::Metadata;
use crate::secret::Plaintext;
use crate::state::State;
use crate::time::Timestamp;

/// Name of a creator without an account (V1-M1).
const ANONYMOUS: &str = "anon";

/// Which answer the object stands in.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    /// The creator's own: share and generate. Only here a value is told.
    Made(Option<&'a Plaintext>),
    /// Look and burn: what is there depends on the state alone (V1 §4.3).
    Kept,
    /// A line of the account's list: without any reader's key (V1 §4.6).
    Listed,
}

/// The object's parts that must outlive its writing. Wiped on drop.
pub(super) struct Receipt<'a> {
    metadata: &'a Metadata,
    view: View<'a>,
    site: &'a Site,
    now: Timestamp,
    metadata_key: KeyText,
    link_key: KeyText,
}

impl<'a> Receipt<'a> {
    pub(super) fn new(metadata: &'a Metadata, view: View<'a>, site: &'a Site, now: Timestamp) -> Self {
        let metadata_key = metadata.metadata_key.text();
        let link_key = metadata.link_key.text();
        Self { metadata, view, site, now, metadata_key, link_key }
    }

    fn fields(&self) -> Fields<'_> {
        let metadata = self.metadata;
        let numbers = self.site.numbers;
        let secret_key = self.secret_key();
        let metadata_ttl = Number::ttl(metadata.metadata_ttl(self.now), numbers);
        let passphrase_required = self.living().then_some(metadata.passphrase_required);
        let value = self.value();
        let url = ReceiptUrl(self);
        Fields {
            custid: metadata.account.as_deref().unwrap_or(ANONYMOUS),
            metadata_key: self.metadata_key.expose(),
            secret_key,
            ttl: Number::ttl(metadata.ttl(), numbers),
            metadata_ttl,
            secret_ttl: self.secret_ttl(),
            metadata_url: url,
            state: metadata.state.name(),
            updated: Number::timestamp(metadata.updated, numbers),
            created: Number::timestamp(metadata.created, numbers),
            received: self.received(),
            recipient: &metadata.recipients,
            share_domain: metadata.share_domain.as_deref().unwrap_or_default(),
            value,
            passphrase_required,
            identifier: self.metadata_key.expose(),
            secret_identifier: secret_key,
            has_passphrase: passphrase_required,
            recipients: &metadata.recipients,
            receipt_ttl: metadata_ttl,
            receipt_url: url,
            secret_value: value,
        }
    }

    /// Whether the secret is still there to be told of: never in a list.
    fn living(&self) -> bool {
        self.metadata.state == State::New && !matches!(self.view, View::Listed)
    }

    fn secret_key(&self) -> Option<&str> {
        match (self.view, self.metadata.state) {
            (View::Listed, _) | (_, State::Received) => None,
            (_, State::New) => Some(self.link_key.expose()),
            (_, State::Burned | State::Expired | State::Orphaned) => Some(""),
        }
    }

    /// Outer `None`: no field. Inner `None`: null.
    fn secret_ttl(&self) -> Option<Option<Number>> {
        let left = self.metadata.secret_ttl(self.now);
        let received = self.metadata.state == State::Received;
        (!received).then(|| self.living().then(|| Number::ttl(left, self.site.numbers)))
    }

    fn received(&self) -> Option<Number> {
        let received = self.metadata.state == State::Received;
        received.then(|| Number::timestamp(self.metadata.updated, self.site.numbers))
    }

    fn value(&self) -> Option<&str> {
        match self.view {
            View::Made(value) => value.map(Plaintext::expose),
            View::Kept | View::Listed => None,
        }
    }
}

impl Serialize for Receipt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

/// The wire's order is this struct's.
#[derive(Serialize)]
struct Fields<'a> {
    custid: &'a str,
    metadata_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<&'a str>,
    ttl: Number,
    metadata_ttl: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_ttl: Option<Option<Number>>,
    metadata_url: ReceiptUrl<'a>,
    state: &'static str,
    updated: Number,
    created: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    received: Option<Number>,
    recipient: &'a [String],
    share_domain: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase_required: Option<bool>,
    // From here on aliases (V1-M15): each is there when its target is.
    identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_identifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_passphrase: Option<bool>,
    recipients: &'a [String],
    receipt_ttl: Number,
    receipt_url: ReceiptUrl<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_value: Option<&'a str>,
}

/// The receipt's page. Written piece by piece, so that no text with the key in
/// it is left behind.
#[derive(Clone, Copy)]
struct ReceiptUrl<'a>(&'a Receipt<'a>);

impl fmt::Display for ReceiptUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Receipt { site, metadata, metadata_key, .. } = self.0;
        let host = metadata.share_domain.as_ref().unwrap_or(&site.host);
        write!(f, "{}://{host}/receipt/{}", site.scheme, metadata_key.expose())
    }
}

impl Serialize for ReceiptUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
