//! From what came of a request to the exact bytes of its answer. Every failure
//! of v1 has the status 404; the message and `x-ots-intended-status` tell them
//! apart. Faults of the machinery are ours, and never dressed as an unknown secret.

use serde::Serialize;

use super::Reply;
use super::json::{self, HANDLED, intended, message, with_header};
use super::receipt::{Receipt, View};
use super::refusal::Refusal;
use super::site::Site;
use crate::metadata::Metadata;
use crate::secret::Plaintext;
use crate::store::MailState;
use crate::time::{Timestamp, Ttl};
use crate::vault::{Fault, Opened, Outcome};

/// How long a client should wait when the machinery cannot serve: long enough
/// for a store to fail over or a burst of passphrases to be worked off.
pub const PATIENCE: Ttl = Ttl::from_secs(5);

/// Characters of the link key that a burn tells (V1-U1).
const SHORT_KEY_CHARS: usize = 8;

/// What was asked, as far as the answer shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked<'a> {
    /// Keep a value.
    Share,
    /// Make a value and keep it.
    Generate,
    /// Open. The key of the path, as it is echoed.
    Reveal(&'a str),
    /// Show the metadata. The key of the path, as it is echoed.
    Look(&'a str),
    /// Destroy unread.
    Burn {
        /// The key of the path, as it is echoed.
        key: &'a str,
        /// The language of the one message that is translated (V1-C2).
        locale: &'a str,
    },
    /// List.
    Recent,
}

impl<'a> Asked<'a> {
    /// The key that an answer echoes; empty where the path has none.
    const fn key(self) -> &'a str {
        match self {
            Self::Reveal(key) | Self::Look(key) | Self::Burn { key, .. } => key,
            Self::Share | Self::Generate | Self::Recent => "",
        }
    }
}

/// The answer to a command that was carried out, or that found nothing to open. Only a
/// receipt tells times, and reads the clock.
#[must_use]
pub fn reply(outcome: &Outcome, asked: Asked<'_>, site: &Site, now: impl Fn() -> Timestamp) -> Reply {
    let kept = |metadata| Receipt::new(metadata, View::Kept, site, now());
    match outcome {
        Outcome::Shared(metadata) => made(metadata, None, site, now()),
        Outcome::Generated(metadata, value) => made(metadata, Some(value), site, now()),
        Outcome::Revealed(opened) => revealed(opened, asked.key(), site),
        Outcome::Looked(metadata) => with_mail_status(ok(&kept(metadata)), metadata.mail),
        Outcome::Burned(metadata) => burned(metadata, kept(metadata)),
        Outcome::Recent(list) => listed(list, site, now()),
        Outcome::Refused { .. } | Outcome::LockedOut { .. } => closed(asked),
        Outcome::Gone | Outcome::Lost => unknown(asked.key()),
    }
}

/// The answer to `/status` and `/authcheck` (V1-S1).
#[must_use]
pub fn status(locale: &str) -> Reply {
    #[derive(Serialize)]
    struct Status<'a> {
        status: &'static str,
        locale: &'a str,
    }
    ok(&Status { status: "nominal", locale })
}

impl From<&Fault> for Reply {
    fn from(fault: &Fault) -> Self {
        let text = match fault {
            Fault::Breach(breach) => return Self::from(&Refusal::Breach(*breach)),
            Fault::Unavailable(_) | Fault::Busy | Fault::Entropy(_) => {
                "The service is not available at present. Nothing was changed."
            }
            Fault::Full => "No room is left for another secret at present. Nothing was stored.",
            Fault::Undecipherable(_) => "This secret cannot be opened at present. It has not been used up.",
            Fault::Unconfirmed(_) => "This secret cannot be opened at present. It may have been used up.",
        };
        with_header(message(503, text), "retry-after", PATIENCE.secs().to_string())
    }
}

fn made(metadata: &Metadata, value: Option<&Plaintext>, site: &Site, now: Timestamp) -> Reply {
    with_mail_status(ok(&Receipt::new(metadata, View::Made(value), site, now)), metadata.mail)
}

/// The truth about the message to a recipient, where one was named. A header, since
/// the receipt's fields are the contract's.
fn with_mail_status(reply: Reply, mail: MailState) -> Reply {
    let status = match mail {
        MailState::None => return reply,
        MailState::NotConfigured => "not-configured",
        MailState::Queued => "queued",
        MailState::Sent => "sent",
        MailState::Failed => "failed",
        MailState::OverQuota => "over-quota",
    };
    with_header(reply, "x-mail-status", status)
}

/// Where metadata shows a bare host, this shows an origin (V1-G2).
fn revealed(opened: &Opened, key: &str, site: &Site) -> Reply {
    #[derive(Serialize)]
    struct Rest<'a> {
        secret_key: &'a str,
        share_domain: &'a str,
    }
    let origin = site.origin(opened.share_domain.as_deref());
    json::telling(opened.value.expose(), &Rest { secret_key: key, share_domain: &origin })
}

