//! Crashes and faults: what clients were told must be true after every one of them.
//!
//! `ledger` is what clients know of their secrets, and holds a server against it;
//! `clients` make it. The other files each do one kind of harm to the real program.
//! What takes minutes is `#[ignore]`d, run by `scripts/prove`, and says how far it is.

mod clients;
mod clock;
mod disk;
mod ledger;
mod points;
mod power;
mod redis;
mod replay;
mod trace;

use crate::home::Home;

/// Nobody is turned away for asking often.
const UNLIMITED: &str = "[limits]\nguest_creates_per_20m = 0\nguest_reveals_per_20m = 0\n";

/// A deployment over a store, whose clients may ask as often as they like.
fn unlimited(store: &str) -> Home {
    let home = Home::new();
    home.run(&["init", "--store", store]).ok();
    home.write("waxseal.toml", &format!("{}\n{UNLIMITED}", home.read("waxseal.toml")));
    home
}

/// Whether `program` is there, and can do here what `test` needs of it.
fn available(test: &str, program: &str, tried: &[&str]) -> bool {
    let tried = std::process::Command::new(program).args(tried).output();
    if tried.is_ok_and(|tried| tried.status.success()) {
        return true;
    }
    let required = std::env::var("WAXSEAL_REQUIRE_ALL").is_ok_and(|all| all == "1");
    assert!(!required, "{test} needs {program}, and WAXSEAL_REQUIRE_ALL=1 allows nothing to be skipped");
    eprintln!("SKIPPED {test}: {program} is not there, or may not do its work here");
    false
}

/// A number from the environment, for those who want more or less of a long test.
fn number(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).ok().and_then(|said| said.parse().ok()).unwrap_or(usual)
}

/// Numbers that look random and come again with the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
