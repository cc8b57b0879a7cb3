//! `waxseal key …`

use clap::Subcommand;
use waxseal_core::id::Kid;

pub(super) const EXAMPLES: &str = "\
Examples: the key that seals is changed, on one node or on many:
  waxseal key add               adds a key that opens only, and prints its id
  kill -HUP PID                 on every node, once each has the new key file
  waxseal key promote ID        has it seal from now on
  kill -HUP PID                 on every node, once each has the new key file
  waxseal key list              shows how many records need which key
  waxseal key retire ID         once no record needs the old one
  kill -HUP PID                 on every node, once each has the new key file

Where the nodes share no disk, copy the key file to each after every step. Nothing is sealed anew: a
key is needed until the last receipt of what it sealed is gone, which is twice the longest life that
any plan allowed meanwhile. Comments of your own in the key file are not kept. Keep a copy of it
after every step, and no copy of the one before: it would hold what you retired.";

const LIST: &str = "\
Examples:
  waxseal key list
  waxseal key list --json";

const ADD: &str = "\
Examples:
  waxseal key add
  id=$(waxseal key add)";

const PROMOTE: &str = "\
Examples:
  waxseal key promote 9cef5617
  waxseal key promote 9cef5617 --yes";

const RETIRE: &str = "\
Examples:
  waxseal key retire 1b20d7c4
  waxseal key retire 1b20d7c4 --yes";

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Key {
    /// List the keys by their ids, never the keys themselves
    #[command(after_help = LIST)]
    List {
        /// Print JSON: [{"id": …, "use": "seals" | "opens" | "missing", "records": …}]
        #[arg(long)]
        json: bool,
    },
    /// Add a new key that opens only, and print its id
    #[command(after_help = ADD)]
    Add {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Seal new secrets under a key; the one before opens only from then on
    ///
    /// A node that does not know the key yet can't open what others seal under it: have every node
    /// reload first.
    #[command(after_help = PROMOTE)]
    Promote {
        /// The key's id: 8 hexadecimal digits
        #[arg(value_parser = kid)]
        id: Kid,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Do not ask whether every node knows the key
        #[arg(long)]
        yes: bool,
    },
    /// Remove a key that no record needs any more
    ///
    /// It is refused while a record needs the key. It can't be undone: without a copy of the key file
    /// the key is gone.
    #[command(after_help = RETIRE)]
    Retire {
        /// The key's id: 8 hexadecimal digits
        #[arg(value_parser = kid)]
        id: Kid,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

fn kid(text: &str) -> Result<Kid, String> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(text, 16).ok().filter(|_| digits);
    number
        .map(|number| Kid(number.to_be_bytes()))
        .ok_or_else(|| "a key's id has 8 hexadecimal digits, as `waxseal key list` shows them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_eight_digits() {
        assert_eq!(kid("00ff10Ab"), Ok(Kid([0, 0xff, 0x10, 0xab])));
        for text in ["", "0ff10ab", "+0ff10ab", "00ff10abc", "00ff10ag"] {
            assert!(kid(text).is_err(), "{text}");
        }
    }
}
