//! A page, parsed by the algorithm that browsers follow, as plain data.

use std::collections::BTreeMap;

use html5ever::parse_document;
use html5ever::tendril::TendrilSink;
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element, or a run of text.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) children: Vec<Node>,
}

impl Element {
    /// The whole document.
    pub(crate) fn parse(html: &str) -> Self {
        let dom = parse_document(RcDom::default(), Default::default()).one(html);
        assert!(dom.errors.borrow().is_empty(), "{:?} in {html}", dom.errors.borrow());
        Self { name: String::new(), attributes: BTreeMap::new(), children: children(&dom.document) }
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Every element below, in the document's order.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let below = self.children.iter().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        });
        below.flat_map(|element| [element].into_iter().chain(element.all())).collect()
    }

    pub(crate) fn named(&self, name: &str) -> Vec<&Self> {
        self.all().into_iter().filter(|element| element.name == name).collect()
    }

    /// What stands in it to be read: without style and script.
    pub(crate) fn text(&self) -> String {
        let text = self.children.iter().map(|child| match child {
            Node::Text(text) => text.clone(),
            Node::Element(element) if matches!(element.name.as_str(), "style" | "script") => String::new(),
            Node::Element(element) => element.text(),
        });
        text.collect()
    }
}

fn children(node: &Handle) -> Vec<Node> {
    node.children.borrow().iter().filter_map(read).collect()
}

fn read(node: &Handle) -> Option<Node> {
    match &node.data {
        NodeData::Text { contents } => Some(Node::Text(contents.borrow().to_string())),
        NodeData::Element { name, attrs, .. } => Some(Node::Element(Element {
            name: name.local.to_string(),
            attributes: attrs
                .borrow()
                .iter()
                .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()))
                .collect(),
            children: children(node),
        })),
        _ => None,
    }
}
