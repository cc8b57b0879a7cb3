//! Addresses found in a text: by the grammar, as it stands there, and fit for a
//! mail's header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::recipient::Recipient;

fuzz_target!(|text: &str| {
    let Some(found) = Recipient::find(text) else { return };
    let address = found.expose();
    assert!(text.to_ascii_lowercase().contains(address) && address.len() <= 254);
    assert!(address.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte)));
    let (local, domain) = address.split_once('@').expect("an address has an @");
    assert!((1..=64).contains(&local.len()) && !local.contains("..") && !domain.contains(['@', '_']));
    let labels: Vec<&str> = domain.split('.').collect();
    assert!(labels.len() >= 2 && labels.iter().all(|label| (1..=63).contains(&label.len())));
    assert_eq!(Recipient::exact(address), Some(found.clone()));
    assert!(!format!("{found:?}").contains(address));
});
