//! The same lives, lived on pages: what a form holds is as secret as what the API is sent.

use crate::drive::{Client, PASSPHRASE, QUERY, VALUE, WRONG, percent};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n";

pub(crate) fn pages(client: &mut Client<'_>) {
    for passphrase in ["", PASSPHRASE] {
        let form = format!("secret={}&passphrase={passphrase}&ttl=3600", percent(VALUE));
        client.ask("POST /", FORM, form.as_bytes());
        client.ask(&format!("POST /?secret={QUERY}"), FORM, b"secret=%FF");
        for end in ["open", "burn"] {
            let (receipt, link) = made(client, &form);
            live(client, &receipt, &link, passphrase, end);
        }
    }
    let nonce = hidden(client, "/", "nonce");
    client.ask("POST /", FORM, format!("generate=1&ttl=3600&nonce={nonce}").as_bytes());
    client.get("/robots.txt");
}

/// Receipt's path and share link's.
fn made(client: &mut Client<'_>, form: &str) -> (String, String) {
    let nonce = hidden(client, "/", "nonce");
    let answer = client.ask("POST /", FORM, format!("{form}&nonce={nonce}").as_bytes());
    assert_eq!(answer.status, 303, "{}", answer.body);
    let receipt = answer.location.unwrap();
    client.search.keep("a metadata key", receipt.rsplit_once('/').unwrap().1);
    let page = client.get(&receipt).body;
    let (_, key) = page.split_once("/secret/").unwrap();
    let key = client.search.keep("a link key", &key[..31]);
    (receipt, format!("/secret/{key}"))
}

fn live(client: &mut Client<'_>, receipt: &str, link: &str, passphrase: &str, end: &str) {
    let target = if end == "open" { link.to_owned() } else { format!("{receipt}/burn") };
    let token = hidden(client, &target, "token");
    for (token, passphrase) in [("none", passphrase), (&token, WRONG), (&token, passphrase), (&token, "")] {
        let form = format!("token={token}&passphrase={passphrase}");
        client.ask(&format!("POST {target}"), FORM, form.as_bytes());
    }
    client.get(&target);
    client.get(receipt);
}

/// A hidden field's value, which must not be met again either.
fn hidden(client: &mut Client<'_>, path: &str, name: &str) -> String {
    let page = client.get(path).body;
    let (_, value) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    client.search.keep("a hidden field", value.split_once('"').unwrap().0)
}
