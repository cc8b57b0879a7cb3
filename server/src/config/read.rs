//! Reads a configuration file: all of what is wrong with it, and which line says
//! what.

use std::collections::BTreeMap;
use std::fs::File as OpenFile;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors, plain, suggestion};
use super::file::File;

/// More than any configuration holds; less than a device that never ends.
const LARGEST: u64 = 1 << 20;

/// The line, from 1, that says a setting, by the setting's dotted name.
pub(super) type Lines = BTreeMap<String, usize>;

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> Result<(File, Lines), ConfigErrors> {
    let bytes = bytes(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ConfigError::in_file(path, line_after(before), "this is not UTF-8; save the file as UTF-8 text")
    })?;
    parse(path, &text)
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    OpenFile::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

fn parse(path: &Path, text: &str) -> Result<(File, Lines), ConfigErrors> {
    let (mut document, broken) = DeTable::parse_recoverable(text);
    ConfigErrors::none_of(syntax(path, text, &broken))?;
    let mut lines = Lines::new();
    note_lines(document.get_ref(), "", text, &mut lines);
    let (file, errors) = settings(path, text, &mut document);
    ConfigErrors::none_of(errors)?;
    // Without an error there is a file.
    file.map(|file| (file, lines)).ok_or_else(|| ConfigError::in_file(path, 1, "no configuration").into())
}

/// One a line: what follows on the same line is mostly the first one's echo.
fn syntax(path: &Path, text: &str, broken: &[toml::de::Error]) -> Vec<ConfigError> {
    let mut by_line = BTreeMap::new();
    for error in broken {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        by_line.entry(line).or_insert_with(|| said(setting_of_line(text, line), error));
    }
    by_line.into_iter().map(|(line, message)| ConfigError::in_file(path, line, message)).collect()
}

/// Reads what the document says. Each refusal is noted and its setting taken out,
/// until what is left is read: so one run finds them all.
fn settings<'a>(
    path: &Path,
    text: &str,
    document: &mut Spanned<DeTable<'a>>,
) -> (Option<File>, Vec<ConfigError>) {
    let (mut errors, mut taken) = (Vec::new(), Vec::new());
    loop {
        let error = match File::deserialize(toml::de::Deserializer::from(document.clone())) {
            Ok(file) => return (Some(file), errors),
            Err(error) => error,
        };
        let at = error.span().unwrap_or_default().start;
        let place = take_at(document.get_mut(), "", at);
        if !follows(place.as_deref(), &error, &taken) {
            let name = place.as_deref().map(without_indices);
            errors.push(ConfigError::in_file(path, line_of(text, at), said(name, &error)));
        }
        let Some(place) = place else { return (None, errors) };
        taken.push(place);
    }
}

fn said(setting: Option<String>, error: &toml::de::Error) -> String {
    match (suggestion(error.message()), setting) {
        (Some(suggestion), _) => suggestion,
        (None, Some(setting)) => format!("{setting}: {}", plain(error.message())),
        (None, None) => plain(error.message()),
    }
}

/// Whether a setting is missing where one was taken out: it may be that one.
fn follows(place: Option<&str>, error: &toml::de::Error, taken: &[String]) -> bool {
    let Some(place) = place else { return false };
    let within = |taken: &String| taken.strip_prefix(place).is_some_and(|rest| rest.starts_with('.'));
    error.message().starts_with("missing field ") && taken.iter().any(within)
}

/// Takes the entry out whose name begins at a byte of the text, else the innermost
/// one that stands there, and gives its place: a dotted name with indices. A table's
/// own span is its header, so its entries are looked at whether it spans them or not.
fn take_at(table: &mut DeTable<'_>, within: &str, at: usize) -> Option<String> {
    let mut found = table.keys().find(|key| key.span().start == at).cloned();
    for (key, value) in table.iter_mut() {
        if found.is_some() {
            break;
        }
        let place = joined(within, key.get_ref());
        if let Some(inner) = take_in(value, &place, at) {
            return Some(inner);
        }
        found = covers(&value.span(), at).then(|| key.clone());
    }
    let key = found?;
    table.remove(&key);
    Some(joined(within, key.get_ref()))
}

fn take_in(value: &mut Spanned<DeValue<'_>>, place: &str, at: usize) -> Option<String> {
    match value.get_mut() {
        DeValue::Table(table) => take_at(table, place, at),
        DeValue::Array(array) => take_from(array, place, at),
        _ => None,
    }
}

fn take_from(array: &mut DeArray<'_>, within: &str, at: usize) -> Option<String> {
    let mut found = None;
    for (index, value) in array.iter_mut().enumerate() {
        // The span, which never moves, tells elements apart when earlier ones are gone.
        let place = format!("{within}[{}]", value.span().start);
        if let Some(inner) = take_in(value, &place, at) {
            return Some(inner);
        }
        if covers(&value.span(), at) {
            found = Some((index, place));
        }
    }
    let (gone, place) = found?;
    let kept = array.clone().into_iter().enumerate().filter(|(index, _)| *index != gone);
    *array = kept.map(|(_, value)| value).collect();
    Some(place)
}

