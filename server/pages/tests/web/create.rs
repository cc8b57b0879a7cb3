//! Making a secret.

use waxseal_core::api::Limits;
use waxseal_core::contract::site::Site;
use waxseal_core::domain::Domain;
use waxseal_core::id::AccountId;
use waxseal_core::policy::{PassphrasePolicy, Plan, Plans, Policy};
use waxseal_core::time::Ttl;
use waxseal_pages::Pages;

use crate::browser::{Browser, Form, Seen};
use crate::world::{Setup, World};

/// Typed by people, and troublesome everywhere.
const ODD: &str =
    "\n  first <b>&amp;</b> \"quoted\" 'too'\n\n</textarea><script>alert(1)</script>\t\u{1f511} é\n ";

async fn form(browser: &Browser<'_>) -> Form {
    browser.get("/").await.form()
}

fn problems(seen: &Seen) -> Vec<String> {
    let summary = seen.page.all().into_iter().find(|element| element.attribute("role") == Some("alert"));
    summary.map_or(Vec::new(), |summary| summary.named("li").iter().map(|line| line.text()).collect())
}

#[tokio::test]
async fn what_is_typed_is_what_is_read_and_lines_end_as_they_were_typed() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make(ODD, "").await;
    assert!(made.link.starts_with("https://secrets.example/secret/"), "{}", made.link);
    let shown = browser.send(&browser.get(&made.link).await.form()).await;
    assert_eq!((shown.status, shown.field("value").as_str()), (200, ODD));
    assert_eq!(shown.page.named("script").len(), 1, "our own");
    assert!(shown.page.named("b").iter().all(|element| !element.text().contains("amp")));
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_secret_and_leads_to_one_receipt() {
    let world = World::new();
    let browser = world.browser();
    let form = form(&browser).await.with("secret", "hunter2").with("passphrase", "swordfish");
    let (first, second) = tokio::join!(browser.send(&form), browser.send(&form));
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(world.unopened().await, 1);
    let receipt = browser.follow(first).await;
    assert_eq!(world.value_of(&receipt.field("link"), "swordfish").await.as_deref(), Some("hunter2"));
    let third = browser.send(&form).await;
    assert_eq!(third.header("location"), second.header("location"), "opened is not free again");
    assert_eq!(world.unopened().await, 0);
}

#[tokio::test]
async fn the_same_form_with_anything_changed_makes_another_secret() {
    let world = World::new();
    let browser = world.browser();
    let form = form(&browser).await.with("secret", "hunter2");
    let hour = Ttl::hours(1).secs().to_string();
    let changed = [
        form.clone(),
        form.clone().with("secret", "hunter3"),
        form.clone().with("passphrase", "x"),
        form.clone().with("ttl", &hour),
    ];
    let mut places = std::collections::BTreeSet::new();
    for form in &changed {
        places.insert(browser.send(form).await.header("location").unwrap().to_owned());
    }
    assert_eq!(places.len(), changed.len());
    assert_eq!(world.unopened().await, 4);
}

#[tokio::test]
async fn a_generated_value_is_told_once() {
    let world = World::new();
    let browser = world.browser();
    let form = form(&browser).await;
    let made = browser.press(&form, "generate").await;
    assert_eq!(made.status, 200);
    let (value, link) = (made.field("value"), made.field("link"));
    assert_eq!(value.chars().count(), 12);
    let again = browser.press(&form, "generate").await;
    assert_eq!((again.status, again.html.as_str()), (303, ""));
    let receipt = browser.follow(again).await;
    assert_eq!(receipt.status, 200);
    assert!(!receipt.html.contains(&value));
    assert_eq!(receipt.field("link"), link);
    let shown = browser.send(&browser.get(&link).await.form()).await;
    assert_eq!(shown.field("value"), value);
}

