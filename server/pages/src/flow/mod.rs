//! What a page does. One page a file.

pub(crate) mod burn;
mod confirm;
pub(crate) mod create;
pub(crate) mod receipt;
pub(crate) mod secret;

use waxseal_core::contract::Reply;
use waxseal_core::vault::Fault;

/// What a flow comes to.
pub(crate) struct Turn {
    pub(crate) reply: Reply,
    /// One word for the log.
    pub(crate) word: &'static str,
    /// Whether nothing stands on the page that a length could tell of.
    pub(crate) is_public: bool,
    /// The machinery's fault that this is the answer to.
    pub(crate) fault: Option<Fault>,
}
