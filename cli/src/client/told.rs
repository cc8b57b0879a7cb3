//! What a server told of a secret, in the client's own stable form.

use serde::Serialize;
use waxseal_client::{Origin, Receipt};

/// One secret, for scripts. Names and meanings stay; what a server did not say is null.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    server: String,
    account: Option<&'a str>,
    pub(super) link: Option<String>,
    pub(super) receipt_link: Option<String>,
    secret_key: Option<&'a str>,
    pub(super) metadata_key: Option<&'a str>,
    pub(super) state: &'a str,
    /// These four in Unix seconds.
    pub(super) created: Option<u64>,
    updated: Option<u64>,
    received: Option<u64>,
    pub(super) expires: Option<u64>,
    pub(super) passphrase_required: Option<bool>,
    pub(super) recipient: &'a [String],
    share_domain: Option<&'a str>,
}

impl<'a> Told<'a> {
    /// What `origin` told at `now`.
    pub(super) fn of(origin: &Origin, receipt: &'a Receipt, now: u64) -> Self {
        let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let (link, receipt_link) = links(origin, receipt);
        Self {
            server: origin.to_string(),
            account: said(&receipt.custid).filter(|custid| *custid != "anon"),
            link,
            receipt_link,
            secret_key: said(&receipt.secret_key),
            metadata_key: said(&receipt.metadata_key),
            state: &receipt.state,
            created: receipt.created,
            updated: receipt.updated,
            received: receipt.received,
            expires: receipt.expires(now),
            passphrase_required: receipt.passphrase_required,
            recipient: &receipt.recipient,
            share_domain: said(&receipt.share_domain),
        }
    }

    /// The same after it was burned, which some servers say as it was before.
    pub(super) fn burned(self) -> Self {
        Self { state: "burned", link: None, secret_key: None, expires: None, ..self }
    }
}

/// The link and the receipt's. They stand where the server says that it stands: whoever
/// asks it by another name, such as 127.0.0.1, hands on no such link.
fn links(origin: &Origin, receipt: &Receipt) -> (Option<String>, Option<String>) {
    let said = receipt.metadata_url.split_once("/receipt/").and_then(|(server, _)| server.parse().ok());
    let domain = Some(&receipt.share_domain).filter(|domain| !domain.is_empty());
    let place = said.or_else(|| origin.on(domain?)).unwrap_or_else(|| origin.clone());
    let link = |path: &str, key: &str| {
        let sound = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        sound.then(|| format!("{place}/{path}/{key}"))
    };
    // Servers before 0.22 know no /receipt.
    let receipts = if receipt.metadata_url.is_empty() { "private" } else { "receipt" };
    (link("secret", &receipt.secret_key), link(receipts, &receipt.metadata_key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(metadata_url: &str, share_domain: &str) -> (String, String) {
        let receipt = Receipt {
            secret_key: "s".to_owned(),
            metadata_key: "m".to_owned(),
            metadata_url: metadata_url.to_owned(),
            share_domain: share_domain.to_owned(),
            ..Receipt::default()
        };
        let (link, receipt) = links(&"http://127.0.0.1:3000".parse().unwrap(), &receipt);
        (link.unwrap(), receipt.unwrap())
    }

    fn pair(link: &str, receipt: &str) -> (String, String) {
        (link.to_owned(), receipt.to_owned())
    }

    #[test]
    fn links_stand_where_the_server_says_it_stands() {
        let here = pair("http://127.0.0.1:3000/secret/s", "http://127.0.0.1:3000/private/m");
        assert_eq!(linked("", ""), here);
        assert_eq!(linked("", "a.b"), pair("http://a.b/secret/s", "http://a.b/private/m"));
        assert_eq!(
            linked("https://a.b/receipt/m", ""),
            pair("https://a.b/secret/s", "https://a.b/receipt/m")
        );
    }

    #[test]
    fn a_key_that_is_none_makes_no_link() {
        let origin = "http://127.0.0.1".parse().unwrap();
        let odd = Receipt { secret_key: "\u{1b}[2J".to_owned(), ..Receipt::default() };
        assert_eq!(links(&origin, &odd), (None, None));
    }
}
