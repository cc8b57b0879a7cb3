//! A browser without scripts: it opens pages, fills in the fields that stand there,
//! and sends just what their forms hold.

use std::fmt::Write as _;

use waxseal_core::contract::{Reply, Request};
use waxseal_core::id::ClientId;
use waxseal_pages::Visit;

use crate::dom::Element;
use crate::world::World;

/// Who asks, and what its requests say of themselves.
#[derive(Clone, Copy)]
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    pub(crate) client: ClientId,
    pub(crate) host: &'a str,
    pub(crate) languages: Option<&'a str>,
    pub(crate) fetch_site: Option<&'a str>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self {
            world,
            client: ClientId::LOCAL,
            host: "secrets.example",
            languages: None,
            fetch_site: Some("same-origin"),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Seen {
        self.request("GET", target, "").await
    }

    /// Any request. A target is a path, or a link to this site.
    pub(crate) async fn request(&self, method: &str, target: &str, body: &str) -> Seen {
        let target = self.world.path_of(target);
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        let request = Request {
            method,
            path,
            query,
            host: Some(self.host),
            authorization: None,
            content_types: vec![b"application/x-www-form-urlencoded"],
            accept_language: self.languages,
            body: body.as_bytes().to_vec().into(),
        };
        let visit = Visit {
            request,
            accept_encoding: None,
            sec_fetch_site: self.fetch_site.map(str::as_bytes),
            client: self.client,
            id: "request-7",
        };
        let answer = self.world.pages.answer(&self.world.api, visit).await;
        Seen::new(path, answer.reply)
    }

    /// Sends a form by its first button.
    pub(crate) async fn send(&self, form: &Form) -> Seen {
        self.request("POST", &form.action, &form.body(None)).await
    }

    /// Sends a form by the button of this name.
    pub(crate) async fn press(&self, form: &Form, button: &str) -> Seen {
        self.request("POST", &form.action, &form.body(Some(button))).await
    }

    /// Where a redirect leads; the page itself for any other answer.
    pub(crate) async fn follow(&self, seen: Seen) -> Seen {
        match (seen.status, seen.header("location")) {
            (303, Some(location)) => self.get(location).await,
            _ => seen,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) html: String,
    pub(crate) page: Element,
    path: String,
}

impl Seen {
    pub(crate) fn new(path: &str, reply: Reply) -> Self {
        let html = String::from_utf8(reply.body.to_vec()).unwrap();
        let is_html =
            reply.header("content-type").is_some_and(|content_type| content_type.starts_with("text/html"));
        let page = Element::parse(if is_html { &html } else { "<!doctype html>" });
        let headers = reply.headers().map(|(name, value)| (name, value.to_owned())).collect();
        Self { status: reply.status, headers, html, page, path: path.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> String {
        self.page.text()
    }

    pub(crate) fn h1(&self) -> String {
        let headings = self.page.named("h1");
        assert_eq!(headings.len(), 1, "one heading: {}", self.html);
        headings[0].text()
    }

    /// What the field of this id shows.
    pub(crate) fn field(&self, id: &str) -> String {
        let found = self.page.all().into_iter().find(|element| element.attribute("id") == Some(id));
        let field = found.unwrap_or_else(|| panic!("no #{id} in {}", self.html));
        if field.name == "textarea" {
            field.text()
        } else {
            field.attribute("value").unwrap_or("").to_owned()
        }
    }

    /// Every address in the page, as a crawler finds them.
    pub(crate) fn links(&self) -> Vec<String> {
        let addresses = |element: &&Element| {
            let names = ["href", "src", "action", "formaction"];
            names.iter().filter_map(|name| element.attribute(name)).map(|url| self.absolute(url)).collect()
        };
        self.page.all().iter().flat_map(|element| -> Vec<String> { addresses(element) }).collect()
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with(['?', '#']) { format!("{}{url}", self.path) } else { url.to_owned() }
    }

    pub(crate) fn has_form(&self) -> bool {
        !self.page.named("form").is_empty()
    }

    /// The page's form.
    pub(crate) fn form(&self) -> Form {
        let forms = self.page.named("form");
        assert_eq!(forms.len(), 1, "one form: {}", self.html);
        let action = forms[0].attribute("action").unwrap_or("");
        assert_eq!(forms[0].attribute("method"), Some("post"));
        let action = if action.is_empty() { self.path.clone() } else { self.absolute(action) };
        Form { action, fields: forms[0].all().into_iter().filter_map(Field::of).collect() }
    }
}

/// What a form holds.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: String,
    value: String,
    kind: Kind,
    options: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Hidden,
    Typed,
    Button,
}

impl Field {
    fn of(element: &Element) -> Option<Self> {
        let attribute = |name| element.attribute(name).unwrap_or_default().to_owned();
        let options: Vec<&Element> = element.named("option");
        let (kind, value) = match element.name.as_str() {
            "textarea" => (Kind::Typed, element.text()),
            "select" => {
                let selected = options.iter().find(|option| option.attribute("selected").is_some());
                (Kind::Typed, selected?.attribute("value")?.to_owned())
            }
            "button" => (Kind::Button, attribute("value")),
            "input" if element.attribute("type") == Some("hidden") => (Kind::Hidden, attribute("value")),
            "input" => (Kind::Typed, attribute("value")),
            _ => return None,
        };
        let options = options.iter().filter_map(|option| option.attribute("value")).map(str::to_owned);
        Some(Self { name: attribute("name"), value, kind, options: options.collect() })
    }
}

impl Form {
    /// Types into a field that a person can see. Panics where there is none.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let typed = |field: &&mut Field| field.name == name && field.kind == Kind::Typed;
        let field = self.fields.iter_mut().find(typed).unwrap_or_else(|| panic!("no field {name}"));
        assert!(field.options.is_empty() || field.options.iter().any(|option| option == value), "{value}");
        value.clone_into(&mut field.value);
        self
    }

    /// Types into every field that takes any text.
    #[must_use]
    pub(crate) fn filled(mut self, value: &str) -> Self {
        for field in &mut self.fields {
            if field.kind == Kind::Typed && field.options.is_empty() {
                value.clone_into(&mut field.value);
            }
        }
        self
    }

    /// Puts something else into any field, as an attacker would.
    #[must_use]
    pub(crate) fn forged(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|field| field.name == name);
        value.clone_into(&mut field.unwrap_or_else(|| panic!("no field {name}")).value);
        self
    }

    /// What a field holds now.
    pub(crate) fn value(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|field| field.name == name);
        &field.unwrap_or_else(|| panic!("no field {name}")).value
    }

    pub(crate) fn options(&self, name: &str) -> Vec<String> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.options.clone()).unwrap()
    }

    /// What a browser sends: every field with a name, and the button that was pressed.
    /// The first button is one without a name.
    fn body(&self, button: Option<&str>) -> String {
        let sent = self.fields.iter().filter(|field| match field.kind {
            Kind::Hidden | Kind::Typed => !field.name.is_empty(),
            Kind::Button => button == Some(&field.name),
        });
        let pairs = sent.map(|field| format!("{}={}", escaped(&field.name), escaped(&lines(&field.value))));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// Every end of a line as CR LF, as browsers send it.
fn lines(value: &str) -> String {
    value.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        match byte {
            b' ' => escaped.push('+'),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => write!(escaped, "%{byte:02X}").unwrap(),
        }
        escaped
    })
}
