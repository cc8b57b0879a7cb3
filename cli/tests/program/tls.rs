//! TLS by the real program, asked by curl and OpenSSL.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rcgen::{CertificateParams, KeyPair};

use crate::figures::{Figures, is_word};
use crate::home::{Done, Home, Server, done, eventually, get};

const CONFIG: &str = "metrics_listen = \"127.0.0.1:0\"\n[site]\nhost = \"secrets.example\"\n[tls]\n\
                      cert = \"tls/cert.pem\"\nkey = \"tls/key.pem\"\nredirect_listen = \"127.0.0.1:0\"\n";

/// Writes a certificate and its key, as a tool that fetches them would.
fn renew(home: &Home, until: i32) {
    let mut params = CertificateParams::new(["secrets.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap().pem();
    home.write("tls/cert.pem", &cert);
    home.write_private("tls/key.pem", &key.serialize_pem());
}

fn home() -> Home {
    let home = Home::new();
    home.write("waxseal.toml", CONFIG);
    renew(&home, 4_000);
    home.run(&["init"]).ok();
    home
}

/// Whether a tool is there; skipping is loud.
fn available(tool: &str, test: &str) -> bool {
    let found = Command::new(tool).arg("version").output().is_ok();
    if !found {
        let required = std::env::var_os("WAXSEAL_REQUIRE_ALL").is_some_and(|value| value == "1");
        assert!(!required, "{test} needs {tool}");
        eprintln!("SKIPPED {test}: there is no {tool}");
    }
    found
}

/// curl, trusting what the certificate's file holds.
fn curl(home: &Home, server: &Server, path: &str, args: &[&str]) -> Done {
    let port = server.address.rsplit_once(':').unwrap().1;
    let mut command = Command::new("curl");
    command.args(["-sS", "--noproxy", "*", "--cacert"]).arg(home.path("tls/cert.pem"));
    command.args(["--connect-to", &format!("secrets.example:443:127.0.0.1:{port}")]).args(args);
    done(command.arg(format!("https://secrets.example{path}")))
}

/// Where the log says that something stands.
fn place(home: &Home, before: &str, behind: &str) -> String {
    // The log is written a moment after.
    eventually(|| home.read("server.log").split_once(before).is_some_and(|(_, rest)| rest.contains(behind)));
    let log = home.read("server.log");
    let (_, rest) = log.split_once(before).unwrap_or_else(|| panic!("no {before} in {log}"));
    rest[..rest.find(behind).unwrap()].to_owned()
}

#[test]
fn the_doctor_asks_over_tls() {
    let home = home();
    let server = home.serve(&[]);
    let server_says = |trusted: bool| {
        let mut doctor = home.command(&["doctor", "--json", "--listen", &server.address]);
        if trusted {
            doctor.env("SSL_CERT_FILE", home.path("tls/cert.pem"));
        }
        let report: serde_json::Value = serde_json::from_str(&done(&mut doctor).out).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["check"] == "server");
        found.unwrap_or_else(|| panic!("{report:#}")).to_string()
    };
    assert!(server_says(true).contains("it listens on"), "{}", server_says(true));
    assert!(server_says(false).contains("TLS fails"), "{}", server_says(false));
}

#[test]
fn curl_shares_and_opens_over_tls() {
    if !available("curl", "curl_shares_and_opens_over_tls") {
        return;
    }
    let home = home();
    let server = home.serve_with_log(&[]);
    assert!(server.said.contains("listening on https://"), "{}", server.said);
    let shared = curl(&home, &server, "/api/v1/share", &["-i", "-d", "secret=by curl"]).ok();
    assert!(shared.to_lowercase().contains("strict-transport-security: max-age=31536000\r\n"), "{shared}");
    let body: serde_json::Value = serde_json::from_str(shared.split_once("\r\n\r\n").unwrap().1).unwrap();
    let path = format!("/api/v1/secret/{}", body["secret_key"].as_str().unwrap());
    assert!(curl(&home, &server, &path, &["-X", "POST"]).ok().contains("by curl"));

    let plain = place(&home, "leading plain HTTP to the site address=", "\n");
    let mut look = Command::new("curl");
    let moved =
        done(look.args(["-sS", "--noproxy", "*", "-D", "-", &format!("http://{plain}/secret/abc")])).ok();
    assert!(
        moved.contains("308") && moved.contains("location: https://secrets.example/secret/abc\r\n"),
        "{moved}"
    );
    eventually(|| home.read("server.log").contains("route=\"redirect\""));
    assert!(!home.read("server.log").contains("/secret/abc"));
    assert_eq!(server.signal("-TERM"), Some(0));
}

#[test]
fn openssl_agrees_on_current_versions_alone() {
    if !available("openssl", "openssl_agrees_on_current_versions_alone") {
        return;
    }
    let home = home();
    let server = home.serve_with_log(&[]);
    let said = |version: &str| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &server.address, "-servername", "secrets.example", version]);
        command.args(["-alpn", "h2,http/1.1", "-cipher", "ALL:@SECLEVEL=0", "-CAfile"]);
        let done = done(command.arg(home.path("tls/cert.pem")).stdin(std::process::Stdio::null()));
        done.out + &done.err
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let said = said(version);
        assert!(said.contains("ALPN protocol: http/1.1") && said.contains("Verify return code: 0"), "{said}");
    }
    for version in ["-tls1", "-tls1_1"] {
        let said = said(version);
        assert!(said.contains("Cipher is (NONE)") && said.contains("alert"), "{said}");
    }
}

