//! Opening a secret.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Notify;
use waxseal_core::api::Limits;
use waxseal_core::id::ClientId;
use waxseal_core::seal::kdf::{Cost, Place, Stretch, StretchError};
use waxseal_core::secret::{KeyBytes, Passphrase};
use waxseal_core::system::InlineStretch;
use waxseal_core::time::Ttl;
use waxseal_pages::Pages;

use crate::browser::{Browser, Seen};
use crate::world::{Setup, World};

const TYPED: Pages = Pages { typed_check: true, guests_may_create: true };

fn alert(seen: &Seen) -> String {
    let alerts = seen.page.all().into_iter().filter(|element| element.attribute("role") == Some("alert"));
    alerts.map(|element| element.text()).collect()
}

#[tokio::test]
async fn looking_opens_nothing_however_often_and_the_button_opens_once() {
    let world = World::new();
    let browser = world.browser();
    let link = world.make("hunter2", "").await.link;
    for _ in 0..50 {
        let front = browser.get(&link).await;
        assert_eq!((front.status, front.html.contains("hunter2")), (200, false));
    }
    let front = browser.get(&link).await;
    let shown = browser.send(&front.form()).await;
    assert_eq!((shown.status, shown.field("value").as_str()), (200, "hunter2"));
    let gone = browser.get(&link).await;
    assert_eq!((gone.status, gone.has_form()), (404, false));
    let again = browser.send(&front.form()).await;
    assert_eq!((again.status, again.html), (404, gone.html));
}

#[tokio::test]
async fn a_wrong_passphrase_keeps_the_secret_and_says_what_is_left() {
    let world = World::new();
    let browser = world.browser();
    let link = world.make("hunter2", "swordfish").await.link;
    let mut front = browser.get(&link).await;
    for left in [4, 3, 2, 1] {
        front = browser.send(&front.form().with("passphrase", "wrong")).await;
        assert_eq!(front.status, 422);
        assert!(alert(&front).contains(&left.to_string()), "{left}: {}", alert(&front));
        assert_eq!(front.form().value("passphrase"), "", "a guess is not shown again");
    }
    let nothing = browser.send(&front.form()).await;
    assert!(alert(&nothing).contains('1'), "none at all is no guess: {}", alert(&nothing));
    let shown = browser.send(&front.form().with("passphrase", "swordfish")).await;
    assert_eq!(shown.field("value"), "hunter2");
}

#[tokio::test]
async fn too_many_wrong_ones_lock_it_for_a_while_and_the_page_says_until_when() {
    let world = World::new();
    let browser = world.browser();
    let made = world.make("hunter2", "swordfish").await;
    let form = browser.get(&made.link).await.form();
    for _ in 0..4 {
        assert_eq!(browser.send(&form.clone().with("passphrase", "wrong")).await.status, 422);
    }
    let last = browser.send(&form.clone().with("passphrase", "wrong")).await;
    assert_eq!((last.status, last.header("retry-after")), (429, Some("1800")));
    let until = last.page.named("time")[0].attribute("datetime").unwrap().to_owned();
    assert_eq!(until, "2023-11-14T22:43:20Z");
    let right = browser.send(&form.clone().with("passphrase", "swordfish")).await;
    assert_eq!((right.status, right.header("retry-after")), (429, Some("1800")));
    let look = browser.get(&made.link).await;
    assert_eq!((look.status, look.has_form(), look.html.contains(&until)), (200, false, true));
    assert!(browser.get(&made.receipt).await.html.contains(&until));
    let other = Browser { client: ClientId([1; 8]), ..browser };
    assert!(other.get(&made.link).await.has_form(), "one client's lock is not another's");
    world.clock.forward(Ttl::minutes(30));
    assert_eq!(browser.send(&form.with("passphrase", "swordfish")).await.field("value"), "hunter2");
}

