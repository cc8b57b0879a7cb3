//! A whole request for a page, beside secrets that others planted: each is shown once,
//! to a form of its own page, whatever came before.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal_fuzz::world::{Sent, World, runtime};

fuzz_target!(|text: &[u8]| {
    let Some(sent) = Sent::parse(text) else { return };
    runtime().block_on(async {
        let mut world = World::new(text).await;
        // Twice, so that what could be shown twice is.
        world.visit(&sent).await;
        world.visit(&sent).await;
        world.reveal_the_planted().await;
    });
});