fn note_lines(table: &DeTable<'_>, within: &str, text: &str, lines: &mut Lines) {
    for (key, value) in table {
        let name = joined(within, key.get_ref());
        lines.insert(name.clone(), line_of(text, key.span().start));
        if let DeValue::Table(table) = value.get_ref() {
            note_lines(table, &name, text, lines);
        }
    }
}

fn joined(within: &str, name: &str) -> String {
    if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") }
}

fn without_indices(place: &str) -> String {
    let mut parts = place.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + part.split_once(']').map_or("", |(_, rest)| rest))
}

fn covers(span: &Range<usize>, at: usize) -> bool {
    span.contains(&at) || span.start == at
}

/// The name that a line sets, or the table that it begins. Never the rest of the
/// line, which may be a password.
fn setting_of_line(text: &str, line: usize) -> Option<String> {
    let line = text.lines().nth(line - 1)?.trim();
    let table = line.strip_prefix('[').and_then(|rest| rest.trim_start_matches('[').split_once(']'));
    let (name, _) = table.or_else(|| line.split_once('='))?;
    let name = name.trim();
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(is_bare)).then(|| name.to_owned())
}

fn line_of(text: &str, at: usize) -> usize {
    line_after(&text.as_bytes()[..at.min(text.len())])
}

fn line_after(before: &[u8]) -> usize {
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        let errors = parse(Path::new("f"), text).err().unwrap();
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_once() {
        let found = wrong(
            "lsten = 1\nlisten = \"x\"\ntrusted_proxies = [\n  \"10.0.0.0/8\",\n  \"a\",\n  \"b\",\n]\n[site]\nscheme = \"ftp\"\n\
             [[site.regions]]\ncode = \"E U\"\nlabel = 7\n[[site.regions]]\ncode = \"US\"\n[plans.t]\nmax_tll = 60\n\
             [limits]\nstored_bytes = -1\n[api.v1]\nnumbers = \"strings\"\n",
        );
        let mut lines: Vec<usize> =
            found.iter().map(|error| error.split(':').nth(1).unwrap().parse().unwrap()).collect();
        lines.sort_unstable();
        // That the region of line 10 lacks a host may be because of what line 11 or 12 says.
        assert_eq!(lines, [1, 2, 5, 6, 9, 11, 12, 13, 16, 18, 20], "{found:#?}");
    }

    #[test]
    fn what_is_not_toml_is_told_once_a_line() {
        assert_eq!(wrong("a = = 1\nlisten = \"127.0.0.1:1\"\nb = [1\n").len(), 2);
    }

    /// Each refusal must name a place, and none may stop the program.
    #[test]
    fn no_slip_of_a_hand_goes_unanswered() {
        let text = "listen = \"127.0.0.1:1\"\ntrusted_proxies = [\"::1\", \"10.0.0.0/8\"]\n[site]\nhost = \"a.b\"\n\
                    [[site.domains]]\nhost = \"c.d\"\naccount = \"a@b.co\"\n[plans.t]\nmax_ttl = \"7d\"\n\
                    [limits]\nstored_bytes = 5\n[api.v1]\nnumbers = \"string\"\n[log]\naccess = true\n";
        assert!(parse(Path::new("f"), text).is_ok());
        let lines = text.lines().count() + 1;
        for at in 0..text.len() {
            let (before, after) = text.split_at(at);
            let changes = ["", "x", "\"", "]", "=", "\n", "7", "."];
            let slips = changes.map(|change| format!("{before}{change}{}", &after[1..]));
            for slip in slips.iter().map(String::as_str).chain([before]) {
                let Err(errors) = parse(Path::new("f"), slip) else { continue };
                for error in errors.iter().map(ToString::to_string) {
                    let line: usize = error.split(':').nth(1).unwrap().parse().unwrap();
                    assert!((1..=lines + 1).contains(&line) && !error.contains('\n'), "{slip}\n{error}");
                }
            }
        }
    }

    #[test]
    fn places_become_names() {
        assert_eq!(without_indices("site.domains[12].host"), "site.domains.host");
        assert_eq!(without_indices("listen"), "listen");
    }

    #[test]
    fn the_line_of_each_setting_is_known() {
        let text = "listen = \"127.0.0.1:1\"\n[plans.team]\n\nmax_ttl = 60\n[api]\nv1.numbers = \"string\"";
        let (_, lines) = parse(Path::new("f"), text).unwrap();
        assert_eq!(lines["listen"], 1);
        assert_eq!(lines["plans.team.max_ttl"], 4);
        assert_eq!(lines["api.v1.numbers"], 6);
    }
}
