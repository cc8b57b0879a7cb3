//! A lock's header: hostile rows are read or refused, and costs stay in bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::seal::content::Header;
use waxseal_core::store::{LOCK_BYTES, Lock};

fuzz_target!(|bytes: [u8; LOCK_BYTES]| {
    if let Ok(header) = Header::of(&Lock(bytes)) {
        assert!(header.cost.is_none_or(|cost| cost.parts().0 <= 262_144));
    }
});
