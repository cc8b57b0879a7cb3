//! Custom domains by the command line and by the configuration, heeded by a server
//! that runs; and regions, each a server of its own.

use serde_json::{Value, json};

use crate::account::{basic, json as parsed};
use crate::home::{Home, Server, eventually};

const TOM: &str = "tom@example.com";
const ANN: &str = "ann@example.com";

/// A deployment behind a proxy that speaks TLS, with accounts for Tom and Ann and a
/// domain of Tom's in its configuration: their credentials, too.
fn deployment(further: &str) -> (Home, String, String) {
    let home = Home::new();
    home.write(
        "waxseal.toml",
        &format!(
            "trusted_proxies = [\"127.0.0.1/32\"]\n[site]\nhost = \"share.example.com\"\nscheme = \"https\"\n\
             name = \"Ours\"\n{further}[[site.domains]]\nhost = \"configured.example.org\"\naccount = \"{TOM}\"\n"
        ),
    );
    home.run(&["init"]).ok();
    let [tom, ann] = [TOM, ANN].map(|name| basic(name, home.run(&["account", "add", name]).ok().trim()));
    (home, tom, ann)
}

/// The answer to a share on `host`; `fields` go on from the secret's.
fn share(server: &Server, host: &str, fields: &str, credentials: Option<&str>) -> (u16, Value) {
    let credentials =
        credentials.map(|basic| format!("Authorization: Basic {basic}\r\n")).unwrap_or_default();
    let headers = format!("Host: {host}\r\n{credentials}");
    let (status, body) =
        server.send_with("POST", "/api/v1/share", &headers, &format!("secret=x{fields}")).unwrap();
    (status, parsed(&body))
}

/// What stands before `/receipt/KEY` in the receipt's link.
fn origin(made: &(u16, Value)) -> &str {
    let url = made.1["metadata_url"].as_str().unwrap_or_else(|| panic!("{made:?}"));
    url.split_once("/receipt/").unwrap().0
}

#[test]
fn v1_d2_d3_a_running_server_heeds_a_domain_that_is_added_and_removed() {
    let (home, tom, _) = deployment("");
    let server = home.serve(&[]);
    let on_host = || origin(&share(&server, "Links.acme.example:443", "", None)).to_owned();
    assert_eq!(on_host(), "https://share.example.com");

    let said = home.run(&["domain", "add", "LINKS.acme.example:443", "--account", TOM, "--name", "Acme"]);
    assert!(said.err.contains("waxseal domain --help"), "{said:?}");
    assert_eq!(said.ok(), "tom@example.com may share on https://links.acme.example\n");
    eventually(|| on_host() == "https://links.acme.example");
    let named = share(&server, "share.example.com", "&share_domain=links.acme.example", Some(&tom));
    assert_eq!(
        (origin(&named), &named.1["share_domain"]),
        ("https://links.acme.example", &json!("links.acme.example"))
    );
    let front = |host: &str| server.send_with("GET", "/", &format!("Host: {host}\r\n"), "").unwrap().1;
    assert!(front("links.acme.example").contains("Acme"), "{}", front("links.acme.example"));
    assert!(!front("share.example.com").contains("Acme") && front("share.example.com").contains("Ours"));

    assert_eq!(home.run(&["domain", "remove", "links.ACME.example"]).ok(), "links.acme.example is removed\n");
    eventually(|| on_host() == "https://share.example.com");
    let path = format!("/api/v1/secret/{}", named.1["secret_key"].as_str().unwrap());
    let (_, opened) = server.send_with("POST", &path, "Host: links.acme.example\r\n", "").unwrap();
    assert_eq!(parsed(&opened)["value"], "x", "a link that stands on it opens still");
}