#[tokio::test]
async fn a_page_is_good_for_twelve_hours_and_an_old_one_opens_nothing() {
    let world = World::new();
    let browser = world.browser();
    let link = world.make("hunter2", "").await.link;
    let old = browser.get(&link).await.form();
    world.clock.forward(Ttl::hours(12));
    let again = browser.send(&old).await;
    assert_eq!((again.status, alert(&again).is_empty()), (422, false));
    let fresh = again.form();
    world.clock.forward(Ttl::from_secs(12 * 3_600 - 1));
    assert_eq!(browser.send(&fresh).await.field("value"), "hunter2");
}

#[tokio::test]
async fn a_form_of_no_page_or_of_another_opens_nothing() {
    let world = World::new();
    let browser = world.browser();
    let (one, other) = (world.make("one", "").await, world.make("other", "").await);
    let form = browser.get(&one.link).await.form();
    let of_another = browser.get(&other.link).await.form();
    let of_burning = browser.get(&one.burn()).await.form();
    for token in ["", "x", of_another.value("token"), of_burning.value("token"), &"0".repeat(42)] {
        let again = browser.send(&form.clone().forged("token", token)).await;
        assert_eq!((again.status, again.has_form()), (422, true), "{token}");
    }
    for (target, body) in [
        (form.action.clone(), String::new()),
        (format!("{}?token={}", form.action, form.value("token")), String::new()),
        (form.action.clone(), "token[]=x".to_owned()),
        (form.action.clone(), "token=%FF".to_owned()),
    ] {
        let seen = browser.request("POST", &target, &body).await;
        assert!([400, 422].contains(&seen.status), "{target} {body}");
    }
    assert_eq!(world.unopened().await, 2);
    assert_eq!(browser.send(&form).await.field("value"), "one");
}

#[tokio::test]
async fn what_another_site_sends_opens_nothing() {
    let world = World::new();
    let browser = world.browser();
    let link = world.make("hunter2", "").await.link;
    let form = browser.get(&link).await.form();
    for site in ["cross-site", "same-site"] {
        let again = Browser { fetch_site: Some(site), ..browser }.send(&form).await;
        assert_eq!((again.status, alert(&again).is_empty()), (403, false), "{site}");
    }
    let old_browser = Browser { fetch_site: None, ..browser };
    assert_eq!(old_browser.send(&form).await.field("value"), "hunter2");
}

#[tokio::test]
async fn where_it_is_asked_for_a_reader_types_what_the_page_shows() {
    let world = Setup { pages: TYPED, ..Setup::default() }.world();
    let browser = world.browser();
    let link = world.make("hunter2", "").await.link;
    let front = browser.get(&link).await;
    let characters = characters(&front);
    assert!(!front.form().value("token").to_uppercase().contains(&characters) || characters.len() == 3);
    assert_eq!(front.form().value("check"), "");
    for typed in ["", "000", "A"] {
        let again = browser.send(&front.form().with("check", typed)).await;
        assert_eq!((again.status, alert(&again).is_empty()), (422, false), "{typed}");
        assert_ne!(again.form().value("token"), front.form().value("token").to_owned() + "x");
    }
    let typed = format!(" {}", characters.to_lowercase());
    assert_eq!(browser.send(&front.form().with("check", &typed)).await.field("value"), "hunter2");
}

/// What a person reads beside the field.
pub(crate) fn characters(seen: &Seen) -> String {
    let all = seen.page.all();
    let hint = all.iter().find(|element| element.attribute("id") == Some("check-hint")).unwrap().text();
    let (_, characters) = hint.trim().trim_end_matches('.').rsplit_once(' ').unwrap();
    assert_eq!(characters.len(), 3, "{hint}");
    characters.to_owned()
}

