//! Mail, over real connections to a real server: what arrives, how often, and what
//! the receipt tells of it.

mod encryption;
mod failures;
mod letters;
mod stop;
mod world;
