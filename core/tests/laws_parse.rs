//! Laws of everything that reads a stranger's bytes: no input panics, what
//! parses is what was written, and every bound holds.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use waxseal_core::contract::Request;
use waxseal_core::contract::basic::Credentials;
use waxseal_core::contract::body::Fields;
use waxseal_core::contract::command::command;
use waxseal_core::contract::refusal::Refusal;
use waxseal_core::contract::route::{KeyPath, Route};
use waxseal_core::contract::site::Site;
use waxseal_core::contract::ttl::ttl;
use waxseal_core::entropy::{Entropy, EntropyError};
use waxseal_core::generate::{CharacterSets, LONGEST, Recipe};
use waxseal_core::id::ClientId;
use waxseal_core::policy::{Plan, Policy, SHORTEST_TTL};
use waxseal_core::recipient::Recipient;
use waxseal_core::vault::{Caller, Command};

const FORM: &[u8] = b"application/x-www-form-urlencoded";
const JSON: &[u8] = b"application/json";
const MULTIPART: &[u8] = b"multipart/form-data; boundary=XbX";

fn request<'a>(query: Option<&'a str>, content_type: &'a [u8], body: Vec<u8>) -> Request<'a> {
    Request {
        method: "POST",
        path: "/api/v1/share",
        query,
        host: Some("example.com"),
        authorization: None,
        content_types: vec![content_type],
        accept_language: None,
        body: body.into(),
    }
}

fn site() -> Site {
    Site::new("https", "example.com")
}

fn share(content_type: &[u8], body: Vec<u8>) -> Result<Option<Command>, Refusal> {
    let caller = Caller::guest(ClientId::LOCAL);
    let mut request = request(None, content_type, body);
    command(&Route::Share, &mut request, &caller, &site(), &Policy::default()).map(|(command, _)| command)
}

/// The value that a body shares.
fn shared(content_type: &[u8], body: Vec<u8>) -> String {
    match share(content_type, body) {
        Ok(Some(Command::Share(value, _))) => value.expose().to_owned(),
        other => panic!("not shared: {other:?}"),
    }
}

/// Escapes every byte, so that nothing hangs on which bytes are safe.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Text that may be shared: not empty, without NUL, within the guests' plan.
fn value() -> impl Strategy<Value = String> {
    "[^\0]{1,200}"
}

/// What the bodies we read are made of.
const TOKENS: &[&str] = &[
    "secret",
    "passphrase",
    "ttl",
    "recipient",
    "[]",
    "[x]",
    "=",
    "&",
    "%",
    "%00",
    "%FF",
    "{\"",
    "\":",
    "\"",
    "[",
    "}",
    "--XbX",
    "--",
    "\r\n",
    "\n",
    "Content-Disposition: form-data; name=",
    "1",
    "1e9",
    "null",
    ",",
];

/// Bytes that look like the beginning of every body we read.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let token = select(TOKENS);
    prop_oneof![vec(any::<u8>(), 0..300), vec(token, 0..60).prop_map(|tokens| tokens.concat().into_bytes())]
}

/// A source of bytes that can be repeated (splitmix64).
#[derive(Debug)]
struct Seeded(std::sync::Mutex<u64>);

impl Entropy for Seeded {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let mut state = self.0.lock().map_err(|_| EntropyError)?;
        for byte in out {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)).to_be_bytes()[0];
        }
        Ok(())
    }
}

fn make(recipe: Recipe, seed: u64) -> String {
    recipe.make(&Seeded(std::sync::Mutex::new(seed))).unwrap().expose().to_owned()
}

