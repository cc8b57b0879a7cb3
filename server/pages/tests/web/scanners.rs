//! What reads mail before its reader does: gateways that follow every link, previews,
//! sandboxes, prefetchers, and crawlers that send every form. None of them may burn a
//! link. Those that send forms blindly do, unless readers are asked to type.

use std::collections::BTreeSet;
use std::pin::Pin;

use waxseal_core::id::ClientId;
use waxseal_pages::Pages;

use crate::browser::{Browser, Seen};
use crate::world::{Made, Setup, World};

/// Secrets whose share link each behaviour finds, and as many whose receipt it finds.
const SECRETS: u64 = 3;
/// Not its reader.
const SCANNER: ClientId = ClientId([7; 8]);
/// Pages a crawl opens at most.
const CRAWLED: usize = 20;

type Visit<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

struct Scanner {
    name: &'static str,
    /// What it does with an address that it found in a mail.
    visits: for<'a> fn(Browser<'a>, &'a str) -> Visit<'a>,
    /// Whether it sends forms that our own pages gave it, as if it were a person.
    is_blind: bool,
}

const SCANNERS: [Scanner; 12] = [
    polite("a preview in a chat opens it", |browser, link| Box::pin(get(browser, link))),
    polite("a gateway asks for the head, then opens it", |browser, link| Box::pin(head_first(browser, link))),
    polite("a gateway opens it again and again", |browser, link| Box::pin(often(browser, link))),
    polite("a prefetcher asks what may be done", |browser, link| Box::pin(options(browser, link))),
    polite("a crawler follows every address", |browser, link| Box::pin(crawl(browser, link))),
    polite("a sandbox crawls, and runs scripts", |browser, link| Box::pin(sandbox(browser, link))),
    polite("a rewriter changes the address", |browser, link| Box::pin(rewritten(browser, link))),
    polite("a prober sends every method", |browser, link| Box::pin(methods(browser, link))),
    polite("a prober posts to every address", |browser, link| Box::pin(posts(browser, link))),
    polite("another site sends the form by a script", |browser, link| Box::pin(cross_site(browser, link))),
    blind("a crawler sends every form as it stands", |browser, link| Box::pin(submit(browser, link, None))),
    blind("a crawler fills in every field", |browser, link| Box::pin(submit(browser, link, Some("test")))),
];

const fn polite(name: &'static str, visits: for<'a> fn(Browser<'a>, &'a str) -> Visit<'a>) -> Scanner {
    Scanner { name, visits, is_blind: false }
}

const fn blind(name: &'static str, visits: for<'a> fn(Browser<'a>, &'a str) -> Visit<'a>) -> Scanner {
    Scanner { name, visits, is_blind: true }
}

#[tokio::test]
async fn nothing_that_follows_links_burns_one_and_blind_forms_burn_them_all() {
    for scanner in SCANNERS {
        let burned = burned(&scanner, false).await;
        eprintln!("level 1: {burned:>2} of {} links burned: {}", 2 * SECRETS, scanner.name);
        assert_eq!(burned, if scanner.is_blind { 2 * SECRETS } else { 0 }, "{}", scanner.name);
    }
}

#[tokio::test]
async fn where_readers_type_what_they_see_blind_forms_burn_nothing() {
    for scanner in SCANNERS {
        let burned = burned(&scanner, true).await;
        eprintln!("level 2: {burned:>2} of {} links burned: {}", 2 * SECRETS, scanner.name);
        assert_eq!(burned, 0, "{}", scanner.name);
    }
}

/// How many secrets are gone once a scanner has found the share links of some in mails,
/// and the receipts of others. Whatever it left is opened, to be sure that it can be.
async fn burned(scanner: &Scanner, typed_check: bool) -> u64 {
    let pages = Pages { typed_check, guests_may_create: true };
    let world = Setup { pages, ..Setup::default() }.world();
    let mut made = Vec::new();
    for _ in 0..2 * SECRETS {
        made.push(world.make("hunter2", "").await);
    }
    let browser = Browser { client: SCANNER, fetch_site: None, ..world.browser() };
    for (index, Made { link, receipt }) in made.iter().enumerate() {
        let found = if index % 2 == 0 { link } else { receipt };
        (scanner.visits)(browser, found).await;
    }
    let mut left = 0;
    for Made { link, .. } in &made {
        left += u64::from(world.value_of(link, "").await.as_deref() == Some("hunter2"));
    }
    2 * SECRETS - left
}

async fn get(browser: Browser<'_>, link: &str) {
    assert_eq!(browser.get(link).await.status, 200);
}

