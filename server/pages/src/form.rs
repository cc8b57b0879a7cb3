//! What a form sends back. Read from the body alone: what stands in an address is
//! kept in histories and logs, so nothing secret is taken from there.

use waxseal_core::contract::body::Fields;
use waxseal_core::contract::refusal::Refusal;
use waxseal_core::secret::Passphrase;
use zeroize::Zeroizing;

use crate::{Visit, field};

/// The create form.
pub(crate) struct Filled {
    pub(crate) secret: Zeroizing<String>,
    pub(crate) passphrase: Zeroizing<String>,
    pub(crate) ttl: Zeroizing<String>,
    pub(crate) generate: bool,
    pub(crate) nonce: Zeroizing<String>,
}

impl Filled {
    /// # Errors
    /// A body that can't be read, or a field that is no text.
    pub(crate) fn read(visit: Visit<'_>) -> Result<Self, Refusal> {
        let mut fields = fields(visit)?;
        Ok(Self {
            secret: as_typed(&fields.text(field::SECRET)?),
            passphrase: fields.text(field::PASSPHRASE)?,
            ttl: fields.text(field::TTL)?,
            generate: !fields.text(field::GENERATE)?.is_empty(),
            nonce: fields.text(field::NONCE)?,
        })
    }
}

/// The form that opens a secret, or destroys one.
pub(crate) struct Confirmed {
    pub(crate) token: Zeroizing<String>,
    pub(crate) check: Zeroizing<String>,
    pub(crate) passphrase: Option<Passphrase>,
}

impl Confirmed {
    /// # Errors
    /// As [`Filled::read`].
    pub(crate) fn read(visit: Visit<'_>) -> Result<Self, Refusal> {
        let mut fields = fields(visit)?;
        Ok(Self {
            token: fields.text(field::TOKEN)?,
            check: fields.text(field::CHECK)?,
            passphrase: passphrase(&fields.text(field::PASSPHRASE)?),
        })
    }
}

/// An empty passphrase is none.
pub(crate) fn passphrase(typed: &str) -> Option<Passphrase> {
    (!typed.is_empty()).then(|| Passphrase::from(typed))
}

fn fields(visit: Visit<'_>) -> Result<Fields, Refusal> {
    let mut request = visit.request;
    request.query = None;
    Fields::read(&mut request)
}

/// A browser sends each line's end as CR LF, whatever was typed or pasted (HTML,
/// "newline normalization"). A secret is kept with LF, as it was typed. Nothing else
/// is changed, and nothing trimmed. The buffer is made whole, so that none is left behind.
fn as_typed(sent: &str) -> Zeroizing<String> {
    let mut typed = Zeroizing::new(String::with_capacity(sent.len()));
    for (index, line) in sent.split("\r\n").enumerate() {
        if index > 0 {
            typed.push('\n');
        }
        typed.push_str(line);
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_browsers_line_ends_are_taken_back() {
        for (sent, typed) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("\r\n\r\n", "\n\n"),
            ("a\rb\n\r", "a\rb\n\r"),
            ("\r\r\n", "\r\n"),
            (" a\t \n", " a\t \n"),
            ("", ""),
        ] {
            assert_eq!(*as_typed(sent), typed, "{sent:?}");
        }
    }
}
