//! Info boxes' contents: what is read is written back to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::seal::info::Info;

fuzz_target!(|bytes: &[u8]| {
    if let Some(info) = Info::from_bytes(bytes) {
        assert_eq!(info.to_bytes(), bytes);
    }
});
