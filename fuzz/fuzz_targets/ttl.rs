//! Lives asked for: always within the plan, and the number itself where one fits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_core::contract::ttl::ttl;
use waxseal_core::policy::{Plan, SHORTEST_TTL};

fuzz_target!(|text: &str| {
    for plan in [Plan::ANONYMOUS, Plan::ACCOUNT] {
        let life = plan.lifetime(ttl(text));
        assert!((SHORTEST_TTL..=plan.max_ttl).contains(&life), "{life:?}");
        match text.parse::<u64>() {
            Ok(secs) if secs > 0 => {
                assert_eq!(life.secs(), secs.clamp(SHORTEST_TTL.secs(), plan.max_ttl.secs()));
            }
            _ => {}
        }
    }
});
