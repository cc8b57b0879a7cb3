//! JSON bodies: what `serde_json` reads as a tree, ours reads as fields.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::contract::refusal::Refusal::Malformed;
use waxseal_fuzz::fields::{JSON, check, flattened, read, tree};

fuzz_target!(|body: &[u8]| {
    match (read(JSON, body), tree(body)) {
        // Of names with brackets in them it is not clear which comes last.
        (Ok(fields), Some(tree)) => {
            if let Some(pairs) = flattened(&tree) {
                check(fields, pairs);
            }
        }
        (Ok(_), None) => assert_ne!(body.trim_ascii_start().first(), Some(&b'{')),
        (Err(Malformed(why)), Some(_)) => assert!(why.contains("many") || why.contains("deeply"), "{why}"),
        (Err(_), _) => {}
    }
});
