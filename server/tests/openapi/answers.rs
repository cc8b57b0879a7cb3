//! Every golden answer is one that the document describes, and has all that it describes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::document::Document;
use crate::golden::{Exchange, exchanges};

#[test]
fn every_golden_answer_is_described() {
    let document = Document::read();
    let mut wrong = Vec::new();
    for exchange in exchanges() {
        let found = match document.operation(&exchange.method, &exchange.path) {
            Some(operation) => breaches(&document, operation.value, &exchange),
            None if exchange.body == json!({ "error": "Not Found" }) => continue,
            None => vec!["it is not described".to_owned()],
        };
        let about = format!("{}: {} {}", exchange.case, exchange.method, exchange.path);
        wrong.extend(found.into_iter().map(|what| format!("{about}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the document says otherwise.
fn breaches(document: &Document, operation: &Value, exchange: &Exchange) -> Vec<String> {
    let Some(response) = operation["responses"].get(&exchange.status) else {
        return vec![format!("no status {}", exchange.status)];
    };
    let response = document.follow(response);
    let mut found = breached_headers(document, response, exchange);
    let content_type = exchange.header("content-type").unwrap_or_default();
    let media = content_type.split(';').next().unwrap_or_default();
    match response["content"].get(media) {
        Some(content) => {
            let validator = document.validator(&content["schema"]);
            found.extend(validator.iter_errors(&exchange.body).map(|error| error.to_string()));
        }
        None => found.push(format!("no content of the type {media}")),
    }
    found
}

/// Headers that are our own must be described; what is described must be as it says.
/// The request's id is the server's to give, and no golden answer has it.
fn breached_headers(document: &Document, response: &Value, exchange: &Exchange) -> Vec<String> {
    let described = response["headers"].as_object().expect("headers");
    let mut found = Vec::new();
    for (name, value) in &exchange.headers {
        let common = ["content-type", "cache-control", "x-content-type-options", "referrer-policy"];
        let header = described.iter().find(|(described, _)| described.eq_ignore_ascii_case(name));
        match header {
            Some((_, header)) => {
                let value = value.parse::<u64>().map_or(json!(value), |number| json!(number));
                let validator = document.validator(&document.follow(header)["schema"]);
                found.extend(validator.iter_errors(&value).map(|error| format!("{name}: {error}")));
            }
            None if common.contains(&&**name) => {}
            None => found.push(format!("no header {name}")),
        }
    }
    found
}

/// With the test above, by which no further field is allowed, this is both ways. What
/// several operations refer to need be shown by one of them.
#[test]
fn every_described_field_and_header_is_in_some_golden_answer() {
    let document = Document::read();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for exchange in exchanges() {
        let Some(operation) = document.operation(&exchange.method, &exchange.path) else { continue };
        let names = seen.entry(operation.value["responses"][&exchange.status].to_string()).or_default();
        names.extend(exchange.headers.iter().map(|(name, _)| name.clone()));
        collect(&exchange.body, names);
    }
    for operation in document.operations() {
        for status in ["200", "404"] {
            let about = format!("{} {} {status}", operation.method, operation.path);
            let response = &operation.value["responses"][status];
            let seen = seen.get(&response.to_string()).unwrap_or_else(|| panic!("{about}: never seen"));
            let missing: Vec<_> = described(&document, response).difference(seen).cloned().collect();
            assert!(missing.is_empty(), "{about} never has {missing:?}");
        }
    }
}

/// Every field and header of a response but the request's id, which the server gives.
fn described(document: &Document, response: &Value) -> BTreeSet<String> {
    let response = document.follow(response);
    let mut names = document.fields(&response["content"]["application/json"]["schema"]);
    let headers = response["headers"].as_object().expect("headers").keys();
    names.extend(headers.map(|name| name.to_lowercase()).filter(|name| name != "x-request-id"));
    names
}

fn collect(body: &Value, names: &mut BTreeSet<String>) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                collect(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}
