//! Every word that a label may hold. What is on none of these lists is shown as `other`.

use waxseal_core::attempt::Guess;
use waxseal_core::store::{Attempt, StoreError};
use waxseal_core::vault::Fault;

use super::table::{OTHER, Words};

/// The names of routes, as answers carry them.
pub(super) const ROUTES: Words = Words {
    label: "route",
    all: &[
        "share",
        "reveal",
        "create",
        "generate",
        "look",
        "burn",
        "recent",
        "status",
        "authcheck",
        "unrouted",
        "create page",
        "secret page",
        "receipt page",
        "burn page",
        "robots",
        "hint",
        "healthz",
        "readyz",
        "openapi",
        "redirect",
        "none",
        OTHER,
    ],
};

/// What came of a request, as answers carry it.
pub(super) const OUTCOMES: Words = Words {
    label: "outcome",
    all: &[
        "shared",
        "revealed",
        "generated",
        "looked",
        "burned",
        "listed",
        "nominal",
        "gone",
        "wrong passphrase",
        "locked out",
        "lost the race",
        "refused",
        "turned away",
        "fault",
        "told",
        "asked",
        "repeated",
        "panicked",
        "shared, recipient not told",
        "generated, recipient not told",
        "redirected",
        OTHER,
    ],
};

/// The statuses of answers.
pub(super) const STATUSES: Words = Words {
    label: "status",
    all: &[
        "200", "303", "308", "400", "401", "403", "404", "405", "408", "413", "415", "422", "429", "431",
        "503", OTHER,
    ],
};

pub(super) const fn status(status: u16) -> &'static str {
    match status {
        200 => "200",
        303 => "303",
        308 => "308",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        408 => "408",
        413 => "413",
        415 => "415",
        422 => "422",
        429 => "429",
        431 => "431",
        503 => "503",
        _ => OTHER,
    }
}

/// Faults of the machinery.
pub(super) const FAULTS: Words = Words {
    label: "fault",
    all: &["unavailable", "unconfirmed", "undecipherable", "busy", "full", "entropy", "breach", OTHER],
};

pub(super) const fn fault(fault: &Fault) -> &'static str {
    match fault {
        Fault::Unavailable(_) => "unavailable",
        Fault::Unconfirmed(_) => "unconfirmed",
        Fault::Undecipherable(_) => "undecipherable",
        Fault::Busy => "busy",
        Fault::Full => "full",
        Fault::Entropy(_) => "entropy",
        Fault::Breach(_) => "breach",
    }
}

/// What is asked of a store.
pub(super) const OPERATIONS: Words = Words {
    label: "operation",
    all: &[
        "create",
        "front",
        "attempt",
        "settle",
        "receipt",
        "recent",
        "note_mail",
        "sweep",
        "bind",
        "usage",
        "ping",
        OTHER,
    ],
};

/// How a store fails.
pub(super) const ERRORS: Words =
    Words { label: "error", all: &["unavailable", "unconfirmed", "damaged", OTHER] };

/// What an attempt at a secret is made with: nothing, or a guess to open or to burn it.
pub(super) const GUESSES: Words = Words { label: "guess", all: &["none", "open", "burn", OTHER] };

/// What a store says to an attempt.
pub(super) const ANSWERS: Words = Words { label: "answer", all: &["granted", "gone", "locked_out", OTHER] };

/// What became of TLS handshakes.
pub(super) const HANDSHAKES: Words = Words { label: "outcome", all: &["done", "failed", "too slow", OTHER] };

pub(super) const fn error(error: &StoreError) -> &'static str {
    match error {
        StoreError::Unavailable(_) => "unavailable",
        StoreError::Unconfirmed(_) => "unconfirmed",
        StoreError::Damaged(_) => "damaged",
    }
}

pub(super) const fn guess(guess: Guess) -> &'static str {
    match guess {
        Guess::None(_) => "none",
        Guess::Open(_) => "open",
        Guess::Burn(_) => "burn",
    }
}

pub(super) const fn answer(attempt: &Attempt) -> &'static str {
    match attempt {
        Attempt::Granted { .. } => "granted",
        Attempt::Gone => "gone",
        Attempt::LockedOut { .. } => "locked_out",
    }
}
