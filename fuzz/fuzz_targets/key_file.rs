//! Key files: what is read, written and read again holds the same keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::seal::keyring::Keyring;

fuzz_target!(|text: &str| {
    let Ok(keyring) = Keyring::parse(text) else { return };
    let again = Keyring::parse(&keyring.to_text()).expect("what is written can be read");
    assert_eq!(*again.to_text(), *keyring.to_text());
    assert_eq!(again.sealing(), keyring.sealing());
    let hex = |text: &str| text.split_whitespace().filter(|word| word.len() == 64).count();
    assert!(hex(&keyring.to_text()) <= hex(text), "no key from nowhere");
});
