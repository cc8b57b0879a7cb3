//! Mail by the real program: from a share to a link that opens, and what is said
//! where it fails.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;
use waxseal_smtp_sink::{Act, Fault, Identity, Mail, Rules, Sink, Stage, Tls};

use crate::account::{basic, json};
use crate::home::{Home, Server, done, eventually};

const TOM: &str = "tom@example.com";
const FROM: &str = "no-reply@secrets.example";

/// A deployment that sends to this server, with `more` in its configuration.
fn deployment(sink: &Sink, more: &str) -> Home {
    let home = Home::new();
    let smtp =
        format!("[smtp]\nurl = \"smtp://{}\"\nfrom = \"{FROM}\"\ntls = \"none\"\n{more}", sink.address);
    home.write("waxseal.toml", &smtp);
    home.run(&["init"]).ok();
    home
}

/// The credentials of a new account.
fn account(home: &Home, more: &[&str]) -> String {
    let added = home.run(&[&["account", "add", TOM], more].concat()).ok();
    basic(TOM, added.trim())
}

const SHARE: (&str, &str, &str) =
    ("POST", "/api/v1/share", "secret=hunter2-in-the-mail&recipient=ann@example.org");

/// What a share with a recipient is told of the mail, and its metadata.
fn share(server: &Server, basic: &str) -> (String, Value) {
    let (status, made) = server.header("x-mail-status", SHARE, basic);
    (status.expect("a status of the mail"), made)
}

/// What its receipt tells of the mail.
fn receipt(server: &Server, made: &Value, basic: &str) -> String {
    let path = format!("/api/v1/private/{}", made["metadata_key"].as_str().unwrap());
    server.header("x-mail-status", ("GET", &path, ""), basic).0.expect("a status of the mail")
}

/// The link in a message: soft line breaks of quoted-printable taken out.
fn link(mail: &Mail) -> String {
    let text = mail.content.replace("=\r\n", "");
    let link = text.lines().find(|line| line.starts_with("http://")).expect("a link on a line of its own");
    link.trim().to_owned()
}

#[test]
fn a_recipient_gets_one_message_with_a_link_that_opens() {
    let sink = Sink::start(Rules::default());
    let home = deployment(&sink, "");
    let server = home.serve_with_log(&[]);
    let basic = account(&home, &[]);
    let (status, made) = share(&server, &basic);
    assert_eq!(status, "queued");
    let mails = sink.wait_for(1);
    eventually(|| receipt(&server, &made, &basic) == "sent");
    assert_eq!((mails[0].from.as_str(), &mails[0].to[..]), (FROM, &["ann@example.org".to_owned()][..]));
    assert!(!sink.heard().contains("hunter2-in-the-mail"));

    let link = link(&mails[0]);
    let key =
        link.strip_prefix(&format!("http://{}/secret/", server.address)).expect("the server's own origin");
    let opened = server.ask("POST", &format!("/api/v1/secret/{key}"), "", None);
    assert_eq!(opened.1["value"], "hunter2-in-the-mail");
    assert_eq!(server.signal("-TERM"), Some(0));
    assert_eq!(sink.mails().len(), 1);
    let log = home.read("server.log");
    assert!(log.contains("a message was sent") && !log.contains('@'), "{log}");
}

#[test]
fn a_refused_recipient_is_told_on_the_receipt() {
    let refused = Some(Fault::new(Stage::Recipient, Act::Say("550 5.1.1 <ann@example.org> unknown")));
    let sink = Sink::start(Rules { always: refused, ..Rules::default() });
    let home = deployment(&sink, "");
    let server = home.serve_with_log(&[]);
    let basic = account(&home, &[]);
    let (_, made) = share(&server, &basic);
    eventually(|| receipt(&server, &made, &basic) == "failed");
    assert_eq!(server.reveal(&made), "hunter2-in-the-mail", "the secret is kept all the same");
    drop(server);
    assert!(!home.read("server.log").contains("ann@"));
}

#[test]
fn beyond_its_allowance_an_account_shares_and_nobody_is_told() {
    let sink = Sink::start(Rules::default());
    let home = deployment(&sink, "[limits]\naccount_mails_per_20m = 1\n");
    let server = home.serve(&[]);
    let basic = account(&home, &[]);
    assert_eq!(share(&server, &basic).0, "queued");
    let (status, made) = share(&server, &basic);
    assert_eq!((status.as_str(), receipt(&server, &made, &basic).as_str()), ("over-quota", "over-quota"));
    assert_eq!(server.reveal(&made), "hunter2-in-the-mail");
    assert_eq!(server.signal("-TERM"), Some(0));
    assert_eq!(sink.mails().len(), 1);
}