/// A certificate is renewed again and again while clients come: none of them fails.
#[test]
fn sighup_takes_a_new_certificate_without_a_failed_request() {
    if !available("curl", "sighup_takes_a_new_certificate_without_a_failed_request") {
        return;
    }
    let home = home();
    let server = home.serve_with_log(&[]);
    let over = AtomicBool::new(false);
    // Each keeps to what it was first shown: any certificate will do, and none may fail.
    let ask = || {
        let mut asked = 0;
        while !over.load(Ordering::Relaxed) || asked < 5 {
            let shared = curl(&home, &server, "/api/v1/share", &["-k", "-d", "secret=x"]);
            assert!(shared.ok().contains("secret_key"));
            asked += 1;
        }
    };
    std::thread::scope(|scope| {
        let asking = [scope.spawn(ask), scope.spawn(ask)];
        for round in 1..=5 {
            renew(&home, 4_000 + round);
            server.send("-HUP");
            let read = "certificate and key were read again";
            eventually(|| home.read("server.log").matches(read).count() >= usize::try_from(round).unwrap());
        }
        over.store(true, Ordering::Relaxed);
        asking.into_iter().for_each(|one| one.join().unwrap());
    });
    curl(&home, &server, "/healthz", &[]).ok();

    // One that will not do is told of, and the last one stays.
    let trusted = home.read("tls/cert.pem");
    home.write("tls/cert.pem", "nothing");
    server.send("-HUP");
    let refused = "the certificate stays as it was, for the new one will not do: tls.cert:";
    eventually(|| home.read("server.log").contains(refused));
    home.write("tls/cert.pem", &trusted);
    curl(&home, &server, "/healthz", &[]).ok();
    let log = home.read("server.log");
    assert!(!log.contains("PRIVATE KEY") && !log.contains(home.read("tls/key.pem").lines().nth(1).unwrap()));
}

#[test]
fn config_check_reads_certificate_and_key() {
    let home = home();
    assert!(home.run(&["config", "check"]).ok().starts_with("OK"));
    let shown = home.run(&["config", "show"]).ok();
    for line in [
        "tls.cert = \"tls/cert.pem\"  # waxseal.toml:5",
        "metrics_listen = \"127.0.0.1:0\"  # waxseal.toml:1",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    renew(&home, 2_001);
    let warned = home.run(&["config", "check"]);
    assert!(warned.code == Some(0) && warned.err.contains("has expired"), "{warned:?}");
    home.write("tls/cert.pem", "nothing");
    for args in [&["config", "check"][..], &["serve"]] {
        home.run(args).refused(78, &["tls.cert:", "holds no certificate in PEM"]);
    }
    let wrong = [
        ("[tls]\ncert = \"c\"\n", "waxseal.toml:2: [tls] lacks `key`"),
        ("[tls]\nkey = \"k\"\n", "waxseal.toml:2: [tls] lacks `cert`"),
        ("[tls]\nredirect_listen = \"127.0.0.1:80\"\n", "lacks `cert` and `key`"),
        ("[tls]\ncert = \"c\"\nkey = \"k\"\n", "there is no file c"),
        ("[tls]\ncerts = \"c\"\n", "did you mean `cert`?"),
        ("[tls]\nredirect_listen = 80\n", "tls.redirect_listen:"),
        ("metrics_listen = \"9143\"\n", "is no address and port"),
        (
            "[site]\nscheme = \"http\"\n[tls]\ncert = \"c\"\nkey = \"k\"\n",
            "waxseal.toml:2: links can't begin",
        ),
    ];
    for (text, words) in wrong {
        home.write("waxseal.toml", text);
        home.run(&["config", "check"]).refused(78, &[words]);
    }
}

/// Every figure that an alert asks for is there, and every word it asks for is a word.
#[test]
fn alerts_ask_for_figures_that_there_are() {
    let home = home();
    home.write(
        "waxseal.toml",
        &format!("{CONFIG}[smtp]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"no-reply@secrets.example\"\ntls = \"none\"\n"),
    );
    let server = home.serve_with_log(&[]);
    let address = place(&home, "figures stand at http://", "/metrics");
    // One request in plain text, so that requests are counted.
    assert_eq!(server.send_with("GET", "/", "Host: a\r\n", "").unwrap().0, 308);
    let text = get(&address, "/metrics");
    let figures = Figures::read(&text);
    figures.assert_labels_are_words();
    let rules = include_str!("../../../contrib/prometheus/waxseal.rules.yml");
    let rules: serde_norway::Value = serde_norway::from_str(rules).unwrap();
    let mut names = BTreeSet::new();
    for rule in rules["groups"][0]["rules"].as_sequence().unwrap() {
        let alert = rule["alert"].as_str().unwrap();
        assert!(names.insert(alert.to_owned()), "{alert} stands twice");
        assert!(rule["annotations"]["summary"].as_str().is_some_and(|text| !text.is_empty()), "{alert}");
        let asked = rule["expr"].as_str().unwrap();
        for name in asked.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_') {
            let is_ours = name.starts_with("waxseal_");
            assert!(
                !is_ours || figures.0.iter().any(|sample| sample.name == name),
                "{alert}: there is no {name}"
            );
        }
        for matcher in asked.split(['{', ',']).filter(|matcher| matcher.contains('"')) {
            let (label, rest) = matcher.split_once('=').unwrap();
            let words = rest.trim_start_matches('~').split('"').nth(1).unwrap();
            let is_ours = |word: &str| is_word(label, word) || (label, word) == ("job", "waxseal");
            assert!(words.split('|').all(is_ours), "{alert}: {matcher}");
        }
    }
    assert!(names.len() > 10);
}
