//! What Waxseal may do in Redis, as a rule for Redis' access lists.

use crate::keys::{Keys, Prefix};

/// Every command that we send or that a script calls, with what connecting takes.
const COMMANDS: [&str; 36] = [
    // Connecting; whom to ask; what a master says of itself.
    "hello",
    "select",
    "ping",
    "info",
    "role",
    "cluster|slots",
    "asking",
    // Scripts, and their confirmation by replicas.
    "evalsha",
    "script|load",
    "wait",
    // Records and guesses, the check, allowances, accounts.
    "get",
    "set",
    "mget",
    "mset",
    "msetnx",
    "del",
    "exists",
    "strlen",
    "getrange",
    "setrange",
    // Tallies and domains.
    "hgetall",
    "hincrby",
    "hdel",
    "hsetnx",
    // What comes due in an hour.
    "rpush",
    "lpop",
    "llen",
    // What is due; lists; all accounts.
    "zadd",
    "zrem",
    "zcount",
    "zrange",
    "zrangebyscore",
    "zrevrangebyscore",
    "zremrangebyscore",
    "expire",
    // All records, for `waxseal store verify`.
    "scan",
];

/// The rule for a user of Redis who may do what Waxseal does and nothing else, for
/// an ACL file or `ACL SETUSER`: keys below `prefix`, no channels, our commands.
/// The user's password belongs in the place of `PASSWORD`.
#[must_use]
pub fn acl(user: &str, prefix: &Prefix) -> String {
    let keys = Keys::new(prefix.clone()).pattern();
    let commands = COMMANDS.map(|command| format!(" +{command}")).concat();
    format!("user {user} on >PASSWORD resetkeys ~{keys} resetchannels -@all{commands}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn the_commands_are_those_that_the_source_sends() {
        let mut sent = BTreeSet::from(["hello".to_owned(), "select".to_owned()]);
        for source in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
            let opens = ["cmd(\"", "call.arg(\"", "redis.call('", "redis.pcall('", "ask_one(&node, &[\""];
            for open in opens {
                sent.extend(source.split(open).skip(1).map(command));
            }
        }
        assert_eq!(sent, COMMANDS.iter().map(|&command| command.to_owned()).collect());
    }

    /// The word up to its quote; of a command of commands the second word, too.
    fn command(rest: &str) -> String {
        let end = rest.find(['"', '\'']).unwrap();
        let name = rest[..end].to_lowercase();
        let second = rest[end + 1..].split(['"', '\'']).nth(1).unwrap_or_default().to_lowercase();
        if ["cluster", "script"].contains(&name.as_str()) { format!("{name}|{second}") } else { name }
    }

    fn sources(folder: &Path) -> Vec<String> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.extend(sources(&path));
            } else if path.file_name().is_some_and(|name| name != "acl.rs") {
                all.push(std::fs::read_to_string(path).unwrap());
            }
        }
        all
    }

    #[test]
    fn a_rule_names_user_keys_and_commands() {
        let rule = acl("waxseal", &Prefix::default());
        assert!(
            rule.starts_with("user waxseal on >PASSWORD resetkeys ~waxseal:* resetchannels -@all +hello ")
        );
    }
}
