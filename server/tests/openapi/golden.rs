//! The golden cases of the core: requests, and the bytes of their answers.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::document::KEY;

/// A request and its answer.
pub(crate) struct Exchange {
    pub(crate) case: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Exchange {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    fn of(case: &str, step: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let reply = &step["reply"];
        let header = |line: &Value| {
            let (name, value) = line.as_str().and_then(|line| line.split_once(": ")).expect("a header");
            (name.to_owned(), value.to_owned())
        };
        let target = with_keys(&text(&step["request"]["target"]));
        Self {
            case: case.to_owned(),
            method: text(&step["request"]["method"]),
            path: target.split('?').next().unwrap_or_default().to_owned(),
            status: reply["status"].to_string(),
            headers: reply["headers"].as_array().expect("headers").iter().map(header).collect(),
            body: serde_json::from_str(&text(&reply["body"])).expect("a JSON answer"),
        }
    }
}

/// A key for every `{{name}}`.
fn with_keys(target: &str) -> String {
    let Some((before, rest)) = target.split_once("{{") else { return target.to_owned() };
    let (_, after) = rest.split_once("}}").expect("a closed placeholder");
    format!("{before}{KEY}{}", with_keys(after))
}

/// All, but for those of deployments that write numbers as texts.
pub(crate) fn exchanges() -> Vec<Exchange> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/golden/cases");
    let mut exchanges = Vec::new();
    for entry in fs::read_dir(folder).expect("the golden cases") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a readable case");
        let case: Value = serde_json::from_str(&text).expect("a case");
        if case["deployment"]["numbers_as_strings"] == true {
            continue;
        }
        let name = case["name"].as_str().expect("a name");
        exchanges
            .extend(case["steps"].as_array().expect("steps").iter().map(|step| Exchange::of(name, step)));
    }
    assert!(exchanges.len() > 200, "cases were lost: {}", exchanges.len());
    exchanges
}