#[test]
fn messages_are_in_the_language_of_the_account_unless_a_request_names_another() {
    let sink = Sink::start(Rules::default());
    let home = deployment(&sink, "");
    let server = home.serve(&[]);
    let basic = account(&home, &["--language", "de"]);
    let language = |mail: &Mail| {
        let line = mail.content.lines().find_map(|line| line.strip_prefix("Content-Language: "));
        line.expect("a language").to_owned()
    };
    share(&server, &basic);
    assert_eq!(language(&sink.wait_for(1)[0]), "de");
    let named = ("POST", "/api/v1/share", "secret=x&recipient=ann@example.org&locale=pt");
    server.header("x-mail-status", named, &basic);
    assert_eq!(language(&sink.wait_for(2)[1]), "pt");

    home.run(&["account", "language", TOM, "fr"]).ok();
    assert!(home.run(&["account", "list"]).ok().trim_end().ends_with("\tfr"));
    eventually(|| {
        share(&server, &basic);
        language(sink.wait_for(sink.mails().len() + 1).last().unwrap()) == "fr"
    });
    home.run(&["account", "language", TOM, "any"]).ok();
    let listed = json(&home.run(&["account", "list", "--json"]).ok());
    assert_eq!(listed[0].get("language"), None);
    home.run(&["account", "language", TOM, "xx"]).refused(2, &["en, es, fr, de, pt, any"]);
    home.run(&["account", "add", "zoe@example.com", "--language", "any"]).refused(2, &["en, es, fr, de, pt"]);
    home.run(&["account", "language", "zoe@example.com", "de"]).refused(1, &["no account"]);
}

#[cfg(unix)]
#[test]
fn asked_to_stop_it_tries_once_more_what_waits() {
    let greylist = Fault::new(Stage::Recipient, Act::Say("451 4.7.1 greylisted"));
    let sink = Sink::start(Rules { faults: vec![Some(greylist)], ..Rules::default() });
    let home = deployment(&sink, "");
    let server = home.serve(&[]);
    let basic = account(&home, &[]);
    let (_, made) = share(&server, &basic);
    sink.wait_for_connections(1);
    assert_eq!(server.signal("-TERM"), Some(0));
    assert_eq!(sink.mails().len(), 1);
    let again = home.serve(&[]);
    assert_eq!(receipt(&again, &made, &basic), "sent");
}

#[cfg(unix)]
#[test]
fn asked_to_stop_it_notes_and_counts_what_it_cannot_send() {
    let stall = Some(Fault::new(Stage::Greeting, Act::Stall));
    let sink = Sink::start(Rules { always: stall, ..Rules::default() });
    let home = deployment(&sink, "");
    let server = home.serve_with_log(&[]);
    let basic = account(&home, &[]);
    let made = [share(&server, &basic).1, share(&server, &basic).1];
    assert_eq!(server.signal("-TERM"), Some(0));
    assert!(home.read("server.log").contains("messages=2"), "{}", home.read("server.log"));
    let again = home.serve(&[]);
    for made in &made {
        assert_eq!(receipt(&again, made, &basic), "failed");
    }
}

#[test]
fn a_trial_tells_every_step() {
    let here = Identity::of("127.0.0.1");
    let rules =
        Rules { tls: Tls::Starttls(here.clone()), account: Some(("tom", "p@ss:word")), ..Rules::default() };
    let sink = Sink::start(rules);
    let home = Home::new();
    home.write("waxseal.toml", &format!("[smtp]\nfrom = \"{FROM}\"\n"));
    home.write("ca.pem", here.pem());
    let url = format!("smtp://tom:p%40ss%3Aword@{}", sink.address);
    let trial = |args: &[&str], url: &str| {
        let mut command = home.command(&[&["mail", "test", "ann@example.org"], args].concat());
        done(command.env("WAXSEAL_SMTP_URL", url).env("SSL_CERT_FILE", home.path("ca.pem")))
    };
    let told = trial(&[], &url);
    for step in
        ["connected to 127.0.0.1", "encrypted", "signed in", "from no-reply@", "for ann@example.org", "taken"]
    {
        assert!(told.err.contains(step), "{step}: {told:?}");
    }
    assert!(told.ok().contains("on its way to ann@example.org"));
    let mail = &sink.mails()[0];
    assert!(mail.tls && mail.signed_in && mail.content.contains("Test message of Waxseal"));
    assert!(!mail.content.contains("/secret/"));

    let steps = json(&trial(&["--json"], &url).ok());
    assert_eq!(steps["sent"], true);
    assert_eq!(
        steps["steps"],
        serde_json::json!(["connect", "tls", "sign-in", "sender", "recipient", "content", "answer"])
    );

    let wrong = format!("smtp://tom:hunter2@{}", sink.address);
    let refused = trial(&[], &wrong);
    refused.refused(1, &["sign-in failed (535)", "bad credentials", "user and password", "%XX"]);
    assert!(!refused.err.contains("hunter2"));
    let unknown = done(home.command(&["mail", "test", "ann@example.org"]).env("WAXSEAL_SMTP_URL", &url));
    unknown.refused(1, &["tls failed", "certificate", "SSL_CERT_FILE"]);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_no_trouble_with_the_port() {
    let sink = Sink::start(Rules { tls: Tls::Implicit(Identity::of("127.0.0.1")), ..Rules::default() });
    let home = Home::new();
    let url = format!("smtps://{}", sink.address);
    home.write("waxseal.toml", &format!("[smtp]\nurl = \"{url}\"\nfrom = \"{FROM}\"\n"));
    let told = home.run(&["mail", "test", "ann@example.org"]);
    told.refused(1, &["tls failed", "certificate", "SSL_CERT_FILE"]);
    assert!(!told.err.contains("Check host and port"), "{}", told.err);
}

#[test]
fn whoever_checks_hears_that_messages_go_unencrypted() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let smtp = |host: &str| {
        let smtp = format!("[smtp]\nurl = \"smtp://{host}:1\"\nfrom = \"{FROM}\"\ntls = \"none\"\n");
        home.write("mail.toml", &smtp);
        ["config check", "mail test ann@example.org"].map(|command| {
            let words: Vec<&str> = command.split(' ').collect();
            home.run(&[&["--config", "mail.toml", "--key-file", "data/waxseal.key"], &words[..]].concat()).err
        })
    };
    // What begins with 0 is this machine, too, and yet is no loopback address.
    assert!(smtp("0.0.0.0").iter().all(|told| told.contains("unencrypted")));
    assert!(smtp("127.0.0.1").iter().all(|told| !told.contains("unencrypted")));
}

