//! What goes wrong, and what stands around every page.

use waxseal_core::contract::{Request, transport};
use waxseal_core::id::ClientId;
use waxseal_core::seal::keyring::Keyring;
use waxseal_locale::Words;
use waxseal_pages::Visit;

use crate::browser::Seen;
use crate::moods::{Mood, Moody};
use crate::world::{Setup, World};

const KEY: &str = "00000000000000000000000000000aa";

/// The sentences of what became of the secret.
fn says(seen: &Seen, sentence: &str) {
    assert_eq!(seen.status, 503);
    assert_eq!(seen.header("retry-after"), Some("5"));
    assert!(seen.text().contains(sentence), "{sentence}: {}", seen.text());
    assert!(seen.text().contains("request-7"));
}

#[tokio::test]
async fn a_fault_says_whether_the_secret_is_safe() {
    let words = &Words::of("en").trouble;
    let store = Moody::new();
    let world = Setup { store: Some(store.clone()), ..Setup::default() }.world();
    let browser = world.browser();
    let made = world.make("hunter2", "").await;
    let create = browser.get("/").await.form().with("secret", "x");
    let (open, burn) = (browser.get(&made.link).await.form(), browser.get(&made.burn()).await.form());
    store.set(Mood::Away);
    let refused = browser.send(&create).await;
    says(&refused, words.not_stored);
    assert_eq!(refused.field("secret"), "x", "nothing that was typed is lost");
    assert!(refused.text().contains(words.unavailable), "nothing was wrong with the form");
    for form in [&open, &burn] {
        says(&browser.send(form).await, words.nothing_happened);
    }
    // Nobody can say now that what was never there is kept.
    for target in [&made.link, &made.receipt, &made.burn(), &format!("/secret/{KEY}")] {
        says(&browser.get(target).await, words.nothing_happened);
    }
    store.set(Mood::Damaged);
    for target in [&made.link, &made.receipt] {
        let seen = browser.get(target).await;
        says(&seen, words.kept);
        assert_eq!(seen.h1(), words.undecipherable);
    }
    store.set(Mood::Well);
    assert_eq!(browser.get(&made.link).await.status, 200);
    store.set(Mood::Silent);
    says(&browser.send(&open).await, words.unsure);
}

#[tokio::test]
async fn a_full_store_says_that_nothing_was_stored() {
    let world = Setup { stored_bytes: 100, ..Setup::default() }.world();
    let browser = world.browser();
    let seen = browser.send(&browser.get("/").await.form().with("secret", "x")).await;
    says(&seen, Words::of("en").trouble.not_stored);
}

#[tokio::test]
async fn a_secret_whose_master_key_is_missing_is_kept_and_opens_when_it_is_back() {
    let root = "8f1d0c3b5a79e2464d7760a91b2cfe83350417d8c6b9ea52f07e1d3c4b5a6978";
    let ring = |key: &str| {
        let text = format!("waxseal-key-file 1\nroot {root}\nkey {} seals\n", key.repeat(64));
        Some(Keyring::parse(&text).unwrap())
    };
    let world = Setup { keyring: ring("a"), ..Setup::default() }.world();
    let made = world.make("hunter2", "").await;
    let store = Some(world.store.clone());
    let without = Setup { keyring: ring("b"), store, ..Setup::default() }.world();
    let form = without.browser().get(&made.link).await.form();
    let seen = without.browser().send(&form).await;
    says(&seen, Words::of("en").trouble.kept);
    assert_eq!(seen.h1(), Words::of("en").trouble.undecipherable);
    let browser = world.browser();
    assert_eq!(browser.send(&browser.get(&made.link).await.form()).await.field("value"), "hunter2");
}

