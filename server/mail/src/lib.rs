//! Tells a recipient that a link waits: SMTP, a spool in memory, the truth about delivery.
//!
//! A message is sent **once at most**, and what became of it is noted on the record,
//! so that the receipt tells it. What is queued lives in memory alone: addresses
//! are stored nowhere. A process that is killed loses them, and the receipts of
//! their secrets read "failed" an hour later.
//!
//! ```text
//! relay     the operator's mail server: where it is, how it is spoken to
//! session   one connection to it, and the steps of a delivery
//! linewise  keeps what came before TLS out of what comes after
//! letter    a message as bytes, in the language of its account
//! spool     the queue: who waits, who is next, when to give up
//! tally     how many there were, by what became of them
//! timing    how long everything may take
//! trial     one message to try it all out, step by step
//! ```

#![forbid(unsafe_code)]

mod letter;
mod linewise;
mod relay;
mod session;
mod spool;
mod tally;
mod timing;
mod trial;

pub use letter::{Letterhead, LetterheadError};
pub use relay::{Credentials, Endpoint, Relay, RelayError, Security};
pub use session::{Step, Trouble, Verdict};
pub use spool::{CAPACITY, Spool};
pub use tally::Figures;
pub use timing::Timing;
pub use trial::{greet, try_out};
