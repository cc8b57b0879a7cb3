//! What a creator sees, and destroying a secret unread.

use waxseal_core::time::Ttl;
use waxseal_pages::Pages;

use crate::browser::Browser;
use crate::secret::characters;
use crate::world::{Made, Setup, World};

async fn h1(browser: &Browser<'_>, made: &Made) -> String {
    browser.get(&made.receipt).await.h1()
}

#[tokio::test]
async fn a_receipt_tells_what_became_of_the_secret_and_shows_the_link_only_while_it_opens() {
    let world = World::new();
    let browser = world.browser();
    let (opened, burned) = (world.make("hunter2", "").await, world.make("hunter2", "").await);
    let expired = world.make("hunter2", "").await;
    let mut told = vec![h1(&browser, &opened).await];
    world.clock.forward(Ttl::minutes(1));
    told.push(h1(&browser, &opened).await);
    assert_eq!(browser.get(&opened.receipt).await.field("link"), opened.link);
    world.value_of(&opened.link, "").await.unwrap();
    told.push(h1(&browser, &opened).await);
    let sent = browser.send(&browser.get(&burned.burn()).await.form()).await;
    assert_eq!((sent.status, sent.header("location")), (303, Some(burned.receipt.as_str())));
    told.push(h1(&browser, &burned).await);
    world.clock.forward(Ttl::days(7));
    told.push(h1(&browser, &expired).await);
    let different: std::collections::BTreeSet<_> = told.iter().collect();
    assert_eq!(different.len(), 5, "{told:?}");
    for made in [&opened, &burned, &expired] {
        let receipt = browser.get(&made.receipt).await;
        let key = made.link.rsplit_once('/').unwrap().1;
        assert!(!receipt.html.contains(key) && !receipt.html.contains("hunter2"));
        assert!(!receipt.links().iter().any(|link| link.contains("burn")));
        let ask = browser.get(&made.burn()).await;
        assert_eq!((ask.status, ask.has_form(), ask.h1()), (200, false, receipt.h1()));
        assert!(receipt.page.named("time").iter().all(|time| time.attribute("datetime").is_some()));
    }
    world.clock.forward(Ttl::days(7));
    assert_eq!(browser.get(&expired.receipt).await.status, 404);
}

#[tokio::test]
async fn the_old_address_of_a_receipt_is_the_same_page() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make("hunter2", "").await;
    let old = made.receipt.replace("receipt", "private");
    assert_eq!(browser.get(&old).await.html, browser.get(&made.receipt).await.html);
    let form = browser.get(&format!("{old}/burn")).await.form();
    let sent =
        browser.request("POST", &format!("{old}/burn"), &format!("token={}", form.value("token"))).await;
    assert_eq!(sent.status, 303);
    assert_eq!(world.unopened().await, 0);
}

#[tokio::test]
async fn a_receipt_and_its_secret_are_not_mistaken_for_one_another() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make("hunter2", "").await;
    let swapped =
        [made.receipt.replace("receipt", "secret"), world.path_of(&made.link).replace("secret", "receipt")];
    for target in &swapped {
        assert_eq!(browser.get(target).await.status, 404);
    }
    assert_eq!(browser.get(&format!("{}/burn", swapped[1])).await.status, 404);
    assert_eq!(world.unopened().await, 1);
}

#[tokio::test]
async fn burning_takes_the_page_that_asks_and_happens_once() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make("hunter2", "").await;
    let receipt = browser.get(&made.receipt).await;
    assert!(receipt.links().contains(&made.burn()));
    let form = browser.get(&made.burn()).await.form();
    let of_opening = browser.get(&made.link).await.form();
    for token in ["", of_opening.value("token")] {
        let again = browser.send(&form.clone().forged("token", token)).await;
        assert_eq!((again.status, again.has_form()), (422, true));
    }
    let theirs = Browser { fetch_site: Some("cross-site"), ..browser }.send(&form).await;
    assert_eq!((theirs.status, theirs.has_form()), (403, true));
    world.clock.forward(Ttl::hours(12));
    let old = browser.send(&form).await;
    assert_eq!(old.status, 422);
    assert_eq!(world.unopened().await, 1);
    assert_eq!(browser.send(&old.form()).await.status, 303);
    let twice = browser.send(&old.form()).await;
    assert_eq!((twice.status, twice.h1()), (200, h1(&browser, &made).await), "what became of it");
    assert_eq!(browser.get(&made.link).await.status, 404);
}

#[tokio::test]
async fn burning_a_secret_with_a_passphrase_takes_the_passphrase() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make("hunter2", "swordfish").await;
    let mut ask = browser.get(&made.burn()).await;
    assert_eq!(browser.send(&ask.form()).await.status, 422, "none");
    for _ in 0..2 {
        ask = browser.send(&ask.form().with("passphrase", "wrong")).await;
        assert_eq!(ask.status, 422);
    }
    assert_eq!(browser.send(&ask.form().with("passphrase", "swordfish")).await.status, 303);
    let other = world.make("hunter2", "swordfish").await;
    let form = browser.get(&other.burn()).await.form().with("passphrase", "wrong");
    for _ in 0..4 {
        assert_eq!(browser.send(&form).await.status, 422);
    }
    let last = browser.send(&form).await;
    assert_eq!((last.status, last.header("retry-after"), last.has_form()), (429, Some("1800"), false));
    let locked = browser.send(&form.with("passphrase", "swordfish")).await;
    assert_eq!((locked.status, locked.header("retry-after")), (429, Some("1800")));
    assert_eq!(world.unopened().await, 1);
}

#[tokio::test]
async fn where_it_is_asked_for_a_creator_types_what_the_page_shows() {
    let pages = Pages { typed_check: true, guests_may_create: true };
    let world = Setup { pages, ..Setup::default() }.world();
    let browser = world.browser();
    let made = world.make("hunter2", "").await;
    let ask = browser.get(&made.burn()).await;
    assert_eq!(browser.send(&ask.form()).await.status, 422);
    assert_eq!(browser.send(&ask.form().with("check", &characters(&ask))).await.status, 303);
}
