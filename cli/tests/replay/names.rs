//! Placeholders of the cases: what an earlier answer gave, and what the run knows.

use std::collections::BTreeMap;

/// Values by name.
#[derive(Clone, Default)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// What nobody but the client may come to know.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let public = |name: &str| name == "host" || name == "user";
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pairs.filter(move |(name, _)| !public(name))
    }

    /// Puts values for `{{name}}`, their first characters for `{{name[:8]}}`,
    /// and `N` times `X` for `{{repeat:X:N}}`. Other placeholders stay.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, placeholder, after)) = next(rest) {
            filled.push_str(before);
            match self.value(placeholder) {
                Some(value) => filled.push_str(&value),
                None => filled.push_str(&format!("{{{{{placeholder}}}}}")),
            }
            rest = after;
        }
        filled + rest
    }

    fn value(&self, placeholder: &str) -> Option<String> {
        if let Some((text, times)) =
            placeholder.strip_prefix("repeat:").and_then(|rest| rest.rsplit_once(':'))
        {
            return Some(text.repeat(times.parse().ok()?));
        }
        let Some((name, length)) = placeholder.strip_suffix(']').and_then(|rest| rest.split_once("[:"))
        else {
            return self.0.get(placeholder).cloned();
        };
        self.0.get(name)?.get(..length.parse().ok()?).map(str::to_owned)
    }
}

/// The text before the first placeholder, the placeholder, the text after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (placeholder, after) = rest.split_once("}}")?;
    Some((before, placeholder, after))
}

#[test]
fn known_names_are_filled_and_others_stay() {
    let mut names = Names::default();
    names.set("key", "abcdef");
    assert_eq!(names.fill("/{{key}}/{{key[:2]}}/{{repeat:xy:2}}"), "/abcdef/ab/xyxy");
    assert_eq!(names.fill("{{now}} {{left:60}} {{ {{key}}"), "{{now}} {{left:60}} {{ {{key}}");
}
