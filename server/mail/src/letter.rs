//! A message as bytes: text and HTML, in its language, under the name of the site.
//!
//! Whatever a name holds, it stays a name: control characters become blanks, lettre
//! encodes what headers can't hold, askama escapes what HTML would read.

use std::sync::Arc;

use askama::Template;
use lettre::address::{AddressError, Envelope};
use lettre::message::header::{ContentTransferEncoding, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart, header::ContentType};
use lettre::{Address, Message as Mime};
use waxseal_core::brand::{Accent, Brand};
use waxseal_core::contract::locale::LOCALES;
use waxseal_core::contract::site::Site;
use waxseal_core::mail::Message;
use waxseal_core::recipient::Recipient;
use waxseal_locale::{Words, fill};
use zeroize::Zeroizing;

/// Whom messages come from: the site, from an address of its operator.
#[derive(Clone, Debug)]
pub struct Letterhead {
    from: Address,
    site: Arc<Site>,
}

/// The operator's own address can't be one.
#[derive(Debug, thiserror::Error)]
pub enum LetterheadError {
    /// It is none.
    #[error("the address that messages come from is none")]
    NoAddress,
    /// It is one that mail can't come from.
    #[error("messages cannot come from this address: {0}")]
    Unusable(#[from] AddressError),
}

/// A message, ready to be handed over. Whoever is done with it wipes it.
pub(crate) struct Letter {
    /// From whom and to whom, as the server is told.
    pub(crate) envelope: Envelope,
    /// What is sent: ASCII, lines below 1,000 bytes.
    pub(crate) content: Zeroizing<Vec<u8>>,
}

impl Letterhead {
    /// Messages from `from`, in the name of `site` or of the link's own domain.
    ///
    /// # Errors
    /// [`LetterheadError`].
    pub fn new(from: &Recipient, site: Arc<Site>) -> Result<Self, LetterheadError> {
        Ok(Self { from: from.expose().parse()?, site })
    }

    /// The message about a link. `id` stays the same over all tries.
    pub(crate) fn letter(&self, message: &Message, id: &str) -> Result<Letter, Unwritable> {
        let words = Words::of(message.language);
        let domain = message.share_domain.as_deref();
        let brand = brand(&self.site, domain);
        let key = message.link_key.text();
        let link = Zeroizing::new(format!("{}/secret/{}", self.site.origin(domain), key.expose()));
        let said = Said::new(words, &brand, message, &link);
        let text = Zeroizing::new(Text(&said).render()?);
        let html = Zeroizing::new(Html(&said).render()?);
        let to: Address = message.recipient.expose().parse()?;
        let mut letter = Mime::builder();
        // Replies go to the person, not to the machine. An account's name is its address.
        if let Ok(sender) = said.sender.parse() {
            letter = letter.reply_to(Mailbox::new(None, sender));
        }
        let letter = self.addressed(letter, &brand, &to, id, words).subject(said.subject.clone());
        let body = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &text))
            .singlepart(part(ContentType::TEXT_HTML, &html));
        let content = Zeroizing::new(letter.multipart(body)?.formatted());
        Ok(Letter { envelope: Envelope::new(Some(self.from.clone()), vec![to])?, content })
    }

    /// A message that holds no link, for an operator who tries the mail out.
    pub(crate) fn trial(&self, recipient: &Recipient, id: &str) -> Result<Letter, Unwritable> {
        let words = Words::of(LOCALES[0]);
        let brand = brand(&self.site, None);
        let to: Address = recipient.expose().parse()?;
        let text = fill(words.mail.test_lead, &[("site", &brand.name)]);
        let subject = fill(words.mail.test_subject, &[("site", &brand.name)]);
        let letter = self.addressed(Mime::builder(), &brand, &to, id, words).subject(subject);
        let content = letter.singlepart(part(ContentType::TEXT_PLAIN, &text))?.formatted();
        Ok(Letter { envelope: Envelope::new(Some(self.from.clone()), vec![to])?, content: content.into() })
    }

    fn addressed(
        &self,
        letter: lettre::message::MessageBuilder,
        brand: &Brand,
        to: &Address,
        id: &str,
        words: &Words,
    ) -> lettre::message::MessageBuilder {
        letter
            .from(Mailbox::new(Some(brand.name.clone()), self.from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .message_id(Some(format!("<{id}@{}>", self.from.domain())))
            .date_now()
            // RFC 3834: nobody's holiday answer is wanted.
            .header(AutoSubmitted)
            .header(ContentLanguage(words.tag))
    }
}

/// A message can't be written. Its text is withheld, for it names the recipient.
#[derive(Debug, thiserror::Error)]
#[error("the message cannot be written")]
pub(crate) struct Unwritable;

macro_rules! unwritable {
    ($($error:ty),*) => {$(
        impl From<$error> for Unwritable {
            fn from(_: $error) -> Self {
                Self
            }
        }
    )*};
}
unwritable!(AddressError, lettre::error::Error, askama::Error);

/// Encoded, so that it passes any server on its way as it is.
fn part(kind: ContentType, text: &str) -> SinglePart {
    let body = Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable);
    let body = body.unwrap_or_else(Body::new);
    SinglePart::builder().header(kind).body(body)
}

fn brand(site: &Site, domain: Option<&str>) -> Brand {
    let brand = site.brand_for(domain);
    Brand { name: plain(&brand.name), ..brand }
}

/// A name on one line.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What a message says, each sentence filled in.
struct Said<'a> {
    words: &'a Words,
    accent: Accent,
    site: &'a str,
    link: &'a str,
    sender: String,
    subject: String,
    lead: String,
    once: String,
    passphrase: Option<&'static str>,
    unexpected: String,
    automatic: String,
}

impl<'a> Said<'a> {
    fn new(words: &'a Words, brand: &'a Brand, message: &Message, link: &'a str) -> Self {
        let sender = plain(&message.sender);
        let date = words.date(message.expires);
        let say = |text| fill(text, &[("sender", &sender), ("site", &brand.name), ("date", &date)]);
        let mail = &words.mail;
        Self {
            words,
            accent: brand.accent,
            site: &brand.name,
            link,
            subject: say(mail.subject),
            lead: say(mail.lead),
            once: say(mail.once),
            passphrase: message.passphrase_required.then_some(mail.passphrase),
            unexpected: say(mail.unexpected),
            automatic: say(mail.automatic),
            sender,
        }
    }
}

#[derive(Template)]
#[template(path = "message.txt", escape = "none")]
struct Text<'a>(&'a Said<'a>);

#[derive(Template)]
#[template(path = "message.html")]
struct Html<'a>(&'a Said<'a>);

/// `Auto-Submitted: auto-generated`.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// `Content-Language`, by one of our own tags.
#[derive(Clone)]
struct ContentLanguage(&'static str);

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }
    fn parse(tag: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(Words::of(tag).tag))
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}
