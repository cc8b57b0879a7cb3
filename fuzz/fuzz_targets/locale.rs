//! Languages: always one that we speak, and the parameter wins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::contract::locale::{LOCALES, choose, parameter};

fuzz_target!(|text: &str| {
    let (query, header) = text.split_once('\n').unwrap_or_default();
    let parameter = parameter(Some(query));
    let chosen = choose(parameter, Some(header));
    assert!(LOCALES.contains(&chosen));
    if parameter.is_some_and(|tag| !tag.is_empty()) {
        assert_eq!(chosen, choose(parameter, None));
    }
    if header.bytes().all(|byte| !byte.is_ascii_alphabetic()) && parameter.is_none() {
        assert_eq!(chosen, LOCALES[0]);
    }
});