#[test]
fn v1_d4_e10_e11_hold_whether_a_domain_stands_in_the_configuration_or_in_the_store() {
    let (home, tom, ann) = deployment("");
    home.run(&["domain", "add", "stored.example.org", "--account", TOM]).ok();
    let server = home.serve(&[]);
    for host in ["configured.example.org", "stored.example.org"] {
        let name =
            |credentials| share(&server, "share.example.com", &format!("&share_domain={host}"), credentials);
        let made = name(Some(&tom));
        assert_eq!((origin(&made), &made.1["share_domain"]), (&*format!("https://{host}"), &json!(host)));
        let foreign = json!({"message": format!("You do not have permission to use domain: {host}")});
        for credentials in [None, Some(&*ann)] {
            assert_eq!(name(credentials), (404, foreign.clone()));
        }
    }
    let unknown = share(&server, "share.example.com", "&share_domain=nobody.example.org", Some(&tom));
    assert_eq!(unknown, (404, json!({"message": "Unknown domain: nobody.example.org"})));
}

#[test]
fn v1_d1_the_sites_own_host_and_what_is_no_host_are_ignored() {
    let (home, tom, _) = deployment("");
    let server = home.serve(&[]);
    for sent in ["", "share.example.com", "https://configured.example.org/", "no%20domain"] {
        let made = share(&server, "share.example.com", &format!("&share_domain={sent}"), Some(&tom));
        assert_eq!(
            (origin(&made), &made.1["share_domain"]),
            ("https://share.example.com", &json!("")),
            "{sent}"
        );
    }
}

/// The proxy speaks HTTP to us and tells what it heard; links are what the configuration says.
#[test]
fn links_never_follow_what_a_request_claims_to_be() {
    let (home, _, _) = deployment("");
    home.run(&["domain", "add", "stored.example.org", "--account", TOM]).ok();
    let server = home.serve(&[]);
    let claims = "X-Forwarded-Proto: http\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 81\r\n\
                  Forwarded: proto=http;host=evil.example\r\nX-Forwarded-Scheme: http\r\nX-Original-Host: evil.example\r\n";
    let cases = [
        ("share.example.com", "https://share.example.com"),
        ("evil.example", "https://share.example.com"),
        ("127.0.0.1:80", "https://share.example.com"),
        ("configured.example.org", "https://configured.example.org"),
        ("stored.example.org", "https://stored.example.org"),
        ("stored.example.org:443", "https://stored.example.org"),
        ("stored.example.org:80", "https://share.example.com"),
    ];
    for (host, expected) in cases {
        let headers = format!("Host: {host}\r\n{claims}");
        let (_, made) = server.send_with("POST", "/api/v1/share", &headers, "secret=x").unwrap();
        let made = (200, parsed(&made));
        assert_eq!(origin(&made), expected, "{host}");
        let path = format!("/api/v1/secret/{}", made.1["secret_key"].as_str().unwrap());
        let (_, opened) = server.send_with("POST", &path, "Host: evil.example\r\n", "").unwrap();
        assert_eq!(parsed(&opened)["share_domain"], expected, "{host}");
        let front = server.send_with("GET", "/", &headers, "").unwrap().1;
        assert!(!front.contains("evil"), "{front}");
    }
}

#[test]
fn domains_are_listed_with_where_they_stand() {
    let (home, _, _) = deployment("");
    home.run(&[
        "domain",
        "add",
        "b.example",
        "--account",
        "Ann@example.com",
        "--name",
        "B",
        "--accent",
        "#1A7F5A",
    ])
    .ok();
    home.run(&["domain", "add", "d.example:8443", "--account", TOM]).ok();
    let row = |host: &str,
               account: &str,
               name: Option<&str>,
               accent: Option<&str>,
               source: &str,
               in_force: bool| {
        json!({"host": host, "account": account, "name": name, "accent": accent, "source": source, "in_force": in_force})
    };
    let expected = [
        row("b.example", ANN, Some("B"), Some("#1a7f5a"), "store", true),
        row("configured.example.org", TOM, None, None, "configuration", true),
        row("d.example:8443", TOM, None, None, "store", true),
    ];
    assert_eq!(parsed(&home.run(&["domain", "list", "--json"]).ok()), Value::from(expected.to_vec()));
    let table = home.run(&["domain", "list"]).ok();
    assert!(table.starts_with("b.example\tann@example.com\tB\t#1a7f5a\tstore\n"), "{table}");
    assert!(table.contains("\nconfigured.example.org\ttom@example.com\t-\t-\tconfiguration\n"), "{table}");
}

