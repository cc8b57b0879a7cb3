//! Small boxes: they open as what was sealed, and damaged ones never open.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::id::Kid;
use waxseal_core::seal::boxes::{Terms, open, seal};
use waxseal_core::seal::labels;
use waxseal_fuzz::sealing::{Drawn, Edit, edited};

fuzz_target!(|input: ([u8; 4], Vec<Edit>, &[u8], &[u8])| {
    let (kid, edits, context, content) = input;
    let terms = Terms { purpose: &[1; 32].into(), secret: &[2; 32], label: labels::OWN, context };
    let sealed = seal(&terms, Kid(kid), content, &Drawn::default()).expect("Drawn never runs dry");
    assert_eq!(*open(&terms, &sealed).expect("what was sealed opens"), content);
    let other = edited(&sealed, &edits);
    assert!(other == sealed || open(&terms, &other).is_err());
    assert!(open(&Terms { label: labels::WRAP, ..terms }, &sealed).is_err());
});
