//! The scripts: each one atomic step on one node.

use std::sync::LazyLock;

use redis::{Cmd, Script as Hashed};

/// Arguments beside the keys of nearly all calls, and bytes of all: room that need not be made
/// piece by piece.
const ARGUMENTS: usize = 13;
const BYTES: usize = 768;

/// A script and its name in Redis.
pub(crate) struct Script {
    text: &'static str,
    hash: LazyLock<String>,
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $($(#[$doc])* pub(crate) static $name: Script =
            Script { text: $text, hash: LazyLock::new(|| Hashed::new($text).get_hash().to_owned()) };)+

        /// Every script.
        pub(crate) static ALL: &[&Script] = &[$(&$name),+];
    };
}

/// A script that Redis runs though its memory is used up: what stands must be opened still.
macro_rules! though_full {
    ($text:expr) => {
        concat!("#!lua flags=allow-oom\n", $text)
    };
}

macro_rules! on_records {
    ($file:literal) => {
        concat!(include_str!("lua/head.lua"), include_str!($file))
    };
}

scripts! {
    /// Stores records.
    CREATE = include_str!("lua/create.lua");
    /// Counts a guess.
    ATTEMPT = on_records!("lua/attempt.lua");
    /// Ends secrets.
    SETTLE = though_full!(on_records!("lua/settle.lua"));
    /// Notes what became of a message.
    NOTE = include_str!("lua/note.lua");
    /// Gives what comes due in an hour its seconds.
    UNFOLD = include_str!("lua/unfold.lua");
    /// Erases and forgets.
    SWEEP = on_records!("lua/sweep.lua");
    /// Takes bytes from one figure of a bucket to another.
    REBASE = include_str!("lua/rebase.lua");
    /// Changes an account.
    SWAP = include_str!("lua/swap.lua");
    /// Registers a domain.
    ADD_DOMAIN = include_str!("lua/add_domain.lua");
    /// Notes the store's next format.
    ADVANCE = include_str!("lua/advance.lua");
    /// Takes from an allowance.
    LIMIT = though_full!(include_str!("lua/limit.lua"));
}

impl Script {
    /// A call over `keys`, to which arguments may be added.
    pub(crate) fn call<K: AsRef<[u8]>>(&self, keys: &[K]) -> Cmd {
        let mut call = self.begin(keys.len(), ARGUMENTS, BYTES);
        for key in keys {
            call.arg(key.as_ref());
        }
        call
    }

    /// A call to which so many keys are to be added, and arguments, with about so many bytes.
    pub(crate) fn begin(&self, keys: usize, arguments: usize, bytes: usize) -> Cmd {
        let mut call = Cmd::with_capacity(3 + keys + arguments, 64 + bytes);
        call.arg("EVALSHA").arg(self.hash.as_str()).arg(keys);
        call
    }

    /// What makes Redis know it.
    pub(crate) fn load(&self) -> Cmd {
        let mut load = redis::cmd("SCRIPT");
        load.arg("LOAD").arg(self.text);
        load
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &'static str {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cluster of one node takes an undeclared key without a word, and one of
    /// several breaks on it.
    #[test]
    fn scripts_touch_declared_keys_only() {
        for script in ALL {
            let text = script.text().replace("redis.pcall(", "redis.call(");
            let calls = text.split("redis.call(").skip(1);
            let mut count = 0;
            for call in calls {
                let key = call.split(',').nth(1).unwrap_or_default().trim();
                let known = ["KEYS[", "unpack(KEYS", "unpack(written)"];
                assert!(known.iter().any(|known| key.starts_with(known)), "{call}");
                count += 1;
            }
            assert!(count > 0);
            // What is written together is a key and its value, time and again.
            for place in script.text().split("written[").skip(1).step_by(2) {
                assert!(place.starts_with("#written + 1], "), "{place}");
            }
            let pairs = script.text().matches("written[#written + 1], written[#written + 2] = KEYS[i], ");
            assert_eq!(script.text().matches("written[").count(), 2 * pairs.count());
        }
    }
}
