//! Basic credentials: what is read and written again is read as the same.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use waxseal_core::contract::basic::Credentials;

fuzz_target!(|header: &[u8]| {
    let read = Credentials::of(Some(header));
    assert!(read != Credentials::None, "a header that says nothing is not taken for none");
    if let Credentials::Basic { user, token } = &read {
        assert!(!user.is_empty() && !user.contains(':') && !token.is_empty());
        let again = format!("Basic {}", STANDARD.encode(format!("{user}:{}", **token)));
        assert!(Credentials::of(Some(again.as_bytes())) == read);
    }
});
