//! Smaller answers for slow lines, where that gives nothing away.
//!
//! The length of what is compressed tells of its content. So only pages on which
//! nothing secret stands are: the empty form, the page before opening, and those
//! without anything. What was typed, a value, a link or a receipt leaves as it is.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

/// Whether an `Accept-Encoding` asks for gzip.
pub(crate) fn is_wanted(accepted: Option<&[u8]>) -> bool {
    let accepted = accepted.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

/// The same bytes for the same page, so that pages that must not differ still do not.
/// `None` if it failed, which writing to memory does not.
pub(crate) fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::with_capacity(body.len()), Compression::best());
    packed.write_all(body).ok()?;
    packed.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_ask_for_it() {
        let wanted = |text: &str| is_wanted(Some(text.as_bytes()));
        for text in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.5", "identity , gzip"] {
            assert!(wanted(text), "{text}");
        }
        for text in ["", "br", "gzip;q=0", "gzip; q=0.0", "gzip;q=much", "xgzip", "*"] {
            assert!(!wanted(text), "{text}");
        }
        assert!(!is_wanted(None));
        assert!(!is_wanted(Some(b"\xff")));
    }
}