#[tokio::test]
async fn a_mistake_keeps_what_was_typed_and_is_named_first() {
    let passphrases = PassphrasePolicy { min: 4, max: 8, required: true };
    let world = Setup { policy: Policy { passphrases, ..Policy::default() }, ..Setup::default() }.world();
    let browser = world.browser();
    let hour = Ttl::hours(1).secs().to_string();
    let empty = form(&browser).await.with("ttl", &hour);
    let cases = [
        (empty.clone(), vec!["#secret", "#passphrase"]),
        (empty.clone().with("secret", ODD), vec!["#passphrase"]),
        (empty.clone().with("secret", ODD).with("passphrase", "abc"), vec!["#passphrase"]),
        (empty.clone().with("secret", ODD).with("passphrase", "abcdefghi"), vec!["#passphrase"]),
        (empty.clone().with("secret", &"é".repeat(5_001)).with("passphrase", "abcd"), vec!["#secret"]),
        (empty.clone().with("passphrase", "abcd").forged("ttl", "61"), vec!["#secret", "#ttl"]),
    ];
    for (filled, links) in cases {
        let seen = browser.send(&filled).await;
        assert_eq!(seen.status, 422);
        let alert = seen.page.all().into_iter().find(|element| element.attribute("role") == Some("alert"));
        let named = alert.unwrap().named("a");
        let named: Vec<_> = named.iter().filter_map(|link| link.attribute("href")).collect();
        assert_eq!(named, links, "{:?}", problems(&seen));
        let again = seen.form();
        for name in ["secret", "passphrase", "nonce"] {
            assert_eq!(again.value(name), filled.value(name), "{name}");
        }
        assert!(again.value("ttl") == hour || filled.value("ttl") == "61");
    }
    let counted = browser.send(&empty.clone().with("secret", ODD).with("passphrase", "ééééé")).await;
    assert!(counted.text().contains("at most 8 bytes"), "five characters are not more than eight");
    assert_eq!(world.unopened().await, 0);
    let mended = browser.send(&empty.with("secret", ODD)).await.form().with("passphrase", "abcd");
    let receipt = browser.follow(browser.send(&mended).await).await;
    let front = browser.get(&receipt.field("link")).await.form().with("passphrase", "abcd");
    assert_eq!(browser.send(&front).await.field("value"), ODD);
}

#[tokio::test]
async fn a_secret_that_was_typed_is_not_thrown_away_for_a_generated_one() {
    let world = World::new();
    let browser = world.browser();
    let seen = browser.press(&form(&browser).await.with("secret", "mine"), "generate").await;
    assert_eq!((seen.status, problems(&seen).len(), seen.form().value("secret")), (422, 1, "mine"));
    assert_eq!(world.unopened().await, 0);
}

#[tokio::test]
async fn a_form_is_good_for_twelve_hours_and_an_old_one_loses_nothing() {
    let world = World::new();
    let browser = world.browser();
    let early = form(&browser).await.with("secret", "early");
    world.clock.forward(Ttl::from_secs(12 * 3_600 - 1));
    assert_eq!(browser.send(&early).await.status, 303);
    let late = form(&browser).await.with("secret", "late").with("passphrase", "pw");
    world.clock.forward(Ttl::hours(12));
    let again = browser.send(&late).await;
    assert_eq!((again.status, problems(&again).len()), (422, 1));
    let form = again.form();
    assert_eq!((form.value("secret"), form.value("passphrase")), ("late", "pw"));
    assert_ne!(form.value("nonce"), late.value("nonce"));
    assert_eq!(browser.send(&form).await.status, 303);
    assert_eq!(world.unopened().await, 2);
}

#[tokio::test]
async fn a_form_that_is_not_ours_makes_nothing() {
    let world = World::new();
    let browser = world.browser();
    let form = form(&browser).await.with("secret", "x");
    for nonce in ["", "0", &"0".repeat(74), &form.value("nonce").replace('0', "1")] {
        assert_eq!(browser.send(&form.clone().forged("nonce", nonce)).await.status, 422, "{nonce}");
    }
    for body in ["", "secret=x", "nonce=&secret=x&ttl=3600"] {
        assert_eq!(browser.request("POST", "/", body).await.status, 422, "{body}");
    }
    let query = format!("/?secret=x&nonce={}", form.value("nonce"));
    assert_eq!(browser.request("POST", &query, "").await.status, 422);
    assert_eq!(world.unopened().await, 0);
}

#[tokio::test]
async fn what_another_site_sends_is_not_carried_out() {
    let world = World::new();
    let ours = world.browser();
    let form = form(&ours).await.with("secret", "x");
    for site in ["cross-site", "same-site", "", "else"] {
        let theirs = Browser { fetch_site: Some(site), ..ours };
        let seen = theirs.send(&form).await;
        assert_eq!((seen.status, problems(&seen).len(), seen.form().value("secret")), (403, 1, ""), "{site}");
    }
    assert_eq!(world.unopened().await, 0);
    for site in [Some("same-origin"), Some("none"), None] {
        let seen = Browser { fetch_site: site, ..ours }.send(&form).await;
        assert_eq!(seen.status, 303, "{site:?}");
    }
    assert_eq!(world.unopened().await, 1);
}

#[tokio::test]
async fn lifetimes_are_real_and_within_the_plan() {
    let plans = |max_ttl| Plans { anonymous: Plan { max_ttl, ..Plan::ANONYMOUS }, ..Plans::default() };
    for (max, usual, count) in [
        (Ttl::days(7), Ttl::days(7), 8),
        (Ttl::hours(2), Ttl::hours(2), 4),
        (Ttl::minutes(1), Ttl::minutes(1), 1),
        (Ttl::days(49), Ttl::days(7), 11),
    ] {
        let world = Setup { policy: Policy { plans: plans(max), ..Policy::default() }, ..Setup::default() };
        let world = world.world();
        let browser = world.browser();
        let form = form(&browser).await;
        let options = form.options("ttl");
        assert_eq!(form.value("ttl"), usual.secs().to_string());
        assert_eq!((options.len(), options.last()), (count, Some(&max.secs().to_string())));
        for ttl in &options {
            let seen = browser.send(&form.clone().with("secret", "x").with("ttl", ttl)).await;
            assert!(browser.get(&browser.follow(seen).await.field("link")).await.has_form());
        }
        assert_eq!(world.unopened().await, count as u64);
        assert_eq!(browser.send(&form.forged("ttl", "86399")).await.status, 422);
    }
}

