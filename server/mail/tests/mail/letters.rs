//! What a recipient reads.

use std::time::Duration;

use mail_parser::{Message, MessageParser};
use waxseal_core::brand::Brand;
use waxseal_core::contract::locale::LOCALES;
use waxseal_core::contract::site::Site;
use waxseal_core::metadata::Metadata;
use waxseal_core::recipient::Recipient;
use waxseal_core::store::MailState;
use waxseal_core::time::Ttl;
use waxseal_core::vault::Terms;
use waxseal_locale::Words;
use waxseal_smtp_sink::{Act, Fault, Mail, Rules, Sink, Stage};

use crate::world::{
    DOMAIN, PASSPHRASE, RECIPIENT, SENDER, VALUE, World, caller, plain, site, terms, timing, with,
};

fn read(mail: &Mail) -> Message<'_> {
    MessageParser::default().parse(mail.content.as_bytes()).expect("a message")
}

fn text(message: &Message<'_>) -> String {
    message.body_text(0).expect("a text part").replace("\r\n", "\n")
}

fn html(message: &Message<'_>) -> String {
    message.body_html(0).expect("an HTML part").into_owned()
}

fn link(origin: &str, made: &Metadata) -> String {
    format!("{origin}/secret/{}", made.link_key.text().expose())
}

