//! Multipart bodies: where `multer` reads one too, it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_fuzz::fields::{check, multer, read};

fuzz_target!(|body: &[u8]| {
    let Ok(fields) = read(b"multipart/form-data; boundary=XbX", body) else { return };
    if let Some(pairs) = multer("XbX", body) {
        check(fields, pairs);
    }
});
