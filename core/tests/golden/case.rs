//! The files: what a case says, and how it reads where it is not met.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use waxseal_core::contract::Reply;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The contract's rows that it shows.
    pub(crate) rows: Vec<String>,
    why: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) deployment: Settings,
    pub(crate) steps: Vec<Step>,
}

/// What is not as a fresh deployment has it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) numbers_as_strings: bool,
    #[serde(skip_serializing_if = "is_default")]
    /// Messages that the mailer takes; without a number there is no mailer.
    pub(crate) mailer: Option<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) passphrase_min: Option<usize>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) passphrase_max: Option<usize>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) passphrase_required: bool,
    /// Custom domains, and whether the case's account owns each.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) domains: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) guest_creates: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) guest_reveals: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) account_mails: Option<u32>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) request: Asked,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) reply: Option<Expected>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// Seconds since the case began.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) at: u64,
    pub(crate) method: String,
    pub(crate) target: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) host: Option<String>,
    /// Which of several clients.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) client: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) content_types: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) accept_language: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) authorization: Option<String>,
    /// User and token, for Basic.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) auth: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) body: String,
    /// A body that is no text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) body_hex: String,
    /// Names for fields of the answer.
    #[serde(default, skip_serializing_if = "is_default")]
    save: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    status: u16,
    headers: Vec<String>,
    body: String,
}

/// Values by name, for `{{name}}`.
pub(crate) type Names = BTreeMap<String, String>;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Every case in a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder of cases");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

impl Case {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a readable case");
        let case: Self =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(&*case.name));
        case
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data") + "\n"
    }

    /// Each step whose answer is not what is written down, both under each other.
    pub(crate) fn differences(&self, played: &Self) -> Vec<String> {
        let steps = self.steps.iter().zip(&played.steps).enumerate();
        let differing = steps.filter(|(_, (expected, found))| expected.reply != found.reply);
        let report = |(number, (expected, found)): (usize, (&Step, &Step))| {
            let request = format!("{} {}", expected.request.method, expected.request.target);
            let (expected, found) = (lines(expected), lines(found));
            format!("{} step {}: {request}\n- {expected}\n+ {found}", self.name, number + 1)
        };
        differing.map(report).collect()
    }
}

fn lines(step: &Step) -> String {
    let Some(Expected { status, headers, body }) = &step.reply else { return "nothing".to_owned() };
    format!("{status} {} {body}", headers.join(", "))
}

impl Asked {
    /// Keeps what later steps name.
    pub(crate) fn save(&self, reply: &Expected, names: &mut Names) {
        if self.save.is_empty() {
            return;
        }
        let body: Value = serde_json::from_str(&reply.body).expect("a JSON answer");
        for (name, field) in &self.save {
            let value = body[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", reply.body));
            names.insert(name.clone(), value.to_owned());
        }
    }
}

impl From<&Reply> for Expected {
    fn from(reply: &Reply) -> Self {
        Self {
            status: reply.status,
            headers: reply.headers().map(|(name, value)| format!("{name}: {value}")).collect(),
            body: String::from_utf8(reply.body.to_vec()).expect("answers are text"),
        }
    }
}

/// Puts values for `{{name}}`, and `N` times `X` for `{{repeat:X:N}}`.
pub(crate) fn fill(text: &str, names: &Names) -> String {
    let Some((before, rest)) = text.split_once("{{") else { return text.to_owned() };
    let (placeholder, after) = rest.split_once("}}").expect("a closed placeholder");
    let repeat = placeholder.strip_prefix("repeat:").and_then(|rest| rest.rsplit_once(':'));
    let value = match repeat {
        Some((text, times)) => text.repeat(times.parse().expect("a number")),
        None => names.get(placeholder).unwrap_or_else(|| panic!("nothing saved {placeholder}")).clone(),
    };
    format!("{before}{value}{}", fill(after, names))
}