proptest! {
    #[test]
    fn no_head_panics(method in ".{0,8}", path in "(/api/v1)?(/[a-z%2F]{0,8}){0,4}|.{0,40}", header in vec(any::<u8>(), 0..60)) {
        let route = Route::of(&method, &path);
        prop_assert!(!route.name().is_empty());
        let credentials = Credentials::of(Some(&header));
        prop_assert_ne!(credentials, Credentials::None);
    }

    #[test]
    fn no_body_panics_and_the_request_always_loses_it(
        query in ".{0,60}",
        content_type in prop_oneof![Just(FORM.to_vec()), Just(JSON.to_vec()), Just(MULTIPART.to_vec()), vec(any::<u8>(), 0..40)],
        body in body(),
    ) {
        let caller = Caller::guest(ClientId::LOCAL);
        for route in [Route::Share, Route::Create, Route::Generate] {
            let mut request = request(Some(&query), &content_type, body.clone());
            // Whatever comes of it is one of the answers the contract has.
            match command(&route, &mut request, &caller, &site(), &Policy::default()) {
                Ok((command, _)) => prop_assert!(command.is_some()),
                Err(refusal) => prop_assert_ne!(refusal, Refusal::Unrouted),
            }
            prop_assert!(request.body.is_empty());
        }
    }

    #[test]
    fn a_form_gives_back_what_was_escaped(value in value(), passphrase in value()) {
        let body = format!("secret={}&passphrase={}", escaped(&value), escaped(&passphrase));
        match share(FORM, body.into_bytes()) {
            Ok(Some(Command::Share(plaintext, terms))) => {
                prop_assert_eq!(plaintext.expose(), value);
                prop_assert_eq!(terms.passphrase.unwrap().expose().to_vec(), passphrase.into_bytes());
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn the_query_reads_as_the_body_does(value in value()) {
        let pair = format!("secret={}", escaped(&value));
        let mut by_query = Fields::read(&mut request(Some(&pair), b"", Vec::new())).unwrap();
        let mut by_body = Fields::read(&mut request(None, FORM, pair.clone().into_bytes())).unwrap();
        prop_assert_eq!(by_query.secret().unwrap().to_vec(), by_body.secret().unwrap().to_vec());
    }

    #[test]
    fn json_gives_back_what_was_written(value in value()) {
        let body = format!("{{\"secret\":{}}}", serde_json::to_string(&value).unwrap());
        prop_assert_eq!(shared(JSON, body.into_bytes()), value);
    }

    #[test]
    fn multipart_gives_back_what_was_written(value in value(), crlf in any::<bool>()) {
        prop_assume!(!value.contains("--XbX"));
        let eol = if crlf { "\r\n" } else { "\n" };
        let head = "Content-Disposition: form-data; name=\"secret\"";
        let body = format!("--XbX{eol}{head}{eol}{eol}{value}{eol}--XbX--{eol}");
        prop_assert_eq!(shared(MULTIPART, body.into_bytes()), value);
    }

    #[test]
    fn a_field_cut_in_its_utf8_is_refused_in_every_shape(value in "[\u{80}-\u{10ffff}]{1,20}") {
        let cut = &value.as_bytes()[..value.len() - 1];
        let json = [b"{\"secret\":\"", cut, b"\"}"].concat();
        let part = b"--XbX\r\nContent-Disposition: form-data; name=secret\r\n\r\n";
        let multipart = [part, cut, b"\r\n--XbX--"].concat();
        for (content_type, body) in [(FORM, [b"secret=", cut].concat()), (JSON, json), (MULTIPART, multipart)] {
            prop_assert!(matches!(share(content_type, body), Err(Refusal::Malformed(_))));
        }
    }

    #[test]
    fn every_ttl_ends_within_the_plan(text in "[ \\t]?[+-]?[0-9]{0,30}.{0,5}") {
        let plan = Plan::ANONYMOUS;
        let life = plan.lifetime(ttl(&text));
        prop_assert!((SHORTEST_TTL..=plan.max_ttl).contains(&life));
    }

    #[test]
    fn a_number_between_the_bounds_is_the_ttl(secs in 60u64..=604_800, rest in "([^0-9].*)?") {
        prop_assert_eq!(ttl(&format!("{secs}{rest}")).map(|ttl| ttl.secs()), Some(secs));
    }

    #[test]
    fn an_address_found_stands_in_the_text_and_is_clean(text in "[a-zA-Z0-9@.<>, \"'+_ñ\r\n-]{0,60}") {
        if let Some(recipient) = Recipient::find(&text) {
            let address = recipient.expose();
            prop_assert!(text.to_ascii_lowercase().contains(address));
            prop_assert!(address.is_ascii() && !address.contains(|c: char| c.is_whitespace() || "<>\",;".contains(c)));
            prop_assert_eq!(address.matches('@').count(), 1);
            prop_assert_eq!(Recipient::find(address), Some(recipient.clone()));
            let masked = recipient.masked();
            prop_assert!(!masked.contains(address) && masked.matches("*****").count() == 2);
        }
    }

    #[test]
    fn a_key_echoes_only_clean_characters(segment in "[^/]{1,40}") {
        if let Some(key) = KeyPath::of(&segment) {
            prop_assert!(key.echo().chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)));
        } else {
            prop_assert!(segment.to_ascii_lowercase().contains("%2f"));
        }
    }

    #[test]
    fn a_usual_value_keeps_its_alphabet_and_minimum(length in 3..=LONGEST, seed in any::<u64>()) {
        let value = make(Recipe { length, sets: None }, seed);
        prop_assert_eq!(value.len(), length);
        prop_assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || "*$!?(".contains(c)));
        prop_assert!(!value.contains(['i', 'l', 'o', '1', 'I', 'O', '0']));
        prop_assert!(value.contains(|c: char| c.is_ascii_uppercase()));
        prop_assert!(value.contains(|c: char| c.is_ascii_lowercase()));
        prop_assert!(value.contains(|c: char| c.is_ascii_digit()));
    }

    #[test]
    fn named_sets_are_all_there_and_no_others(
        length in 1..=LONGEST,
        on in any::<[bool; 5]>().prop_filter("some set is on", |on| on[..4].contains(&true)),
        seed in any::<u64>(),
    ) {
        let [uppercase, lowercase, numbers, symbols, exclude_ambiguous] = on;
        let sets = CharacterSets { uppercase, lowercase, numbers, symbols, exclude_ambiguous };
        let value = make(Recipe { length, sets: Some(sets) }, seed);
        prop_assert_eq!(value.len(), length);
        let present = [
            value.contains(|c: char| c.is_ascii_uppercase()),
            value.contains(|c: char| c.is_ascii_lowercase()),
            value.contains(|c: char| c.is_ascii_digit()),
            value.contains(|c: char| c.is_ascii_punctuation()),
        ];
        for (present, on) in present.into_iter().zip(on) {
            prop_assert!(on || !present);
            prop_assert!(!on || present || length < 4);
        }
        prop_assert!(!exclude_ambiguous || !value.contains(['i', 'l', 'o', '1', 'I', 'O', '0']));
        prop_assert!(!value.contains('\\'));
    }
}
