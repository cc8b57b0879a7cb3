//! Everything that the API refuses, one variant a row of the contract.

use super::Reply;
use super::json::{error, intended, message, with_header};
use crate::generate::LONGEST;
use crate::policy::Breach;
use crate::time::Ttl;

/// Why a request is refused. `Reply::from` writes each one's exact bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No such route (V1-R12): `{"error":"Not Found"}`.
    Unrouted,
    /// Credentials that do not verify, or none where some are needed (V1-E5).
    NotAuthorized,
    /// A key shorter than 20 characters (V1-E3), or longer than 128.
    NotAKey,
    /// Nothing to share (V1-E4).
    Nothing,
    /// Against the plan or the passphrase policy (V1-E7, E14, E15).
    Breach(Breach),
    /// A recipient without an account (V1-E8).
    RecipientNeedsAccount,
    /// No address in the text (V1-E9); the text as sent.
    Undeliverable(String),
    /// A domain nobody registered (V1-E10); as sent.
    UnknownDomain(String),
    /// A domain of another account (V1-E11); as sent.
    ForeignDomain(String),
    /// A generated value that would be too long (V1-E16).
    LengthTooLarge,
    /// A field of a shape we do not read (V1-E19 with intended 400), e.g. `ttl[]`.
    Unexpected,
    /// A body that can't be read: malformed JSON or multipart, bad UTF-8, NUL (V1-B7, B8, C-17); why.
    Malformed(&'static str),
    /// Too many requests (V1-E17).
    RateLimited {
        /// When to come again.
        retry_after: Ttl,
    },
}

impl From<&Refusal> for Reply {
    fn from(refusal: &Refusal) -> Self {
        let bad = |text: &str| intended(400, message(404, text));
        match refusal {
            Refusal::Unrouted => error(404, "Not Found"),
            Refusal::NotAKey => message(404, "Not Found"),
            Refusal::NotAuthorized => intended(401, message(404, "Not authorized")),
            Refusal::Nothing => bad("You did not provide anything to share"),
            Refusal::Breach(breach) => bad(&breach.to_string()),
            Refusal::RecipientNeedsAccount => bad("An account is required to send emails."),
            Refusal::Undeliverable(text) => bad(&format!("Undeliverable email address: {text}")),
            Refusal::UnknownDomain(name) => bad(&format!("Unknown domain: {name}")),
            Refusal::ForeignDomain(name) => bad(&format!("You do not have permission to use domain: {name}")),
            Refusal::LengthTooLarge => {
                bad(&format!("Generated password length must be no more than {LONGEST} characters"))
            }
            Refusal::Unexpected => bad("An unexpected error occurred :["),
            Refusal::Malformed(why) => bad(why),
            Refusal::RateLimited { retry_after } => rate_limited(*retry_after),
        }
    }
}

fn rate_limited(retry_after: Ttl) -> Reply {
    let reply = message(404, "Rate limit exceeded. Please try again later.");
    with_header(intended(429, reply), "retry-after", retry_after.secs().max(1).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(refusal: &Refusal, intended: Option<&str>, body: &str) {
        let reply = Reply::from(refusal);
        let text = std::str::from_utf8(&reply.body).unwrap();
        assert_eq!((reply.status, text), (404, body));
        assert_eq!(reply.header("x-ots-intended-status"), intended, "{body}");
    }

    #[test]
    fn v1_e3_to_e19_refusals_word_for_word() {
        let breach = |breach| Refusal::Breach(breach);
        let bad = Some("400");
        check(&Refusal::Unrouted, None, r#"{"error":"Not Found"}"#);
        check(&Refusal::NotAKey, None, r#"{"message":"Not Found"}"#);
        check(&Refusal::Nothing, bad, r#"{"message":"You did not provide anything to share"}"#);
        check(&Refusal::NotAuthorized, Some("401"), r#"{"message":"Not authorized"}"#);
        let e7 = r#"{"message":"Secret value exceeds the maximum size of 10000 bytes"}"#;
        check(&breach(Breach::TooLarge { max: 10_000 }), bad, e7);
        let e8 = r#"{"message":"An account is required to send emails."}"#;
        check(&Refusal::RecipientNeedsAccount, bad, e8);
        check(
            &Refusal::Undeliverable("a\"b".into()),
            bad,
            r#"{"message":"Undeliverable email address: a\"b"}"#,
        );
        check(&Refusal::UnknownDomain("d.e".into()), bad, r#"{"message":"Unknown domain: d.e"}"#);
        let e11 = r#"{"message":"You do not have permission to use domain: d.e"}"#;
        check(&Refusal::ForeignDomain("d.e".into()), bad, e11);
        let e14 = r#"{"message":"Passphrase must be at least 8 characters long"}"#;
        check(&breach(Breach::PassphraseTooShort { min: 8 }), bad, e14);
        let e14 = r#"{"message":"Passphrase must be no more than 128 characters long"}"#;
        check(&breach(Breach::PassphraseTooLong { max: 128 }), bad, e14);
        let e15 = r#"{"message":"A passphrase is required for all secrets"}"#;
        check(&breach(Breach::PassphraseRequired), bad, e15);
        let e16 = r#"{"message":"Generated password length must be no more than 128 characters"}"#;
        check(&Refusal::LengthTooLarge, bad, e16);
        check(&Refusal::Unexpected, bad, r#"{"message":"An unexpected error occurred :["}"#);
        check(&Refusal::Malformed("why"), bad, r#"{"message":"why"}"#);
    }

    #[test]
    fn v1_e17_a_limit_says_when_to_come_again() {
        let refusal = Refusal::RateLimited { retry_after: Ttl::from_secs(7) };
        check(&refusal, Some("429"), r#"{"message":"Rate limit exceeded. Please try again later."}"#);
        assert_eq!(Reply::from(&refusal).header("retry-after"), Some("7"));
    }
}
