//! Sealed contents: they open as what was sealed, and damaged ones never open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::seal::content::open;
use waxseal_core::store::Lock;
use waxseal_fuzz::sealing::{Edit, Opener, edited};

fuzz_target!(|input: (bool, Vec<Edit>, Vec<Edit>, &str)| {
    let (passphrase, lock_edits, body_edits, value) = input;
    let Opener { sealed, link, stretched, master, id } = Opener::of(value, passphrase);
    let mut other = sealed.clone();
    other.body = edited(&sealed.body, &body_edits);
    other.lock = edited(&sealed.lock.0, &lock_edits).try_into().map_or(sealed.lock, Lock);
    match open(other.clone(), &link, stretched.as_ref(), &master, &id) {
        Ok(opened) => assert!(other == sealed && opened.value.expose() == value),
        Err(_) => assert!(other != sealed),
    }
});