#[test]
fn a_host_has_one_meaning() {
    let region = |code: &str, label: &str, host: &str| {
        format!("[[site.regions]]\ncode = \"{code}\"\nlabel = \"{label}\"\nhost = \"{host}\"\n")
    };
    let regions =
        region("US", "United States", "us.example.com") + &region("CA", "Canada", "ca.example.com:443");
    let (home, _, _) = deployment(&regions);
    let add = |host: &str, account: &str| home.run(&["domain", "add", host, "--account", account]);
    add("share.example.com", TOM).refused(1, &["own host"]);
    add("us.example.com", TOM).refused(1, &["another region", "United States"]);
    add("ca.example.com", TOM).refused(1, &["another region", "Canada"]);
    add("Configured.example.org", ANN).refused(1, &["[[site.domains]]", "waxseal.toml"]);
    home.run(&["domain", "remove", "configured.example.org"])
        .refused(1, &["[[site.domains]]", "waxseal.toml"]);
    add("a.example", "zoe@example.com").refused(1, &["no account zoe@example.com"]);
    add("a.example", TOM).ok();
    for account in [TOM, ANN] {
        add("A.example", account).refused(1, &["registered already", "waxseal domain list"]);
    }
    home.run(&["domain", "remove", "b.example"]).refused(1, &["no domain b.example"]);
    for (host, word) in [("bücher.example", "idn2"), ("10.0.0.1", "an address"), ("intranet", "no full name")]
    {
        add(host, TOM).refused(2, &[word]);
    }
    let coloured = ["domain", "add", "c.example", "--account", TOM, "--accent", "red"];
    home.run(&coloured).refused(2, &["#9b2c2c"]);
    assert_eq!(home.run(&["domain", "list"]).ok().lines().count(), 2);
}

