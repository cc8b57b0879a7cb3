//! What the info box holds: what metadata shows and only the metadata key opens.
//!
//! ```text
//! account: length u8 ‖ name    (length 0 = a guest)
//! recipients: n u8 ‖ n × ( length u8 ‖ masked address )
//! share domain: length u8 ‖ host    (length 0 = none)
//! ```

/// The content of an info box. No text in it is longer than 255 bytes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Info {
    /// The account's name; `None` for guests.
    pub account: Option<String>,
    /// Masked addresses, at most 255.
    pub recipients: Vec<String>,
    /// The custom domain of the link, as a bare host.
    pub share_domain: Option<String>,
}

impl Info {
    /// Its bytes. Longer texts are cut between characters, recipients after the 255th left out.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, self.account.as_deref().unwrap_or_default());
        let n = u8::try_from(self.recipients.len()).unwrap_or(u8::MAX);
        bytes.push(n);
        for recipient in self.recipients.iter().take(usize::from(n)) {
            push(&mut bytes, recipient);
        }
        push(&mut bytes, self.share_domain.as_deref().unwrap_or_default());
        bytes
    }

    /// Reads what [`Info::to_bytes`] wrote. `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let account = pull(&mut rest)?;
        let (n, after) = rest.split_first()?;
        rest = after;
        let recipients = (0..*n).map(|_| pull(&mut rest)).collect::<Option<_>>()?;
        let share_domain = pull(&mut rest)?;
        rest.is_empty().then(|| Self {
            account: filled(account),
            recipients,
            share_domain: filled(share_domain),
        })
    }
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(255);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    bytes.push(u8::try_from(end).unwrap_or(u8::MAX));
    bytes.extend(&text.as_bytes()[..end]);
}

fn pull(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first()?;
    let (text, after) = after.split_at_checked(usize::from(*length))?;
    *rest = after;
    Some(std::str::from_utf8(text).ok()?.to_owned())
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_nothing_else_does() {
        let info = Info {
            account: Some("a@example.com".into()),
            recipients: vec!["to*****@e*****.com".into(), String::new()],
            share_domain: None,
        };
        let bytes = info.to_bytes();
        assert_eq!(Info::from_bytes(&bytes), Some(info));
        assert_eq!(Info::default().to_bytes(), [0, 0, 0]);
        for cut in 0..bytes.len() {
            assert_eq!(Info::from_bytes(&bytes[..cut]), None);
        }
        assert_eq!(Info::from_bytes(&[bytes, vec![0]].concat()), None);
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters() {
        let info = Info { account: Some("é".repeat(200)), ..Info::default() };
        assert_eq!(Info::from_bytes(&info.to_bytes()).unwrap().account, Some("é".repeat(127)));
    }
}