#[test]
fn a_trial_that_fails_says_what_to_do() {
    let say = |stage, text| Rules { always: Some(Fault::new(stage, Act::Say(text))), ..Rules::default() };
    let cases = [
        (say(Stage::Sender, "553 5.7.1 not yours"), &["sender failed (553)", "not yours", "smtp.from"][..]),
        (
            say(Stage::Recipient, "550 5.1.1 no such user"),
            &["recipient failed (550)", "no such user", "written right"],
        ),
        (
            say(Stage::Recipient, "451 4.7.1 greylisted"),
            &["recipient failed (451)", "greylisted", "try again"],
        ),
        (say(Stage::Dot, "554 5.7.1 spam"), &["answer failed (554)", "spam", "refused the content"]),
        (
            Rules { always: Some(Fault::new(Stage::Dot, Act::HangUp)), ..Rules::default() },
            &["answer failed", "it may have been taken", "Look into the mailbox"],
        ),
    ];
    for (rules, words) in cases {
        let home = deployment(&Sink::start(rules), "");
        home.run(&["mail", "test", "ann@example.org"]).refused(1, words);
        let told = home.run(&["mail", "test", "ann@example.org", "--json"]);
        assert_eq!((told.code, json(&told.out)["sent"].clone()), (Some(1), Value::Bool(false)));
        assert!(json(&told.out)["failed"]["advice"].as_str().is_some_and(|advice| !advice.is_empty()));
    }
    let home = Home::new();
    home.run(&["init"]).ok();
    home.run(&["mail", "test", "ann@example.org"]).refused(78, &["no mail server is configured", "[smtp]"]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    home.write("waxseal.toml", &format!("[smtp]\nurl = \"smtp://{nobody}\"\nfrom = \"{FROM}\"\n"));
    home.run(&["mail", "test", "ann@example.org"])
        .refused(1, &["connect failed", "host and port of smtp.url"]);
    home.run(&["mail", "test", "ann"]).refused(2, &["no e-mail address"]);
}

#[test]
fn the_password_of_the_mail_server_is_never_shown() {
    let home = Home::new();
    let url = "smtp://tom:hunter2@mail.example.com";
    home.write("waxseal.toml", &format!("[smtp]\nurl = \"{url}\"\nfrom = \"{FROM}\"\n"));
    home.run(&["init"]).ok();
    let shown = home.run(&["config", "show"]).ok();
    assert!(shown.contains("smtp.url = \"smtp://tom:(hidden)@mail.example.com\""), "{shown}");
    assert!(!shown.contains("hunter2"));
    let above =
        done(home.command(&["config", "show"]).env("WAXSEAL_SMTP_URL", "smtp://ann:hunter2@other.example"))
            .ok();
    assert!(above.contains("smtp://ann:(hidden)@other.example\"  # WAXSEAL_SMTP_URL"), "{above}");
    assert!(!above.contains("hunter2"));
    home.run(&["config", "check"]).ok();
    done(home.command(&["config", "check"]).env("WAXSEAL_SMTP_URL_FILE", "nowhere"))
        .refused(78, &["no file nowhere"]);
    fs::remove_file(home.path("waxseal.toml")).unwrap();
    home.write("waxseal.toml", "[smtp]\nurl = \"smtp://tom:hun/ter2@mail\"\n");
    let refused = home.run(&["serve"]);
    refused.refused(78, &["waxseal.toml:2: smtp.url"]);
    assert!(!refused.err.contains("ter2"));
}
