//! A whole request, to the bytes of its answer: no panic, and no fault that a
//! stranger's bytes could cause.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_fuzz::{answer, runtime};

fuzz_target!(|input: (bool, &str, Option<&str>, Option<&[u8]>, &[u8], &[u8])| {
    let (post, path, query, authorization, content_type, body) = input;
    let answer = runtime().block_on(answer(post, path, query, authorization, content_type, body));
    assert!(answer.reply.status < 500, "{answer:?}");
});
