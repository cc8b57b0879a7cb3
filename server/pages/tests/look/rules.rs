//! What holds for every page.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest::{SHA256, digest};
use waxseal_locale::Words;
use waxseal_pages::field;
use waxseal_pages::view::{Frame, Page};

use crate::dom::{Element, Node};
use crate::states;

/// Runs a rule over every page.
fn for_all(rule: impl Fn(&str, &Page, &Element)) {
    for words in Words::ALL {
        for (name, page) in states::all(&states::framed(words, "#8a1c2b")) {
            rule(&format!("{} {name}", words.tag), &page, &Element::parse(&page.body));
        }
    }
}

fn one<'a>(page: &'a Element, name: &str) -> &'a Element {
    let all = page.named(name);
    assert_eq!(all.len(), 1, "<{name}>");
    all[0]
}

#[test]
fn a_page_has_its_landmarks_one_heading_and_its_language() {
    for_all(|name, page, html| {
        for part in ["header", "main", "footer", "h1"] {
            assert!(!one(html, part).text().trim().is_empty(), "{name}: {part}");
        }
        let root = one(html, "html");
        assert_eq!(root.attribute("lang"), Some(page.language), "{name}");
        assert_eq!(root.attribute("dir"), Some("ltr"), "{name}");
        assert!(page.body.starts_with("<!doctype html>"), "{name}");
    });
}

#[test]
fn a_title_tells_nothing_of_a_secret() {
    for_all(|name, _, html| {
        let title = one(html, "title").text();
        if name.contains("create") {
            assert!(title.ends_with(" – Waxseal"), "{name}");
        } else {
            assert_eq!(title, "Waxseal", "{name}");
        }
        assert!(html.named("meta").iter().all(|meta| meta.attribute("property").is_none()), "{name}");
    });
}

#[test]
fn every_control_has_a_label_and_every_reference_leads_somewhere() {
    for_all(|name, _, html| {
        let ids: Vec<_> = html.all().into_iter().filter_map(|element| element.attribute("id")).collect();
        let known: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), known.len(), "{name}: an id stands twice");
        let labelled: BTreeSet<_> =
            html.named("label").iter().filter_map(|label| label.attribute("for")).collect();
        for control in controls(html) {
            assert!(labelled.contains(control.attribute("id").unwrap_or_default()), "{name}: {control:?}");
        }
        for element in html.all() {
            let described = element.attribute("aria-describedby").unwrap_or_default();
            let linked = element.attribute("href").and_then(|href| href.strip_prefix('#'));
            for id in described.split(' ').filter(|id| !id.is_empty()).chain(linked) {
                assert!(known.contains(id), "{name}: {id}");
            }
        }
    });
}

fn controls(html: &Element) -> Vec<&Element> {
    let fields = html.all().into_iter().filter(|element| {
        matches!(element.name.as_str(), "input" | "textarea" | "select")
            && element.attribute("type") != Some("hidden")
    });
    fields.collect()
}

#[test]
fn focus_goes_to_what_is_new_and_only_there() {
    for_all(|name, page, html| {
        let focused: Vec<_> =
            html.all().into_iter().filter(|element| element.attribute("autofocus").is_some()).collect();
        let is_result = page.status != 200
            || ["shown", "generated", "receipt-ready"].iter().any(|state| name.contains(state));
        assert_eq!(focused.len(), usize::from(is_result || name.ends_with("burned")), "{name}");
        assert!(focused.iter().all(|element| element.attribute("tabindex") == Some("-1")), "{name}");
    });
}

#[test]
fn a_wrong_field_is_marked_and_named_in_the_summary() {
    let frame = states::framed(Words::of("en"), "#8a1c2b");
    let (_, page) = states::all(&frame).into_iter().find(|(name, _)| *name == "create-errors").unwrap();
    let html = Element::parse(&page.body);
    let summary = html.all().into_iter().find(|element| element.attribute("role") == Some("alert")).unwrap();
    let links: Vec<_> = summary.named("a").iter().filter_map(|link| link.attribute("href")).collect();
    assert_eq!(links, ["#secret", "#passphrase"]);
    for id in ["secret", "passphrase"] {
        let field = controls(&html).into_iter().find(|field| field.attribute("id") == Some(id)).unwrap();
        assert_eq!(field.attribute("aria-invalid"), Some("true"));
        assert!(field.attribute("aria-describedby").unwrap().contains(&format!("{id}-problem")));
    }
}

#[test]
fn nothing_is_asked_of_anyone_else() {
    for_all(|name, page, html| {
        for element in html.all() {
            assert!(!matches!(element.name.as_str(), "img" | "iframe" | "object" | "base"), "{name}");
            for (attribute, value) in &element.attributes {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}");
                if !matches!(attribute.as_str(), "href" | "src" | "action") {
                    continue;
                }
                let ours = value.starts_with(['/', '?', '#']) && !value.starts_with("//");
                let region = element.name == "a" && value == "https://us.example.com/";
                assert!(ours || region || value == "data:,", "{name}: {value}");
            }
        }
        assert!(!page.body.contains("url(") && !page.body.contains("@import"), "{name}");
    });
}