#[test]
fn an_account_takes_its_domains_with_it() {
    let (home, _, _) = deployment("");
    home.run(&["domain", "add", "a.example", "--account", TOM]).ok();
    home.run(&["domain", "add", "b.example", "--account", ANN]).ok();
    home.run(&["account", "remove", "Tom@example.com"])
        .refused(2, &["--yes", "domains are removed, too: a.example."]);
    home.run(&["account", "remove", TOM, "--yes"]).ok();
    let hosts = || {
        let listed = parsed(&home.run(&["domain", "list", "--json"]).ok());
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["host"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(hosts(), ["b.example", "configured.example.org"]);
    home.run(&["account", "add", TOM]).ok();
    assert_eq!(hosts(), ["b.example", "configured.example.org"], "its successor starts without");
}

#[test]
fn the_configuration_overrules_the_store_and_says_so() {
    let (home, tom, ann) = deployment("");
    home.run(&["domain", "add", "moved.example", "--account", ANN]).ok();
    let text = home.read("waxseal.toml")
        + &format!("[[site.domains]]\nhost = \"moved.example\"\naccount = \"{TOM}\"\n");
    home.write("waxseal.toml", &text);
    let server = home.serve_with_log(&[]);
    let name = |credentials: &str| {
        share(&server, "share.example.com", "&share_domain=moved.example", Some(credentials)).0
    };
    assert_eq!((name(&tom), name(&ann)), (200, 404));
    assert!(home.read("server.log").contains("host=\"moved.example\""), "{}", home.read("server.log"));
    let listed = home.run(&["domain", "list"]).ok();
    assert!(
        listed.contains("moved.example\tann@example.com\t-\t-\tstore, overruled by the configuration\n"),
        "{listed}"
    );
    let moved = home.run(&["--site-host", "moved.example", "domain", "list"]).ok();
    assert!(
        moved.contains("moved.example\ttom@example.com\t-\t-\tconfiguration, overruled by site.host\n"),
        "{moved}"
    );
    // What stands in the way can be cleared away.
    home.run(&["domain", "remove", "moved.example"]).ok();
    assert!(!home.run(&["domain", "list"]).ok().contains("overruled"));
}

#[test]
fn domains_of_a_memory_store_cannot_be_reached() {
    let home = Home::new();
    home.write("waxseal.toml", "store = \"memory:\"\n");
    home.run(&["init"]).ok();
    for args in [&["add", "a.example", "--account", TOM][..], &["list"], &["remove", "a.example"]] {
        home.run(&[&["domain"], args].concat()).refused(78, &["memory:", "sqlite:"]);
    }
}

#[test]
fn help_says_what_dns_and_the_proxy_must_do() {
    let help = Home::new().run(&["domain", "--help"]).ok();
    for word in ["CNAME", "Host header", "proxy_set_header Host", "https", "X-Forwarded-Host"] {
        assert!(help.contains(word), "no `{word}` in {help}");
    }
}

/// The region `code` of two, with a store of its own.
fn region(code: &str) -> Home {
    let home = Home::new();
    let listed = |code: &str, label: &str| {
        let host = format!("{}.example.com", code.to_lowercase());
        format!("[[site.regions]]\ncode = \"{code}\"\nlabel = \"{label}\"\nhost = \"{host}\"\n")
    };
    let regions = listed("EU", "Europe") + &listed("US", "United States");
    let own = format!(
        "[site]\nhost = \"{}.example.com\"\nscheme = \"https\"\nregion = \"{code}\"\n",
        code.to_lowercase()
    );
    home.write("waxseal.toml", &(own + &regions));
    home.run(&["init"]).ok();
    home
}

#[test]
fn what_is_shared_in_one_region_is_unknown_in_the_other() {
    let (eu_home, us_home) = (region("EU"), region("US"));
    let (eu, us) = (eu_home.serve(&[]), us_home.serve(&[]));
    let token = eu_home.run(&["account", "add", TOM]).ok();
    let tom = basic(TOM, token.trim());
    let made = share(&eu, "eu.example.com", "", Some(&tom));
    assert_eq!(origin(&made), "https://eu.example.com");

    let elsewhere =
        us.ask("POST", &format!("/api/v1/secret/{}", made.1["secret_key"].as_str().unwrap()), "", None);
    assert_eq!((elsewhere.0, &elsewhere.1["message"]), (404, &json!("Unknown secret")));
    let receipt = format!("/api/v1/private/{}", made.1["metadata_key"].as_str().unwrap());
    for (method, path) in [("GET", receipt.clone()), ("POST", format!("{receipt}/burn"))] {
        assert_eq!(us.ask(method, &path, "", None).0, 404, "{path}");
    }
    assert_eq!(us.ask("GET", "/api/v1/private/recent", "", Some(&tom)).1["message"], "Not authorized");
    assert_eq!(us_home.run(&["account", "list"]).ok(), "");
    assert_eq!(eu.reveal(&made.1), "x", "what the other region was asked cost nothing here");
}

/// The apex leads to one of them: it is served, and its links stand on that region's host.
#[test]
fn an_apex_host_serves_the_region_it_leads_to() {
    let (eu_home, us_home) = (region("EU"), region("US"));
    let (eu, us) = (eu_home.serve(&[]), us_home.serve(&[]));
    for (server, expected) in [(&eu, "https://eu.example.com"), (&us, "https://us.example.com")] {
        let made = share(server, "example.com", "", None);
        assert_eq!((origin(&made), &made.1["share_domain"]), (expected, &json!("")));
        let crossed = share(server, "us.example.com", "", None);
        assert_eq!(origin(&crossed), expected, "another region's host is no domain here");
    }
}