#[tokio::test]
async fn a_chosen_lifetime_ends_to_the_second() {
    let world = World::new();
    let browser = world.browser();
    let form = form(&browser).await.with("secret", "x").with("ttl", "300");
    let link = browser.follow(browser.send(&form).await).await.field("link");
    world.clock.forward(Ttl::from_secs(299));
    assert_eq!(browser.get(&link).await.status, 200);
    world.clock.forward(Ttl::from_secs(1));
    assert_eq!(browser.get(&link).await.status, 404);
}

#[tokio::test]
async fn where_guests_may_not_create_the_page_says_so_and_the_api_still_takes_theirs() {
    let pages = Pages { typed_check: false, guests_may_create: false };
    let world = Setup { pages, ..Setup::default() }.world();
    let browser = world.browser();
    let closed = browser.get("/").await;
    assert_eq!((closed.status, closed.has_form()), (200, false));
    let nonce = World::new();
    let form = form(&nonce.browser()).await.with("secret", "x");
    let refused = browser.send(&form).await;
    assert_eq!((refused.status, refused.h1()), (403, closed.h1()));
    assert_eq!(world.unopened().await, 0);
    let shared = world.ask_api("POST", "/api/v1/share", "secret=hello").await;
    let (_, key) = shared.html.split_once("\"secret_key\":\"").unwrap();
    let shown = browser.send(&browser.get(&format!("/secret/{}", &key[..31])).await.form()).await;
    assert_eq!(shown.field("value"), "hello");
}

#[tokio::test]
async fn the_allowance_is_the_one_that_the_api_counts() {
    let limits = Limits { guest_creates: 2, ..Limits::default() };
    let world = Setup { limits, ..Setup::default() }.world();
    let browser = world.browser();
    assert_eq!(world.ask_api("POST", "/api/v1/share", "secret=x").await.status, 200);
    let form = form(&browser).await.with("secret", "x");
    assert_eq!(browser.send(&form).await.status, 303);
    let refused = browser.send(&form.clone().with("secret", "y")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("600")));
    assert!(refused.text().contains("request-7"));
    assert_eq!(refused.field("secret"), "y", "nothing that was typed is lost");
    assert_eq!(browser.get("/").await.status, 200, "looking is free");
    let other = Browser { client: waxseal_core::id::ClientId([1; 8]), ..browser };
    assert_eq!(other.send(&form.with("secret", "z")).await.status, 303);
}

#[tokio::test]
async fn links_stand_on_the_registered_domain_that_was_asked_and_on_no_other() {
    let domain = Domain { name: Some("Acme".into()), ..Domain::new("links.acme.test", AccountId([1; 16])) };
    let site = Site { domains: [domain].into_iter().collect(), ..Site::new("https", "secrets.example") };
    let world = Setup { site, ..Setup::default() }.world();
    for (host, origin, name) in [
        ("links.acme.test", "https://links.acme.test/secret/", "Acme"),
        ("evil.test", "https://secrets.example/secret/", "Waxseal"),
        ("secrets.example", "https://secrets.example/secret/", "Waxseal"),
    ] {
        let browser = Browser { host, ..world.browser() };
        let page = browser.get("/").await;
        assert!(page.page.named("header")[0].text().contains(name), "{host}");
        let receipt = browser.follow(browser.send(&page.form().with("secret", "x")).await).await;
        assert!(receipt.field("link").starts_with(origin), "{host}: {}", receipt.field("link"));
        assert!(!receipt.html.contains("evil.test"));
    }
}

#[tokio::test]
async fn a_language_is_chosen_by_the_address_then_by_the_browser_and_stays() {
    let world = World::new();
    let german = Browser { languages: Some("de-AT,en;q=0.5"), ..world.browser() };
    assert_eq!(german.get("/").await.header("content-language"), Some("de"));
    let page = german.get("/?locale=es").await;
    assert_eq!(page.header("content-language"), Some("es"));
    let sent = german.send(&page.form().with("secret", "x")).await;
    assert!(sent.header("location").unwrap().ends_with("?locale=es"));
    let receipt = german.follow(sent).await;
    assert_eq!(receipt.header("content-language"), Some("es"));
    let link = receipt.field("link");
    assert!(!link.contains("locale"), "the reader's language is the reader's own");
    assert_eq!(german.get(&link).await.header("content-language"), Some("de"));
}
