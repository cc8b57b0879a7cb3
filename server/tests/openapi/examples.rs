//! Every example is real: it fits its schema, and is an answer that the code gives.

use std::collections::BTreeSet;

use serde_json::Value;
use waxseal_core::contract::{Reply, transport};
use waxseal_core::vault::Fault;

use crate::document::Document;
use crate::golden::exchanges;

/// An example where it stands.
struct Example<'a> {
    name: &'a str,
    /// Of the answer; `None` in a request.
    status: Option<&'a str>,
    schema: &'a Value,
    value: &'a Value,
}

fn examples(document: &Document) -> Vec<Example<'_>> {
    let mut examples = Vec::new();
    for operation in document.operations() {
        let body = document.follow(&operation.value["requestBody"]);
        collect(document, None, body, &mut examples);
        for (status, response) in operation.value["responses"].as_object().expect("responses") {
            collect(document, Some(status), document.follow(response), &mut examples);
        }
    }
    examples
}

fn collect<'a>(
    document: &'a Document,
    status: Option<&'a str>,
    holder: &'a Value,
    examples: &mut Vec<Example<'a>>,
) {
    for content in holder["content"].as_object().into_iter().flat_map(|content| content.values()) {
        for (name, example) in content["examples"].as_object().into_iter().flatten() {
            let value = &document.follow(example)["value"];
            examples.push(Example { name, status, schema: &content["schema"], value });
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = Document::read();
    let examples = examples(&document);
    assert!(examples.len() > 100, "examples were lost: {}", examples.len());
    for Example { name, schema, value, .. } in examples {
        let errors: Vec<_> =
            document.validator(schema).iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {}", errors.join("; "));
    }
}

#[test]
fn every_example_of_an_answer_is_given_by_the_code() {
    let document = Document::read();
    let golden = exchanges().into_iter().map(|exchange| (exchange.status, exchange.body));
    let given: Vec<(String, Value)> = golden.chain(ours()).collect();
    for Example { name, status, value, .. } in examples(&document) {
        let Some(status) = status else { continue };
        let real = given.iter().any(|(given, body)| given == status && body == value);
        assert!(real, "{name}: nothing answers {status} {value}");
    }
}

/// Answers that stand in no golden case, since the machinery must fail for them.
fn ours() -> Vec<(String, Value)> {
    let replies = [
        transport::malformed(),
        transport::too_slow(),
        transport::too_large(),
        transport::encoded(),
        transport::too_many_headers(),
        transport::internal(),
        transport::crowded(),
        Reply::from(&Fault::Busy),
        Reply::from(&Fault::Full),
        Reply::from(&Fault::Undecipherable("damaged")),
        Reply::from(&Fault::Unconfirmed("lost".into())),
    ];
    let read = |reply: &Reply| {
        (reply.status.to_string(), serde_json::from_slice(&reply.body).expect("a JSON answer"))
    };
    replies.iter().map(read).collect()
}

#[test]
fn every_component_is_used() {
    let document = Document::read();
    let mut used = BTreeSet::new();
    references(&document.0, &mut used);
    for (kind, components) in document.0["components"].as_object().expect("components") {
        for name in components.as_object().expect("components").keys() {
            // Security schemes go by their bare name.
            let is_used = kind == "securitySchemes" || used.contains(&format!("#/components/{kind}/{name}"));
            assert!(is_used, "nothing refers to components/{kind}/{name}");
        }
    }
}

fn references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            used.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, used));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, used)),
        _ => {}
    }
}
