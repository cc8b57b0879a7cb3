//! `waxseal config …`

use clap::Subcommand;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxseal config check --config /etc/waxseal/waxseal.toml
  waxseal config show
  waxseal config show --json";

const CHECK: &str = "\
Examples:
  waxseal config check
  waxseal config check --config new.toml && systemctl restart waxseal";

const SHOW: &str = "\
Examples:
  waxseal config show
  WAXSEAL_LISTEN=0.0.0.0:80 waxseal config show --json";

const REDIS_ACL: &str = "\
Examples:
  waxseal config redis-acl
  waxseal config redis-acl --user seal | sed \"s/PASSWORD/$(cat redis.password)/\" >> /etc/redis/users.acl";

/// What can be asked about the configuration.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum ConfigCommand {
    /// Say OK, or everything that is wrong
    ///
    /// Reads flags, environment and file as `serve` would, and the key file if it is there, and
    /// changes nothing. The store is not opened. Exits with 78 if anything is wrong.
    #[command(after_help = CHECK)]
    Check,
    /// Print what Waxseal's user in Redis must be allowed, as a line of an ACL file
    ///
    /// It names the commands that Waxseal sends and the keys below `prefix` in `[redis]`, and
    /// nothing else. Put the user's password in the place of PASSWORD.
    #[command(after_help = REDIS_ACL)]
    RedisAcl {
        /// The name of the user
        #[arg(long, default_value = "waxseal", value_name = "NAME")]
        user: String,
    },
    /// Show every setting in force, and who said so
    ///
    /// The origin is a flag, an environment variable, a line of the file, or the default. Nothing
    /// secret is shown.
    #[command(after_help = SHOW)]
    Show {
        /// Print JSON: [{"name": …, "value": …, "origin": …}, …]
        #[arg(long)]
        json: bool,
    },
}
