//! Everything that the API refuses, one variant a row of the contract.

use crate::policy::Breach;
use crate::time::Ttl;

/// Why a request is refused. [`crate::contract::reply`] turns each into its exact bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No such route (V1-R12): `{"error":"Not Found"}`.
    Unrouted,
    /// Credentials that do not verify, or none where some are needed (V1-E5).
    NotAuthorized,
    /// A key shorter than 20 characters (V1-E3), or longer than 128.
    NotAKey,
    /// Nothing to share (V1-E4).
    Nothing,
    /// Against the plan or the passphrase policy (V1-E7, E14, E15).
    Breach(Breach),
    /// A recipient without an account (V1-E8).
    RecipientNeedsAccount,
    /// No address in the text (V1-E9); the text as sent.
    Undeliverable(String),
    /// A domain nobody registered (V1-E10); as sent.
    UnknownDomain(String),
    /// A domain of another account (V1-E11); as sent.
    ForeignDomain(String),
    /// A generated value that would be too long (V1-E16).
    LengthTooLarge,
    /// A field of a shape we do not read (V1-E19 with intended 400), e.g. `ttl[]`.
    Unexpected,
    /// A body that can't be read: malformed JSON or multipart, bad UTF-8, NUL (V1-B7, B8, C-17); why.
    Malformed(&'static str),
    /// Too many requests (V1-E17).
    RateLimited {
        /// When to come again.
        retry_after: Ttl,
    },
}
