//! Keys as text: one text a key, and one key a text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::id::{KEY_CHARS, LinkKey, MetadataKey};

fuzz_target!(|input: ([u8; 20], &str)| {
    let (bytes, text) = input;
    let shown = LinkKey::from(bytes).text();
    assert_eq!(shown.expose().len(), KEY_CHARS);
    assert_eq!(LinkKey::parse(shown.expose()).expect("what is shown can be read").expose(), &bytes);
    match MetadataKey::parse(text) {
        Some(key) => assert_eq!(key.text().expose(), text),
        None => assert_ne!(MetadataKey::named(text).text().expose(), text),
    }
});