#[tokio::test]
async fn every_answer_is_kept_by_nobody_and_tells_nobody_where_it_stood() {
    let world = World::new();
    let browser = world.browser();
    let (made, other) = (world.make("hunter2", "pass").await, world.make("hunter2", "").await);
    let open = browser.get(&made.link).await.form();
    let seen = [
        browser.get("/").await,
        browser.get(&made.link).await,
        browser.get(&made.receipt).await,
        browser.get(&made.burn()).await,
        browser.send(&open.clone().with("passphrase", "wrong")).await,
        browser.send(&open.with("passphrase", "pass")).await,
        browser.send(&browser.get(&other.burn()).await.form()).await,
        browser.send(&browser.get("/").await.form()).await,
        browser.press(&browser.get("/").await.form(), "generate").await,
        browser.get("/secret/nothing").await,
        browser.get("/nowhere").await,
        browser.get("/robots.txt").await,
        browser.request("DELETE", "/", "").await,
        browser.request("POST", "/", "secret=%FF").await,
    ];
    for seen in &seen {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-robots-tag", "noindex"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(seen.header(name), Some(value), "{}", seen.status);
        }
        assert!(seen.header("set-cookie").is_none());
        if seen.header("content-type") != Some("text/html; charset=utf-8") {
            continue;
        }
        assert_eq!(
            (seen.header("content-language"), seen.header("vary")),
            (Some("en"), Some("accept-language, accept-encoding"))
        );
        let policy = seen.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let title = seen.page.named("title")[0].text();
        assert!(!title.contains("hunter2") && !title.contains(&made.receipt[9..]), "{title}");
        let elsewhere = |link: &String| link.contains("//") || link.starts_with("http");
        assert!(!seen.links().iter().any(elsewhere), "{:?}", seen.links());
    }
    assert_eq!(
        seen.map(|seen| seen.status),
        [200, 200, 200, 200, 422, 200, 303, 422, 200, 404, 404, 200, 405, 400]
    );
}

#[tokio::test]
async fn other_methods_are_refused_and_change_nothing() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make("hunter2", "").await;
    let form = browser.get(&made.link).await.form();
    let body = format!("token={}", form.value("token"));
    for (target, allow) in [
        ("/".to_owned(), "GET, HEAD, POST"),
        (world.path_of(&made.link), "GET, HEAD, POST"),
        (made.burn(), "GET, HEAD, POST"),
        (made.receipt.clone(), "GET, HEAD"),
        ("/robots.txt".to_owned(), "GET, HEAD"),
    ] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "get", "PROPFIND"] {
            let seen = browser.request(method, &target, &body).await;
            assert_eq!((seen.status, seen.header("allow")), (405, Some(allow)), "{method} {target}");
        }
        let (head, get) = (browser.request("HEAD", &target, &body).await, browser.get(&target).await);
        assert_eq!((head.status, head.headers.len()), (200, get.headers.len()), "{target}");
    }
    for target in ["/nowhere", "/secret/", "//", "/receipt/x/burn/"] {
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            let seen = browser.request(method, target, &body).await;
            assert_eq!((seen.status, seen.header("allow")), (404, None), "{method} {target}");
        }
    }
    assert_eq!(browser.request("POST", &made.receipt, &body).await.status, 405);
    assert_eq!(world.unopened().await, 1);
}

#[tokio::test]
async fn crawlers_that_ask_are_kept_out_of_everything() {
    let robots = World::new().browser().get("/robots.txt").await;
    assert_eq!((robots.status, robots.html.as_str()), (200, "User-agent: *\nDisallow: /\n"));
}

#[tokio::test]
async fn a_body_that_could_not_be_read_is_answered_with_a_page() {
    let world = World::new();
    for (refused, closes) in [
        (transport::too_large(), true),
        (transport::too_slow(), true),
        (transport::encoded(), true),
        (transport::malformed(), true),
    ] {
        let path = format!("/secret/{KEY}");
        let request = Request {
            method: "POST",
            path: &path,
            query: Some("locale=fr"),
            host: None,
            authorization: None,
            content_types: Vec::new(),
            accept_language: None,
            body: Vec::new().into(),
        };
        let visit = Visit {
            request,
            sec_fetch_site: None,
            accept_encoding: None,
            client: ClientId::LOCAL,
            id: "request-7",
        };
        let seen = Seen::new(&path, world.pages.unread(&world.api, &visit, &refused).reply);
        assert_eq!((seen.status, seen.header("connection").is_some()), (refused.status, closes));
        assert_eq!(seen.header("content-language"), Some("fr"));
        let words = &Words::of("fr").trouble;
        assert!(seen.text().contains("request-7") && seen.text().contains(words.nothing_happened));
        let seen = Seen::new(&path, world.pages.broken(&world.api, &visit).reply);
        assert_eq!(seen.status, 503);
        assert!(seen.text().contains(words.unsure));
    }
}
