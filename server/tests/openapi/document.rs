//! The document, with its references followed.

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use waxseal_core::contract::route::Route;

/// In place of a `{key}`.
pub(crate) const KEY: &str = "123456789abcdefghijklmnopqrstuv";

/// The methods that the document may describe.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

pub(crate) struct Document(pub(crate) Value);

/// A method on a path.
pub(crate) struct Operation<'a> {
    pub(crate) path: &'a str,
    pub(crate) method: String,
    pub(crate) value: &'a Value,
}

impl Document {
    /// Read by way of a YAML value, which knows no key that stands twice.
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/openapi.yaml");
        let text = std::fs::read_to_string(path).expect("the document");
        let value: serde_norway::Value = serde_norway::from_str(&text).expect("YAML");
        Self(serde_json::to_value(value).expect("keys that are texts"))
    }

    /// Everything under `/api/`.
    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, item) in self.0["paths"].as_object().expect("paths") {
            for (method, value) in self.follow(item).as_object().expect("a path item") {
                let method = method.to_uppercase();
                if path.starts_with("/api/") && METHODS.contains(&&*method) {
                    operations.push(Operation { path, method, value });
                }
            }
        }
        operations
    }

    /// What describes a request. HEAD is described as GET, and one slash is nothing.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let method = if method == "HEAD" { "GET" } else { method };
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut fitting: Vec<_> =
            self.operations().into_iter().filter(|one| one.method == method && one.covers(path)).collect();
        // What is written out goes before a parameter (OpenAPI 3.1, Paths Object).
        fitting.sort_by_key(|one| one.path.contains('{'));
        fitting.into_iter().next()
    }

    /// The value, or what it refers to.
    pub(crate) fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("a reference within the document");
                self.0.pointer(pointer).unwrap_or_else(|| panic!("nothing at {reference}"))
            }
            None => value,
        }
    }

    /// Judges by a schema of the document.
    pub(crate) fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        options.build(&whole).expect("a schema")
    }

    /// The names of fields, at any depth, that a schema has a word for.
    pub(crate) fn fields(&self, schema: &Value) -> BTreeSet<String> {
        let schema = match schema["$ref"].as_str() {
            Some(_) => self.follow(schema),
            None => schema,
        };
        let mut fields = BTreeSet::new();
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            fields.insert(name.clone());
            fields.extend(self.fields(inner));
        }
        let lists = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|name| schema[name].as_array());
        for inner in lists.flatten().chain(schema.get("items")) {
            fields.extend(self.fields(inner));
        }
        fields
    }
}

impl Operation<'_> {
    /// Where the code leads such a request.
    pub(crate) fn route(&self) -> Route {
        self.route_by(&self.method)
    }

    /// Where the code leads another method on this path.
    pub(crate) fn route_by(&self, method: &str) -> Route {
        Route::of(method, &self.path.replace("{key}", KEY))
    }

    fn covers(&self, path: &str) -> bool {
        let (template, given): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        template.len() == given.len()
            && template
                .iter()
                .zip(given)
                .all(|(name, text)| *name == text || (*name == "{key}" && !text.is_empty()))
    }
}
