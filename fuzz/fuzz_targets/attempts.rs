//! Stored counters: what is read is written back to the same bytes, and goes on
//! counting: a look says beforehand what a guess will be told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::attempt::{Attempts, Guess, Verdict};
use waxseal_core::id::ClientId;
use waxseal_core::policy::AttemptPolicy;
use waxseal_core::time::Timestamp;

fuzz_target!(|input: ([u8; 8], u64, u64, &[u8])| {
    let (client, expires, now, bytes) = input;
    let (expires, now) = (Timestamp::from_secs(expires), Timestamp::from_secs(now));
    let Some(attempts) = Attempts::from_bytes(bytes) else { return };
    assert_eq!(attempts.to_bytes(), bytes);
    let (client, policy) = (ClientId(client), AttemptPolicy::default());
    let looked = attempts.look(client, expires, &policy, now);
    let (after, verdict) = attempts.count(Guess::Open(client), expires, &policy, now);
    assert_eq!(matches!(looked, Verdict::LockedOut { .. }), matches!(verdict, Verdict::LockedOut { .. }));
    assert!(Attempts::from_bytes(&after.to_bytes()).is_some());
});
