//! A whole request, to the bytes of its answer, beside secrets that others
//! planted: each is told once, to whom it was meant for, whatever came before.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_fuzz::world::{Sent, World, runtime};

fuzz_target!(|text: &[u8]| {
    let Some(sent) = Sent::parse(text) else { return };
    runtime().block_on(async {
        let mut world = World::new(text).await;
        // Twice, so that what could be told twice is.
        world.send(&sent).await;
        world.send(&sent).await;
        world.reveal_the_planted().await;
    });
});