#[test]
fn the_policy_allows_just_what_stands_in_the_page() {
    for_all(|name, page, html| {
        let hash = |element: &&Element| {
            let text = match element.children.as_slice() {
                [Node::Text(text)] => text,
                other => panic!("{other:?}"),
            };
            format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())))
        };
        for (directive, tag) in [("style-src", "style"), ("script-src", "script")] {
            let inline: Vec<_> = html.named(tag).iter().map(hash).collect();
            assert_eq!(allowed(&page.csp, directive), inline, "{name}");
        }
        assert_eq!(allowed(&page.csp, "default-src"), ["'none'"]);
        assert_eq!(allowed(&page.csp, "form-action"), ["'self'"]);
        assert_eq!(allowed(&page.csp, "frame-ancestors"), ["'none'"]);
        assert_eq!(allowed(&page.csp, "base-uri"), ["'none'"]);
    });
}

fn allowed(policy: &str, directive: &str) -> Vec<String> {
    let found = policy.split("; ").find_map(|part| part.strip_prefix(directive));
    found.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn nothing_is_dead_without_scripts() {
    for_all(|name, _, html| {
        for button in html.named("button") {
            assert_eq!(button.attribute("type"), None, "{name}: only scripts make buttons that send nothing");
        }
        assert!(html.all().iter().all(|element| element.attribute("hidden").is_none()), "{name}");
    });
}

#[test]
fn forms_are_posted_and_hold_their_fields() {
    for_all(|name, _, html| {
        for form in html.named("form") {
            assert_eq!(form.attribute("method"), Some("post"), "{name}");
            let all = form.all();
            let names: BTreeSet<_> = all.iter().filter_map(|element| element.attribute("name")).collect();
            let (path, least) = match form.attribute("action").unwrap_or_default() {
                "/" => (
                    "create",
                    vec![field::SECRET, field::PASSPHRASE, field::TTL, field::NONCE, field::GENERATE],
                ),
                path if path.starts_with("/secret/") => ("front", vec![field::TOKEN]),
                path if path.ends_with("/burn") => ("burn", vec![field::TOKEN, field::PASSPHRASE]),
                other => panic!("{name}: {other}"),
            };
            assert!(name.contains(path), "{name}");
            assert!(least.iter().all(|field| names.contains(field)), "{name}: {names:?}");
            let every = [least.as_slice(), &[field::PASSPHRASE, field::CHECK]].concat();
            assert!(names.iter().all(|name| every.contains(name)), "{name}: {names:?}");
        }
    });
}

#[test]
fn the_warning_stands_before_the_button() {
    for words in Words::ALL {
        let frame = states::framed(words, "#8a1c2b");
        for (name, page) in states::all(&frame).into_iter().filter(|(name, _)| name.starts_with("front")) {
            let warning = page.body.find(words.front.once).expect(name);
            if let Some(button) = page.body.find("<button") {
                assert!(warning < button, "{name}");
            }
        }
    }
}

#[test]
fn deleted_now_is_said_only_where_the_value_is_shown() {
    for words in Words::ALL {
        for (name, page) in states::all(&states::framed(words, "#8a1c2b")) {
            assert_eq!(page.body.contains(words.shown.deleted), name.starts_with("shown"), "{name}");
        }
    }
}

#[test]
fn the_link_is_told_only_while_it_opens() {
    for_all(|name, page, html| {
        let told = page.body.contains(states::LINK);
        let new =
            ["generated", "ready", "waiting", "locked", "mail"].iter().any(|state| name.contains(state));
        let new = new && (name.contains("receipt") || name.contains("generated"));
        assert_eq!(told, new, "{name}");
        assert_eq!(html.named("svg").len(), usize::from(new), "{name}");
        for code in html.named("svg") {
            assert_eq!(code.attribute("role"), Some("img"), "{name}");
            assert!(!code.attribute("aria-label").unwrap().is_empty(), "{name}");
            assert_eq!(code.named("path").len(), 1, "{name}");
        }
    });
}

#[test]
fn times_are_for_machines_too() {
    for_all(|name, _, html| {
        for time in html.named("time") {
            assert!(time.attribute("datetime").unwrap().ends_with('Z'), "{name}");
            assert!(time.text().ends_with(" UTC"), "{name}");
        }
    });
}

#[test]
fn a_chosen_language_stays_and_others_are_offered() {
    let frame = Frame { chosen: true, ..states::framed(Words::of("de"), "#8a1c2b") };
    for (name, page) in states::all(&frame) {
        let html = Element::parse(&page.body);
        for form in html.named("form") {
            assert!(form.attribute("action").unwrap().ends_with("?locale=de"), "{name}");
        }
        let offered: Vec<_> = html.named("nav").iter().flat_map(|nav| nav.named("a")).collect();
        let expected = if name.starts_with("shown") || name == "generated" { 0 } else { Words::ALL.len() };
        assert_eq!(offered.len(), expected, "{name}");
    }
}

#[test]
#[allow(clippy::print_stdout)]
fn the_whole_flow_weighs_less_than_20_kb() {
    for words in Words::ALL {
        let pages = states::all(&states::framed(words, "#8a1c2b"));
        let flow = pages.iter().filter(|(name, _)| states::FLOW.contains(name));
        let sizes: Vec<_> = flow.map(|(name, page)| (*name, page.body.len())).collect();
        let total: usize = sizes.iter().map(|(_, size)| size).sum();
        println!("{}: {sizes:?}, together {total} bytes", words.tag);
        assert_eq!(sizes.len(), states::FLOW.len());
        assert!(total < 20_000, "{}: {total}", words.tag);
    }
}