fn burned(metadata: &Metadata, receipt: Receipt<'_>) -> Reply {
    #[derive(Serialize)]
    struct Burned<'a> {
        state: Receipt<'a>,
        secret_shortkey: &'a str,
    }
    let key = metadata.link_key.text();
    let short = key.expose().get(..SHORT_KEY_CHARS).unwrap_or_default();
    ok(&Burned { state: receipt, secret_shortkey: short })
}

fn listed(list: &[Metadata], site: &Site, now: Timestamp) -> Reply {
    let lines = list.iter().map(|metadata| Receipt::new(metadata, View::Listed, site, now));
    ok(&lines.collect::<Vec<_>>())
}

/// A wrong passphrase, or too many of them (V1-E18). A stranger with the link
/// learns nothing; its creator is told what is wrong.
fn closed(asked: Asked<'_>) -> Reply {
    match asked {
        Asked::Burn { locale, .. } => intended(400, message(404, wrong_passphrase(locale))),
        other => unknown(other.key()),
    }
}

/// V1-E6, the one message of v1 that is translated.
fn wrong_passphrase(locale: &str) -> &'static str {
    match locale {
        "es" => "Vuelva a comprobar la frase de contraseña",
        "fr" => "Vérifiez la phrase secrète",
        "de" => "Bitte überprüfen Sie die Passphrase",
        "pt" => "Verifique novamente a frase secreta",
        _ => "Double check that passphrase",
    }
}

/// V1-E1 and V1-E2: one answer, whatever the reason.
fn unknown(key: &str) -> Reply {
    #[derive(Serialize)]
    struct Unknown<'a> {
        secret_key: &'a str,
        message: &'static str,
    }
    json::answer(404, HANDLED, &Unknown { secret_key: key, message: "Unknown secret" })
}

