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

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::site::Numbers;
    use super::*;
    use crate::id::MetadataKey;
    use crate::store::{Kind, MailState};

    const STATES: [State; 5] = [State::New, State::Received, State::Burned, State::Expired, State::Orphaned];

    pub(in super::super) fn site() -> Site {
        Site::new("https", "secrets.example")
    }

    pub(in super::super) fn metadata(state: State) -> Metadata {
        let metadata_key = MetadataKey::from([7; 20]);
        let created = Timestamp::from_secs(1_000);
        Metadata {
            link_key: metadata_key.link_key(),
            metadata_key,
            account: None,
            created,
            updated: if state == State::New { created } else { Timestamp::from_secs(1_100) },
            expires: Timestamp::from_secs(4_600),
            state,
            kind: Kind::Share,
            passphrase_required: false,
            recipients: Vec::new(),
            share_domain: None,
            mail: MailState::None,
        }
    }

    fn text(metadata: &Metadata, view: View<'_>, site: &Site) -> String {
        let now = Timestamp::from_secs(1_200);
        serde_json::to_string(&Receipt::new(metadata, view, site, now)).unwrap()
    }

    fn read(metadata: &Metadata, view: View<'_>) -> Value {
        serde_json::from_str(&text(metadata, view, &site())).unwrap()
    }

    #[test]
    fn v1_m1_to_m15_fields_stand_in_the_wires_order() {
        let value = Plaintext::from("v");
        let metadata = metadata(State::New);
        let (metadata_key, link_key) = (metadata.metadata_key.text(), metadata.link_key.text());
        let (m, l) = (metadata_key.expose(), link_key.expose());
        let url = format!("https://secrets.example/receipt/{m}");
        let expected = format!(
            "{{\"custid\":\"anon\",\"metadata_key\":\"{m}\",\"secret_key\":\"{l}\",\"ttl\":3600,\
             \"metadata_ttl\":7000,\"secret_ttl\":3400,\"metadata_url\":\"{url}\",\"state\":\"new\",\
             \"updated\":1000,\"created\":1000,\"recipient\":[],\"share_domain\":\"\",\"value\":\"v\",\
             \"passphrase_required\":false,\"identifier\":\"{m}\",\"secret_identifier\":\"{l}\",\
             \"has_passphrase\":false,\"recipients\":[],\"receipt_ttl\":7000,\
             \"receipt_url\":\"{url}\",\"secret_value\":\"v\"}}"
        );
        assert_eq!(text(&metadata, View::Made(Some(&value)), &site()), expected);
    }

    #[test]
    fn v1_m3_m6_m10_m14_what_is_there_depends_on_the_state() {
        for state in STATES {
            let shown = read(&metadata(state), View::Kept);
            let field = |name: &str| shown.get(name).cloned();
            let new = state == State::New;
            let received = state == State::Received;
            assert_eq!(field("state").unwrap(), state.name());
            assert_eq!(field("secret_key").is_none(), received);
            assert_eq!(field("secret_key").is_some_and(|key| key == ""), !new && !received);
            assert_eq!(field("secret_ttl").is_none(), received);
            assert_eq!(field("secret_ttl").is_some_and(|ttl| ttl == 3_400), new);
            assert_eq!(field("secret_ttl").is_some_and(|ttl| ttl.is_null()), !new && !received);
            assert_eq!(field("received"), received.then(|| Value::from(1_100)));
            assert_eq!(field("passphrase_required"), new.then(|| Value::from(false)));
            assert_eq!(field("value"), None);
        }
    }

    #[test]
    fn v1_l2_l4_a_list_has_no_readers_key() {
        for state in STATES {
            let shown = read(&metadata(state), View::Listed);
            for absent in
                ["secret_key", "secret_identifier", "passphrase_required", "has_passphrase", "value"]
            {
                assert_eq!(shown.get(absent), None, "{absent}");
            }
            let received = state == State::Received;
            assert_eq!(shown.get("secret_ttl"), (!received).then_some(&Value::Null));
        }
    }

    #[test]
    fn v1_m5_t7_metadata_lives_twice_as_long() {
        let shown = read(&metadata(State::New), View::Kept);
        assert_eq!(shown["ttl"], 3_600);
        assert_eq!(shown["metadata_ttl"], 7_000);
    }

    #[test]
    fn v1_m7_m12_links_stand_on_the_custom_domain() {
        let mut metadata = metadata(State::New);
        metadata.share_domain = Some("links.example".into());
        let shown = read(&metadata, View::Kept);
        assert_eq!(shown["share_domain"], "links.example");
        let key = metadata.metadata_key.text();
        assert_eq!(shown["metadata_url"], format!("https://links.example/receipt/{}", key.expose()));
    }

    #[test]
    fn v1_c_1_as_strings_every_number_is_one_and_null_stays_null() {
        let site = Site { numbers: Numbers::String, ..site() };
        let shown = text(&metadata(State::Burned), View::Kept, &site);
        assert!(shown.contains(r#""ttl":"3600","metadata_ttl":"7000","secret_ttl":null"#));
        assert!(shown.contains(r#""updated":"1100","created":"1000""#));
        let shown = text(&metadata(State::Received), View::Kept, &site);
        assert!(shown.contains(r#""received":"1100""#));
    }

    proptest! {
        /// The struct of a client that decodes strictly: numbers, an array, strings.
        #[test]
        fn v1_m1_m15_every_field_has_its_type(
            state in prop::sample::select(&STATES[..]),
            listed: bool, passphrase_required: bool,
            value in prop::option::of(".*"), account in prop::option::of(".*"),
            recipients in prop::collection::vec(".*", 0..3), share_domain in prop::option::of(".*"),
        ) {
            let metadata = Metadata { account, recipients, share_domain, passphrase_required, ..metadata(state) };
            let value = value.filter(|_| state == State::New && !listed).map(Plaintext::from);
            let view = if listed { View::Listed } else { View::Made(value.as_ref()) };
            let shown = read(&metadata, view);
            for (name, field) in shown.as_object().unwrap() {
                let right = match name.as_str() {
                    "ttl" | "metadata_ttl" | "receipt_ttl" | "updated" | "created" | "received" => field.is_u64(),
                    "secret_ttl" => field.is_u64() || field.is_null(),
                    "recipient" | "recipients" => field.as_array().unwrap().iter().all(Value::is_string),
                    "passphrase_required" | "has_passphrase" => field.is_boolean(),
                    _ => field.is_string(),
                };
                prop_assert!(right, "{name}");
            }
            for (alias, target) in ALIASES {
                prop_assert_eq!(shown.get(alias), shown.get(target));
            }
        }
    }

    const ALIASES: [(&str, &str); 7] = [
        ("identifier", "metadata_key"),
        ("secret_identifier", "secret_key"),
        ("has_passphrase", "passphrase_required"),
        ("recipients", "recipient"),
        ("receipt_ttl", "metadata_ttl"),
        ("receipt_url", "metadata_url"),
        ("secret_value", "value"),
    ];
}
