//! Every state of every page in every language, as a browser's parser sees it.
//! `dom` refuses a page with a parse error, so that each is also well formed.

#[path = "../web/dom.rs"]
mod dom;
mod rules;
#[allow(dead_code, reason = "the gallery uses what is not used here")]
#[path = "../../examples/gallery/states.rs"]
mod states;
mod values;