fn ok(body: &impl Serialize) -> Reply {
    json::answer(200, HANDLED, body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::receipt::tests::{metadata, site};
    use super::super::transport;
    use super::*;
    use crate::contract::refusal::Refusal;
    use crate::entropy::EntropyError;
    use crate::state::State;

    const NOW: Timestamp = Timestamp::from_secs(1_200);
    const BURN: Asked<'_> = Asked::Burn { key: "k", locale: "en" };

    fn of(outcome: &Outcome, asked: Asked<'_>) -> Reply {
        reply(outcome, asked, &site(), || NOW)
    }

    fn text(reply: &Reply) -> &str {
        std::str::from_utf8(&reply.body).unwrap()
    }

    #[test]
    fn v1_s1_status_tells_the_locale() {
        assert_eq!(text(&status("en")), r#"{"status":"nominal","locale":"en"}"#);
    }

    #[test]
    fn v1_e1_e2_no_value_has_one_answer() {
        for asked in [Asked::Reveal("k"), Asked::Look("k"), BURN] {
            for outcome in [Outcome::Gone, Outcome::Lost] {
                let reply = of(&outcome, asked);
                assert_eq!(text(&reply), r#"{"secret_key":"k","message":"Unknown secret"}"#);
                assert_eq!((reply.status, reply.header("x-ots-intended-status")), (404, None));
            }
        }
    }

    #[test]
    fn v1_e1_e6_e18_a_closed_door_is_unknown_to_readers_and_named_to_creators() {
        for outcome in [Outcome::Refused { remaining: 3 }, Outcome::LockedOut { until: NOW }] {
            let reveal = of(&outcome, Asked::Reveal("k"));
            assert_eq!(*reveal.body, *of(&Outcome::Gone, Asked::Reveal("k")).body);
            assert!(reveal.headers().eq(of(&Outcome::Gone, Asked::Reveal("k")).headers()));
            let burn = of(&outcome, BURN);
            assert_eq!(text(&burn), r#"{"message":"Double check that passphrase"}"#);
            assert_eq!((burn.status, burn.header("x-ots-intended-status")), (404, Some("400")));
        }
    }

    #[test]
    fn v1_c2_e6_is_translated() {
        for (locale, words) in [
            ("es", "Vuelva a comprobar la frase de contraseña"),
            ("fr", "Vérifiez la phrase secrète"),
            ("de", "Bitte überprüfen Sie die Passphrase"),
            ("pt", "Verifique novamente a frase secreta"),
        ] {
            let burn = of(&Outcome::Refused { remaining: 0 }, Asked::Burn { key: "k", locale });
            assert_eq!(text(&burn), format!("{{\"message\":\"{words}\"}}"));
        }
    }

    #[test]
    fn v1_g1_g2_a_reveal_echoes_the_key_and_tells_an_origin() {
        let opened = |share_domain| Opened { value: Plaintext::from("a\n\"b"), share_domain };
        let reply = of(&Outcome::Revealed(opened(None)), Asked::Reveal("KEY"));
        let body = r#"{"value":"a\n\"b","secret_key":"KEY","share_domain":"https://secrets.example"}"#;
        assert_eq!((reply.status, text(&reply)), (200, body));
        let custom = opened(Some("links.example".to_owned()));
        let reply = of(&Outcome::Revealed(custom), Asked::Reveal("KEY"));
        assert!(text(&reply).ends_with(r#""share_domain":"https://links.example"}"#));
    }

    #[test]
    fn v1_u1_u2_burn_says_burned() {
        let metadata = metadata(State::Burned);
        let key = metadata.link_key.text().expose().to_owned();
        let reply = of(&Outcome::Burned(metadata), BURN);
        let shown: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(shown["state"]["state"], "burned");
        assert_eq!(shown["state"]["secret_key"], "");
        assert_eq!(shown["state"]["secret_ttl"], Value::Null);
        assert_eq!(shown["secret_shortkey"], key[..8]);
        assert!(text(&reply).starts_with(r#"{"state":{"custid":"anon","#));
    }

    #[test]
    fn v1_l1_an_empty_list_is_an_array() {
        assert_eq!(text(&of(&Outcome::Recent(Vec::new()), Asked::Recent)), "[]");
    }

    #[test]
    fn a_named_recipient_is_told_the_truth() {
        let with = |mail| Outcome::Shared(Metadata { mail, ..metadata(State::New) });
        let shown = |mail| of(&with(mail), Asked::Share).header("x-mail-status").map(str::to_owned);
        assert_eq!(shown(MailState::None), None);
        assert_eq!(shown(MailState::Queued).as_deref(), Some("queued"));
        assert_eq!(shown(MailState::NotConfigured).as_deref(), Some("not-configured"));
        assert_eq!(shown(MailState::Sent).as_deref(), Some("sent"));
        assert_eq!(shown(MailState::Failed).as_deref(), Some("failed"));
        assert_eq!(shown(MailState::OverQuota).as_deref(), Some("over-quota"));
    }

    #[test]
    fn faults_say_whether_the_secret_is_safe() {
        let check = |fault: &Fault, end: &str| {
            let reply = Reply::from(fault);
            assert_eq!((reply.status, reply.header("retry-after")), (503, Some("5")));
            assert!(text(&reply).ends_with(end), "{end}");
        };
        check(&Fault::Unavailable("down".into()), "Nothing was changed.\"}");
        check(&Fault::Busy, "Nothing was changed.\"}");
        check(&Fault::Entropy(EntropyError), "Nothing was changed.\"}");
        check(&Fault::Full, "Nothing was stored.\"}");
        let sentence = "This secret cannot be opened at present. It has not been used up.\"}";
        check(&Fault::Undecipherable("damaged"), sentence);
        let sentence = "This secret cannot be opened at present. It may have been used up.\"}";
        check(&Fault::Unconfirmed("lost".into()), sentence);
    }

    #[test]
    fn v1_h3_every_answer_is_kept_nowhere_and_none_asks_for_credentials() {
        let replies = [
            status("en"),
            of(&Outcome::Gone, BURN),
            Reply::from(&Refusal::NotAuthorized),
            Reply::from(&Refusal::Unrouted),
            Reply::from(&Fault::Busy),
            transport::too_large(),
            transport::internal(),
        ];
        for reply in replies {
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_ne!(reply.status, 401);
            assert_eq!(reply.header("www-authenticate"), None);
        }
    }

    #[test]
    fn v1_r12_only_what_found_no_handler_lacks_the_charset() {
        let of_type = |reply: &Reply| reply.header("content-type").map(str::to_owned);
        let unrouted = Reply::from(&Refusal::Unrouted);
        assert_eq!(of_type(&unrouted).as_deref(), Some("application/json"));
        let handled = Some("application/json; charset=utf-8");
        assert_eq!(of_type(&Reply::from(&Refusal::NotAKey)).as_deref(), handled);
        assert_eq!(of_type(&status("en")).as_deref(), handled);
    }

    #[test]
    fn what_is_not_read_to_its_end_closes_the_connection() {
        let closing = [
            (413, transport::too_large()),
            (408, transport::too_slow()),
            (431, transport::too_many_headers()),
            (400, transport::malformed()),
            (415, transport::encoded()),
            (503, transport::crowded()),
        ];
        for (status, reply) in closing {
            assert_eq!((reply.status, reply.header("connection")), (status, Some("close")));
            assert!(text(&reply).starts_with(r#"{"message":""#));
        }
        assert_eq!(transport::internal().status, 503);
    }

    proptest! {
        #[test]
        fn any_text_comes_back_from_the_json_as_it_was(value in "\\PC*|.*", key in ".*") {
            let opened = Opened { value: Plaintext::from(value.as_str()), share_domain: None };
            let reply = of(&Outcome::Revealed(opened), Asked::Reveal(&key));
            let shown: Value = serde_json::from_slice(&reply.body).unwrap();
            prop_assert_eq!(&shown["value"], &value);
            prop_assert_eq!(&shown["secret_key"], &key);
            prop_assert!(reply.body.capacity() - reply.body.len() <= 1_024);
        }
    }
}
