//! What Waxseal may do in Redis, as a rule for Redis' access lists.

use crate::keys::{BadPrefix, Keys};

/// Every command we send, and every one that our scripts call; with what the
/// library needs to connect. `CLUSTER SLOTS`, `ASKING` and `ROLE` are for Cluster
/// and Sentinel.
const COMMANDS: [&str; 31] = [
    "hello", "ping", "info", "role", "select", "asking", "wait", "evalsha", "script|load", "cluster|slots",
    "get", "set", "del", "exists", "strlen", "getrange", "setrange", "expire", "hget", "hgetall", "hincrby",
    "hdel", "zadd", "zrem", "zrange", "zrangebyscore", "zrevrangebyscore", "zremrangebyscore", "auth",
    "command|docs", "reset",
];

/// The rule for a user of Redis who may do what Waxseal does and nothing else, for
/// an ACL file or `ACL SETUSER`: keys below `prefix`, no channels, our commands.
/// What the user's password is, `PASSWORD` in its place says.
///
/// # Errors
/// [`BadPrefix`].
pub fn acl(user: &str, prefix: &str) -> Result<String, BadPrefix> {
    let keys = Keys::new(prefix)?.pattern();
    let commands = COMMANDS.map(|command| format!(" +{command}")).concat();
    Ok(format!("user {user} on >PASSWORD resetkeys ~{keys} resetchannels -@all{commands}"))
}
