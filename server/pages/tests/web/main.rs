//! Every page and state, through the whole of `Pages::answer`: a client parses the
//! pages as browsers do, and sends just what their forms hold, so that a renamed
//! field fails.

mod browser;
mod create;
mod dom;
#[path = "../../../../core/tests/hands/mod.rs"]
mod hands;
mod moods;
mod receipt;
mod scanners;
mod secret;
mod trouble;
mod world;
