//! Creators, readers and the clock in any order, through the whole API over the memory
//! store: every answer is the one that a ledger of the promises knows.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use waxseal_conformance::walk::walk;
use waxseal_fuzz::world::{runtime, seed};
use waxseal_memory::MemoryStore;

fuzz_target!(|input: &[u8]| {
    let (steps, _) = input.as_chunks();
    runtime().block_on(walk(Arc::new(MemoryStore::new(0)), seed(input), steps));
});
