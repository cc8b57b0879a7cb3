//! A value is text: it comes back as it was, and nothing is made of it.

use waxseal_core::time::{Timestamp, Ttl};
use waxseal_locale::Words;
use waxseal_pages::view::{Brand, Create, Frame, Generated, Gone, Limits, Page, Shown, Typed};

use crate::dom::Element;
use crate::states;

const VALUES: &[&str] = &[
    "plain",
    "\nfirst line empty",
    "\n\n",
    "  blanks at both ends\t ",
    "</textarea><script>alert(1)</script>",
    "</TEXTAREA\n><img src=x onerror=alert(1)>",
    "\"'`&amp;&lt;&#13;<!--]]>",
    "{{ 7 * 7 }} {% include %}",
    "https://example.com/ and javascript:alert(1)",
    "שלום \u{202e}abc\u{202c} 日本語 🔑",
    "\u{feff}\u{200b}",
];

fn frame() -> Frame<'static> {
    states::framed(Words::of("en"), "#8a1c2b")
}

/// The elements of a page, by name, in their order.
fn elements(page: &Page) -> Vec<String> {
    Element::parse(&page.body).all().iter().map(|element| element.name.clone()).collect()
}

#[test]
fn a_shown_value_is_what_was_shared() {
    let plain = elements(&Shown { frame: frame(), value: "plain" }.render());
    for value in VALUES {
        let page = Shown { frame: frame(), value }.render();
        let html = Element::parse(&page.body);
        assert_eq!(html.named("textarea")[0].text(), *value);
        assert!(html.named("textarea")[0].attribute("readonly").is_some());
        assert_eq!(elements(&page), plain, "{value:?} became markup");
        assert!(!html.named("title")[0].text().contains(value), "{value:?}");
    }
}

#[test]
fn what_was_typed_is_kept() {
    let lifetimes = [Ttl::days(7)];
    let limits = Limits { secret_max: 10, passphrase_min: 0, passphrase_required: false };
    for value in VALUES {
        let typed = Typed { secret: value, passphrase: value };
        let (frame, chosen) = (frame(), Ttl::days(7));
        let form = Create {
            frame,
            nonce: "0",
            lifetimes: &lifetimes,
            chosen,
            limits,
            typed,
            problems: &[],
            request_id: "",
        };
        let html = Element::parse(&form.render().body);
        assert_eq!(html.named("textarea")[0].text(), *value);
        let password =
            html.named("input").into_iter().find(|input| input.attribute("type") == Some("password"));
        assert_eq!(password.and_then(|input| input.attribute("value")), Some(*value));
    }
}

#[test]
fn a_generated_value_is_told_as_it_is() {
    let value = "a\"b<c>&'`/>!@#$%^*()_-+=[]{}|:;,.?~";
    let (link, expires) = (states::LINK, Timestamp::from_secs(0));
    let page = Generated { frame: frame(), value, link, receipt: "/receipt/1", expires }.render();
    let html = Element::parse(&page.body);
    let field = html.named("input").into_iter().find(|input| input.attribute("id") == Some("value"));
    assert_eq!(field.and_then(|input| input.attribute("value")), Some(value));
}

#[test]
fn a_brand_is_text_and_a_colour() {
    let hostile = "</style><script>alert(1)</script>";
    let brand = Brand { name: hostile, accent: hostile, footer: Some(hostile) };
    let page = Gone { frame: Frame { brand, ..frame() } }.render();
    let html = Element::parse(&page.body);
    assert_eq!(elements(&page), elements(&Gone { frame: frame() }.render()));
    assert_eq!(html.named("header")[0].text(), hostile);
    // A line from right to left keeps its own order, full stop and all.
    assert_eq!(html.named("bdi")[0].text(), hostile);
    assert_eq!(html.named("title")[0].text(), hostile);
}
