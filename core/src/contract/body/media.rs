//! What a body is: by its Content-Type, and where that says little by its start.

/// Bytes of a body that are looked at (V1-B6).
const LOOKED_AT: usize = 256;

/// How a body is to be read.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Media {
    /// Not at all: it is empty, or nothing we know.
    Nothing,
    /// As `application/x-www-form-urlencoded`.
    Form,
    /// As a JSON object.
    Json,
    /// As `multipart/form-data` with this boundary; an empty one fits no body.
    Multipart(Vec<u8>),
}

impl Media {
    /// Decides. Any Content-Type that says form makes it a form; JSON is
    /// believed unless the body looks like a form; all else goes by looks.
    pub(super) fn of(content_types: &[&[u8]], body: &[u8]) -> Self {
        if body.trim_ascii().is_empty() {
            return Self::Nothing;
        }
        // Some servers join repeated headers with commas.
        let types: Vec<&[u8]> = content_types.iter().flat_map(|value| split(value, b',')).collect();
        if let Some(form) = types.iter().find_map(|value| form(value, body)) {
            return form;
        }
        let unlabelled = types.iter().all(|value| value.trim_ascii().is_empty());
        match looks(body) {
            Some(media) => media,
            None if types.iter().any(|value| is_json(essence(value))) => Self::Json,
            None if unlabelled => Self::Form,
            None => Self::Nothing,
        }
    }
}

fn form(content_type: &[u8], body: &[u8]) -> Option<Media> {
    let essence = essence(content_type);
    if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Some(Media::Form);
    }
    if !essence.eq_ignore_ascii_case(b"multipart/form-data") {
        return None;
    }
    match boundary(content_type) {
        Some(boundary) => Some(Media::Multipart(boundary)),
        // Labelled by hand, as it seems.
        None => looks(body).or_else(|| Some(Media::Multipart(Vec::new()))),
    }
}

/// A Content-Type without its parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

fn is_json(essence: &[u8]) -> bool {
    let essence = essence.to_ascii_lowercase();
    matches!(essence.as_slice(), b"application/json" | b"text/json") || essence.ends_with(b"+json")
}

fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    split(content_type, b';').iter().skip(1).find_map(|parameter| {
        let equals = parameter.iter().position(|byte| *byte == b'=')?;
        let (name, value) = parameter.split_at(equals);
        let value = value[1..].trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(value);
        (name.trim_ascii().eq_ignore_ascii_case(b"boundary") && !value.is_empty()).then(|| value.to_vec())
    })
}

/// Splits at a separator that stands outside quotes.
fn split(value: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut quoted = false;
    value
        .split(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == separator
        })
        .collect()
}

/// `{` or `[` starts JSON, `name=` a form.
fn looks(body: &[u8]) -> Option<Media> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let start = &body[..body.len().min(LOOKED_AT)];
    if matches!(start.first(), Some(b'{' | b'[')) {
        return Some(Media::Json);
    }
    let name = start.iter().take_while(|byte| is_of_name(**byte)).count();
    (name > 0 && start.get(name) == Some(&b'=')).then_some(Media::Form)
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(types: &[&str], body: &str) -> Media {
        let types: Vec<&[u8]> = types.iter().map(|value| value.as_bytes()).collect();
        Media::of(&types, body.as_bytes())
    }

    #[test]
    fn v1_b1_capitals_and_charset_make_no_difference() {
        for label in ["Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"]
        {
            assert_eq!(of(&[label], "{\"secret\":1}"), Media::Form, "{label}");
        }
    }

    #[test]
    fn v1_b2_the_boundary_may_be_quoted() {
        for (label, expected) in [
            ("multipart/form-data; boundary=XbX", "XbX"),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a;b,c=d\"", "a;b,c=d"),
            ("multipart/form-data;boundary= XbX ", "XbX"),
            ("multipart/form-data; charset=\"utf-8\"; boundary=XbX", "XbX"),
        ] {
            assert_eq!(of(&[label], "--"), Media::Multipart(expected.into()), "{label}");
        }
        assert_eq!(of(&["multipart/form-data"], "--x"), Media::Multipart(Vec::new()));
        assert_eq!(of(&["multipart/form-data"], "secret=x"), Media::Form);
    }

    #[test]
    fn v1_b3_an_empty_body_is_nothing_whatever_its_label() {
        for label in ["application/json", "multipart/form-data; boundary=x", "text/html"] {
            assert_eq!(of(&[label], ""), Media::Nothing, "{label}");
            assert_eq!(of(&[label], "\r\n"), Media::Nothing, "{label}");
        }
    }

    #[test]
    fn v1_b6_any_form_among_several_labels_makes_a_form() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(of(&["application/json", form], "hello"), Media::Form);
        assert_eq!(of(&[form, "application/json"], "hello"), Media::Form);
        assert_eq!(of(&["text/html, application/x-www-form-urlencoded"], "hello"), Media::Form);
    }

    #[test]
    fn v1_b6_other_labels_go_by_looks() {
        assert_eq!(of(&["text/html"], " {\"a\":1}"), Media::Json);
        assert_eq!(of(&["application/json"], "secret=hello"), Media::Form);
        assert_eq!(of(&["text/plain"], "secret%5Ba%5D=hello"), Media::Form);
        assert_eq!(of(&["text/plain"], "hello world"), Media::Nothing);
        assert_eq!(of(&["text/plain"], "=hello"), Media::Nothing);
        assert_eq!(of(&["application/json"], "hello"), Media::Json);
        assert_eq!(of(&["application/problem+json"], "hello"), Media::Json);
        assert_eq!(of(&[], "hello"), Media::Form);
        assert_eq!(of(&["text/plain"], &format!("{}=1", "a".repeat(300))), Media::Nothing);
    }
}
