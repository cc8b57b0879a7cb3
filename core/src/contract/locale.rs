//! Which language an answer is in (V1-C1): the `locale` parameter, else the first
//! language of Accept-Language that we speak, else English.

/// The languages we speak, by their primary subtag.
pub const LOCALES: [&str; 5] = ["en", "es", "fr", "de", "pt"];

/// The language for a request. A parameter that names no language of ours is
/// English, whatever the header says; so is a header that names none.
#[must_use]
pub fn choose(parameter: Option<&str>, accept_language: Option<&str>) -> &'static str {
    match parameter {
        Some(tag) if !tag.is_empty() => known(tag),
        _ => accept_language.unwrap_or_default().split(',').find_map(known_if_wanted),
    }
    .unwrap_or(LOCALES[0])
}

/// The `locale` parameter of a query, undecoded: no tag of ours needs an escape.
#[must_use]
pub fn parameter(query: Option<&str>) -> Option<&str> {
    query?.split('&').filter_map(|pair| pair.strip_prefix("locale=")).next_back()
}

fn known_if_wanted(range: &str) -> Option<&'static str> {
    let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
    let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
    if refused { None } else { known(tag) }
}

/// By the primary subtag, in any case: `es-MX`, `pt_BR` and `FR` are known.
fn known(tag: &str) -> Option<&'static str> {
    let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
    LOCALES.into_iter().find(|locale| locale.eq_ignore_ascii_case(primary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v1_c1_the_parameter_goes_before_the_header_and_english_last() {
        for (query, header, locale) in [
            (None, None, "en"),
            (Some("locale=es"), Some("fr"), "es"),
            (Some("a=b&locale=fr&locale=de"), None, "de"),
            (Some("locale=xx"), Some("fr"), "en"),
            (Some("locale="), Some("pt-BR,en;q=0.8"), "pt"),
            (None, Some("es-MX,es;q=0.9"), "es"),
            (None, Some("xx, fr;q=0.5"), "fr"),
            (None, Some("fr;q=0, de"), "de"),
            (None, Some("*"), "en"),
        ] {
            assert_eq!(choose(parameter(query), header), locale, "{query:?} {header:?}");
        }
    }
}
