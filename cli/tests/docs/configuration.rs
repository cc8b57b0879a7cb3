//! docs/configuration.md, made from the code: order and meaning from the file that
//! `waxseal init` writes, defaults, flags and variables from the settings in force, and
//! what a setting takes from the refusal of what it does not take.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use waxseal_server::config::{Config, Overrides, Setting, Shown};

use crate::root;

const TEMPLATE: &str = include_str!("../../src/template.toml");

const HEAD: &str = "# Configuration

<!-- Made from the code; do not edit. WAXSEAL_BLESS=1 cargo test -p waxseal --test docs makes it anew. -->

`waxseal init` writes `waxseal.toml` with every setting explained. Flags go before environment,
environment before file, file before defaults; an empty variable counts as not set. `waxseal
config show` tells every value in force and who said it, `waxseal config check` everything that is
wrong. Relative paths count from the file's folder.

`--config FILE` or `WAXSEAL_CONFIG` names the file; without either it is `./waxseal.toml`, if that
is there. `WAXSEAL_KEY` holds what would stand in a key file.
";

#[test]
fn the_reference_is_what_the_code_says() {
    let path = root().join("docs/configuration.md");
    let made = reference();
    if std::env::var_os("WAXSEAL_BLESS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let stands = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stands == made,
        "docs/configuration.md is stale: WAXSEAL_BLESS=1 cargo test -p waxseal --test docs"
    );
}

#[test]
fn the_reference_leaves_no_setting_out() {
    let made = reference();
    for setting in settings() {
        let (table, key) = setting.name.rsplit_once('.').unwrap_or(("", &setting.name));
        let is_list = made.contains(&format!("## `[[{}]]`", setting.name));
        let section =
            if table.is_empty() { "## Above every table".to_owned() } else { format!("## `[{table}]`") };
        let below = made.split(&section).nth(1).unwrap_or_default();
        // One that excludes another can only stand in the words about it.
        let is_told = below.contains(&format!("{key} = "));
        assert!(
            is_list || is_told || below.contains(&format!("| `{key}` |")),
            "{} is not in template.toml",
            setting.name
        );
    }
}

/// A line of the template.
enum Line<'a> {
    Table(&'a str, bool),
    Key(&'a str),
    Prose(&'a str),
    Blank,
}

fn line(text: &str) -> Line<'_> {
    let bare = text.strip_prefix('#').unwrap_or(text);
    if let Some(name) = bare.strip_prefix("[[").and_then(|name| name.strip_suffix("]]")) {
        return Line::Table(name, true);
    }
    if let Some(name) = bare.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return Line::Table(name, false);
    }
    let is_key = |key: &&str| {
        !key.is_empty()
            && key.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'_')
    };
    match bare.split_once(" = ").map(|(key, _)| key).filter(is_key) {
        Some(key) => Line::Key(key),
        None if text.is_empty() => Line::Blank,
        None => Line::Prose(bare.trim()),
    }
}

fn reference() -> String {
    let (settings, mut page) = (settings(), HEAD.to_owned());
    let (mut table, mut prose, mut rows) = ((String::new(), false), Vec::new(), 0);
    page.push_str("\n## Above every table\n");
    // The template's own head says what stands in HEAD.
    for text in TEMPLATE.lines().skip_while(|line| !line.is_empty()) {
        match line(text) {
            Line::Blank => {}
            Line::Prose(words) => prose.push(words),
            Line::Table(name, is_list) => {
                let title = if is_list { format!("[[{name}]]") } else { format!("[{name}]") };
                write!(page, "\n## `{title}`\n").unwrap();
                if !prose.is_empty() {
                    write!(page, "\n{}\n", prose.join("\n")).unwrap();
                }
                (table, rows) = ((name.to_owned(), is_list), 0);
                prose.clear();
            }
            Line::Key(key) => {
                if rows == 0 {
                    page.push_str(
                        "\n| key | default | takes | flag, variable | meaning |\n|---|---|---|---|---|\n",
                    );
                }
                rows += 1;
                page.push_str(&row(&table, key, &prose.join(" "), &settings));
                prose.clear();
            }
        }
    }
    page
}

fn row((table, is_list): &(String, bool), key: &str, meaning: &str, settings: &[Setting]) -> String {
    let name = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
    let setting = settings.iter().find(|setting| setting.name == name);
    let default = match setting.map(|setting| &setting.value) {
        None | Some(Shown::Nothing) => "–".to_owned(),
        Some(value) => format!("`{value}`"),
    };
    let above = setting.map(|setting| [setting.flag(), setting.variable()].into_iter().flatten());
    let above: Vec<String> = above.into_iter().flatten().map(|name| format!("`{name}`")).collect();
    let takes = takes(table, *is_list, key).replace('|', "\\|");
    format!("| `{key}` | {default} | {takes} | {} | {} |\n", above.join(", "), meaning.replace('|', "\\|"))
}

/// In the code's own words: what it answers to what it does not take.
fn takes(table: &str, is_list: bool, key: &str) -> String {
    let refused = refusal(table, is_list, key, "-1");
    let refused = if refused.contains("a string") { refusal(table, is_list, key, "\"\"") } else { refused };
    let words = refused.split_once("expected ").map_or(refused.as_str(), |(_, words)| words);
    let words = words
        .split_once("; ")
        .filter(|(before, _)| before.contains("``") || before.contains("`-1`"))
        .map_or(words, |(_, rest)| rest);
    let words = words.split_once("known are ").map_or(words, |(_, known)| known);
    let words =
        words.strip_prefix("`` is no ").or_else(|| words.strip_prefix("it must be ")).unwrap_or(words);
    words.replace("a boolean", "true or false")
}

fn refusal(table: &str, is_list: bool, key: &str, value: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waxseal.toml");
    let head = if table.is_empty() {
        String::new()
    } else if is_list {
        format!("[[{table}]]\n")
    } else {
        format!("[{table}]\n")
    };
    fs::write(&path, format!("{head}{key} = {value}\n")).unwrap();
    let errors = load(&path).unwrap_err().to_string();
    let line = errors.lines().next().unwrap().replace(&path.display().to_string(), "");
    let (_, words) = line.split_once(": ").unwrap();
    let field = format!("{key}: ");
    words.rsplit_once(&field).map_or(words, |(_, words)| words).to_owned()
}

fn load(path: &Path) -> Result<Config, waxseal_server::config::ConfigErrors> {
    Config::load(&Overrides { config: Some(path.to_owned()), ..Overrides::default() })
}

fn settings() -> Vec<Setting> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waxseal.toml");
    fs::write(&path, "").unwrap();
    let nothing = Overrides::default();
    let mut settings = load(&path).unwrap().settings(&nothing, &nothing);
    // Paths and not the folder that this test ran in.
    for setting in &mut settings {
        if let Shown::Text(text) = &mut setting.value {
            *text = text.replace(&format!("{}/", folder.path().display()), "");
        }
    }
    settings
}