#[tokio::test]
async fn unknown_opened_burned_and_expired_are_one_page() {
    let world = World::new();
    let browser = world.browser();
    let opened = world.make("x", "").await;
    let burned = world.make("x", "pass").await;
    let expired = world.make("x", "").await;
    let forms = [&opened, &burned, &expired].map(|made| made.link.clone());
    let mut sent = Vec::new();
    for link in &forms {
        sent.push(browser.get(link).await.form());
    }
    world.value_of(&opened.link, "").await.unwrap();
    let burn = browser.get(&burned.burn()).await.form().with("passphrase", "pass");
    assert_eq!(browser.send(&burn).await.status, 303);
    let unknown = browser.get("/secret/00000000000000000000000000000aa").await;
    assert_eq!(unknown.status, 404);
    world.clock.forward(Ttl::hours(1));
    for link in [
        &opened.link,
        &burned.link,
        "/secret/x",
        "/secret/a-b_c",
        "/secret/%ff",
        &opened.receipt.replace("receipt", "secret"),
    ] {
        let gone = browser.get(link).await;
        assert_eq!(
            (gone.status, &gone.html, &gone.headers),
            (404, &unknown.html, &unknown.headers),
            "{link}"
        );
    }
    for form in &sent[..2] {
        let gone = browser.send(form).await;
        let stranger = browser.request("POST", "/secret/00000000000000000000000000000aa", "token=x").await;
        assert_eq!((gone.status, &gone.html, &gone.headers), (404, &stranger.html, &stranger.headers));
    }
    world.clock.forward(Ttl::days(7));
    assert_eq!(browser.get(&expired.link).await.html, unknown.html);
    world.clock.forward(Ttl::days(14));
    for receipt in [&opened.receipt, "/receipt/x", "/private/00000000000000000000000000000aa/burn"] {
        assert_eq!(browser.get(receipt).await.html, unknown.html, "{receipt}");
    }
    assert!(unknown.text().contains("/receipt/"), "whoever mistook one address for the other is told");
}

/// Lets another in while a passphrase is stretched.
#[derive(Debug, Default)]
struct Slow {
    begun: Notify,
    go_on: Notify,
}

#[async_trait]
impl Stretch for Slow {
    async fn stretch(
        &self,
        place: Place,
        passphrase: Passphrase,
        salt: [u8; 16],
        cost: Cost,
    ) -> Result<KeyBytes, StretchError> {
        if passphrase.expose() == b"slowly" {
            self.begun.notify_one();
            self.go_on.notified().await;
        }
        InlineStretch.stretch(place, "same".into(), salt, cost).await
    }
}

#[tokio::test]
async fn a_lost_race_is_told_to_the_one_who_raced_and_to_nobody_else() {
    let slow = Arc::new(Slow::default());
    let world = Setup { stretch: slow.clone(), ..Setup::default() }.world();
    let browser = world.browser();
    let link = world.make("hunter2", "fast").await.link;
    let form = browser.get(&link).await.form();
    let slower = form.clone().with("passphrase", "slowly");
    let (lost, won) = tokio::join!(browser.send(&slower), async {
        slow.begun.notified().await;
        let won = browser.send(&form.clone().with("passphrase", "fast")).await;
        slow.go_on.notify_one();
        won
    });
    assert_eq!(won.field("value"), "hunter2");
    let gone = browser.get(&link).await;
    assert_eq!(lost.status, 404);
    assert_ne!(lost.h1(), gone.h1());
    assert!(lost.page.named("a").is_empty(), "following one would lose what is told only here");
    let late = browser.send(&form.with("passphrase", "fast")).await;
    assert_eq!(late.h1(), gone.h1());
}

#[test]
fn of_sixty_four_at_once_one_is_shown_the_value() {
    let world = World::new();
    let browser = world.browser();
    let form = wait(async { browser.get(&world.make("hunter2", "").await.link).await.form() });
    let shown = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..64).map(|_| scope.spawn(|| wait(browser.send(&form)).status)).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).filter(|status| *status == 200).count()
    });
    assert_eq!(shown, 1);
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[tokio::test]
async fn the_allowance_is_the_one_that_the_api_counts() {
    let limits = Limits { guest_reveals: 1, ..Limits::default() };
    let world = Setup { limits, ..Setup::default() }.world();
    let browser = world.browser();
    let link = world.make("hunter2", "").await.link;
    world.ask_api("POST", "/api/v1/secret/00000000000000000000000000000aa", "").await;
    let form = browser.get(&link).await.form();
    let refused = browser.send(&form).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1200")));
    let other = Browser { client: ClientId([1; 8]), ..browser };
    assert_eq!(other.send(&form).await.field("value"), "hunter2");
}
