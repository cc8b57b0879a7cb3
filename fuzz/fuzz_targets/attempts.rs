//! Stored counters: what reads writes back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::attempt::Attempts;

fuzz_target!(|bytes: &[u8]| {
    if let Some(attempts) = Attempts::from_bytes(bytes) {
        assert_eq!(attempts.to_bytes(), bytes);
    }
});
