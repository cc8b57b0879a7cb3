//! Paths: whatever stands there, an echo holds nothing that a page or a log
//! could mistake, and only our methods lead somewhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::contract::route::Route;

fuzz_target!(|text: &str| {
    let (method, path) = text.split_once(' ').unwrap_or_default();
    for route in [Route::of(method, path), Route::of("POST", path), Route::of("GET", path)] {
        let Some(key) = route.key() else { continue };
        assert!(path.starts_with("/api/v1/") && path.len() >= key.echo().len());
        assert!(key.echo().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)));
        assert_eq!(key.link_key().is_ok(), (20..=128).contains(&key.echo().len()));
    }
    if !["GET", "HEAD", "POST"].contains(&method) {
        assert_eq!(Route::of(method, path), Route::Unrouted);
    }
});