/// The one message that comes of a share by these terms.
async fn sent(terms: Terms) -> (Metadata, Mail) {
    let (sink, world) = with(Rules::default(), timing());
    let made = world.share(terms).await;
    (made, sink.wait_for(1).remove(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_who_shares_and_leads_to_the_secret() {
    let (made, mail) = sent(terms()).await;
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("no-reply@secrets.example", &[RECIPIENT.to_owned()][..])
    );
    let message = read(&mail);
    let link = link("https://secrets.example", &made);
    let (text, html) = (text(&message), html(&message));
    assert!(text.lines().any(|line| line == link), "on a line of its own: {text}");
    assert!(html.contains(&format!("href=\"{link}\"")), "{html}");
    assert!(text.contains(SENDER) && html.contains(SENDER));
    let until = Words::of("en").date(made.expires);
    assert!(text.contains(&until) && html.contains(&until), "{text}");
    assert_eq!(message.subject(), Some("tom@example.com shared a secret with you"));
    assert!(!text.contains("passphrase") && !html.contains("passphrase"));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_header_says_that_a_machine_wrote_it_and_whom_to_answer() {
    let (_, mail) = sent(terms()).await;
    let message = read(&mail);
    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Waxseal"), Some("no-reply@secrets.example")));
    assert_eq!(message.reply_to().unwrap().first().unwrap().address(), Some(SENDER));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some(RECIPIENT));
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert!(message.message_id().is_some_and(|id| id.ends_with("@secrets.example") && id.len() > 40));
    assert!(message.date().is_some());
    let header = mail.content.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    for absent in ["\r\nlist-", "\r\nreceived:", "\r\nx-", "\r\nuser-agent", "\r\nbcc"] {
        assert!(!header.contains(absent), "{absent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_value_nor_passphrase_is_ever_said() {
    let locked = Terms { passphrase: Some(PASSPHRASE.into()), ..terms() };
    let (sink, world) = with(Rules::default(), timing());
    let made = world.share(locked).await;
    let mail = sink.wait_for(1).remove(0);
    let message = read(&mail);
    let metadata_key = made.metadata_key.text();
    let said = [sink.heard(), text(&message), html(&message), mail.content.clone()].concat();
    for secret in [VALUE, PASSPHRASE, metadata_key.expose()] {
        assert!(!said.contains(secret));
    }
    assert!(
        text(&message).contains("asked for a passphrase")
            && html(&message).contains("asked for a passphrase")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_the_language_that_was_asked_for() {
    for locale in LOCALES {
        let (_, mail) = sent(Terms { language: Some(locale), ..terms() }).await;
        let message = read(&mail);
        let words = Words::of(locale);
        assert!(text(&message).starts_with(words.mail.greeting), "{locale}");
        assert!(html(&message).contains(&format!("<html lang=\"{locale}\"")), "{locale}");
        assert!(html(&message).contains(words.mail.open), "{locale}");
        assert_eq!(message.header_raw("Content-Language").map(str::trim), Some(locale));
        assert!(!text(&message).contains('{') && !message.subject().unwrap().contains('{'), "{locale}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_domain_has_its_own_link_and_name() {
    let (made, mail) = sent(Terms { share_domain: Some(DOMAIN.into()), ..terms() }).await;
    let message = read(&mail);
    let link = link(&format!("https://{DOMAIN}"), &made);
    assert!(text(&message).contains(&link) && html(&message).contains(&link));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Acme <Links>"));
    assert!(text(&message).contains("through Acme <Links>"));
    assert!(html(&message).contains("Acme &#60;Links&#62;") && !html(&message).contains("<Links>"));
    assert!(!mail.content.contains("Waxseal"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_try_of_a_message_is_the_same_message() {
    let faults = vec![Some(Fault::new(Stage::Dot, Act::Say("451 not now"))); 2];
    let (sink, world) = with(Rules { faults, ..Rules::default() }, timing());
    let made = world.share(terms()).await;
    assert_eq!(world.end_of(&made).await, MailState::Sent);
    let heard = sink.heard();
    let mut ids: Vec<&str> = heard.lines().filter(|line| line.starts_with("Message-ID:")).collect();
    assert_eq!(ids.len(), 3);
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

/// Names that would end a header line, a header, or the content.
const HOSTILE: [&str; 6] = [
    "a\r\nBcc: eve@example.net",
    "a\nBcc: eve@example.net\n\nHello",
    "a\r\n.\r\nMAIL FROM:<eve@example.net>",
    "\"a\" <eve@example.net>, x",
    "<script>alert(1)</script>\u{0}\u{b}\u{85}",
    "Grüße, 秘密 \u{202e}",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stays_a_name_whatever_it_holds() {
    for name in HOSTILE {
        let sink = Sink::start(Rules::default());
        let brand = Brand { name: name.into(), ..Brand::default() };
        let world = World::new(plain(sink.address), timing(), Site { brand, ..site() });
        let made = world.vault.share(VALUE.into(), terms(), &caller(name)).await.unwrap();
        assert_eq!(world.end_of(&made).await, MailState::Sent, "{name:?}");
        world.spool.close(Duration::from_secs(60)).await;
        let mails = sink.mails();
        assert_eq!(mails.len(), 1, "{name:?}");
        assert_eq!(mails[0].to, [RECIPIENT]);
        let message = read(&mails[0]);
        let names: Vec<_> = message.headers().iter().map(|header| header.name().to_owned()).collect();
        assert!(!names.iter().any(|name| name.eq_ignore_ascii_case("bcc")), "{names:?}");
        assert_eq!(message.from().unwrap().iter().count(), 1, "{name:?}");
        assert_eq!(message.from().unwrap().first().unwrap().address(), Some("no-reply@secrets.example"));
        assert!(message.reply_to().is_none(), "a name that is no address is answered to nobody");
        assert!(!html(&message).contains("<script>"));
        assert!(mails[0].content.is_ascii() && mails[0].content.lines().all(|line| line.len() < 998));
        let encoded = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
        assert!(text(&message).contains(encoded.trim()), "{name:?}: {}", text(&message));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_international_domain_is_told_in_its_ascii_form() {
    let recipient = Recipient::find("Tomás <o'brien+x@xn--bcher-kva.example>").unwrap();
    let (_, mail) =
        sent(Terms { recipients: vec![recipient], ttl: Some(Ttl::hours(1)), ..Terms::default() }).await;
    assert_eq!(mail.to, ["o'brien+x@xn--bcher-kva.example"]);
    assert_eq!(read(&mail).to().unwrap().first().unwrap().address(), Some("o'brien+x@xn--bcher-kva.example"));
}