async fn head_first(browser: Browser<'_>, link: &str) {
    assert_eq!(browser.request("HEAD", link, "").await.status, 200);
    get(browser, link).await;
}

async fn often(browser: Browser<'_>, link: &str) {
    for _ in 0..25 {
        get(browser, link).await;
    }
}

async fn options(browser: Browser<'_>, link: &str) {
    assert_eq!(browser.request("OPTIONS", link, "").await.status, 405);
    for site in ["none", "cross-site", "same-origin"] {
        get(Browser { fetch_site: Some(site), ..browser }, link).await;
    }
}

/// Opens every address that the pages name, and those pages' in turn.
async fn crawl(browser: Browser<'_>, link: &str) {
    pages_from(browser, link).await;
}

async fn pages_from(browser: Browser<'_>, link: &str) -> Vec<Seen> {
    let mut ahead = vec![browser.world.path_of(link)];
    let mut known = BTreeSet::new();
    let mut pages = Vec::new();
    while let Some(target) = ahead.pop() {
        if pages.len() == CRAWLED || !known.insert(target.clone()) {
            continue;
        }
        let seen = browser.get(&target).await;
        ahead.extend(seen.links().into_iter().filter(|link| link.starts_with('/')));
        pages.push(seen);
    }
    pages
}

/// Scripts of ours make no request and send no form, so that running them is no more
/// than opening the page.
async fn sandbox(browser: Browser<'_>, link: &str) {
    for seen in pages_from(browser, link).await {
        for script in seen.page.named("script") {
            assert_eq!(script.attribute("src"), None);
            for act in ["fetch", "XMLHttpRequest", "sendBeacon", "submit", "location", "import", "click("] {
                assert!(!text_of(&seen, script).contains(act), "{act}");
            }
        }
        let acts = |name: &String| name.starts_with("on") || name == "formaction" || name == "http-equiv";
        assert!(!seen.page.all().iter().any(|element| element.attributes.keys().any(acts)));
    }
}

fn text_of(seen: &Seen, script: &crate::dom::Element) -> String {
    let text = script.text();
    assert!(seen.html.contains(&text));
    text
}

/// As gateways do that log clicks: parameters added, capitals, slashes, escapes.
async fn rewritten(browser: Browser<'_>, link: &str) {
    let path = browser.world.path_of(link);
    let (folder, key) = path.rsplit_once('/').unwrap();
    let targets = [
        format!("{path}?utm_source=mail&token=x&continue=true"),
        format!("{path}/"),
        format!("{folder}//{key}"),
        format!("{folder}/{}", key.to_uppercase()),
        format!("{folder}/%{:02x}{}", key.as_bytes()[0], &key[1..]),
        format!("{path}/burn?confirm=1"),
        format!("{path}/reveal"),
    ];
    for target in targets {
        browser.get(&target).await;
        browser.request("HEAD", &target, "").await;
    }
}

async fn methods(browser: Browser<'_>, link: &str) {
    for method in ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "COPY", "SEARCH", "QUERY", "post"] {
        browser.request(method, link, "continue=true").await;
    }
}

/// Without anything that a page gave it.
async fn posts(browser: Browser<'_>, link: &str) {
    let path = browser.world.path_of(link);
    for target in [path.clone(), format!("{path}/burn"), format!("{path}?continue=true"), "/".to_owned()] {
        for body in ["", "continue=true", "token=&check=", "token=0&passphrase=x"] {
            browser.request("POST", &target, body).await;
        }
    }
}

async fn cross_site(browser: Browser<'_>, link: &str) {
    let theirs = Browser { fetch_site: Some("cross-site"), ..browser };
    submit(theirs, link, None).await;
    submit(Browser { fetch_site: Some("same-site"), ..browser }, link, Some("test")).await;
}

/// Crawls, and sends every form that it meets.
async fn submit(browser: Browser<'_>, link: &str, typed: Option<&str>) {
    for seen in pages_from(browser, link).await {
        if !seen.has_form() {
            continue;
        }
        let form = seen.form();
        browser.send(&typed.map_or(form.clone(), |typed| form.filled(typed))).await;
    }
}

#[tokio::test]
async fn a_passphrase_keeps_blind_forms_from_opening_at_either_level() {
    let world = World::new();
    let browser = Browser { client: SCANNER, fetch_site: None, ..world.browser() };
    let made = world.make("hunter2", "swordfish").await;
    submit(browser, &made.link, None).await;
    submit(browser, &made.link, Some("test")).await;
    assert_eq!(world.value_of(&made.link, "swordfish").await.as_deref(), Some("hunter2"));
}
