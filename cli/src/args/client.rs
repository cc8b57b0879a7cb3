//! `waxseal share`, and what else is asked of a server.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::span::Span;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 unknown, ended or already opened (or, on reveal,
a wrong passphrase: servers do not tell them apart), 4 the passphrase is wrong or missing, 5 too
much or too often, 69 the server can't be reached or can't at present, 77 not authorized, 78 the
client's configuration will not do.";

const SERVER: &str = "\
The server is --server, else --profile, else WAXSEAL_SERVER, else [profile.default] of the
configuration, else http://127.0.0.1:7143, where `waxseal serve` listens: no default sends a
secret to anybody else. Any server of the Onetime Secret API v1 will do.

The configuration is client.toml in $XDG_CONFIG_HOME/waxseal or ~/.config/waxseal:
  [profile.default]
  server = \"https://secrets.example.com\"
  user = \"ann@example.com\"
  token_file = \"token\"                          # beside client.toml, and yours alone
  regions = { eu = \"https://eu.example.com\" }   # for --region eu
WAXSEAL_USER, and WAXSEAL_TOKEN or WAXSEAL_TOKEN_FILE, go before it. A token goes to the server it
was given for, and to no other that a link may lead to.";

/// Examples, then what every command of the client has in common.
fn taught(examples: &str) -> String {
    format!("{examples}\n\n{SERVER}\n\n{EXIT_CODES}")
}

/// What is asked of a server.
#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum ClientCommand {
    /// Share a secret: prints a link that opens once
    ///
    /// The secret is what is piped in, a file, or what you type unseen. It is sent byte for byte, a
    /// final newline and all. It is never an argument: those are seen by every user of this machine.
    #[command(after_help = taught("\
Examples:
  waxseal share                                  (asks for the secret, and shows a QR code)
  pass show db | waxseal share --ttl 1h
  waxseal share --file id_ed25519 --passphrase   (asks for a passphrase that the reader needs)
  waxseal share --json < note.txt | jq -r .link"))]
    Share(Share),
    /// Have the server make a secret up
    ///
    /// On a terminal the card shows the secret as well as the link. Piped, only the link is printed;
    /// --json has both.
    #[command(after_help = taught("\
Examples:
  waxseal generate
  waxseal generate --length 24 --ttl 1d --json"))]
    Generate(Generate),
    /// Open a secret, once
    ///
    /// Asks first, since nothing is left of it then; scripts say --yes. Prints the secret byte for
    /// byte; on a terminal, control characters are made visible.
    #[command(after_help = taught("\
Examples:
  waxseal reveal https://secrets.example.com/secret/KEY
  waxseal reveal --yes --output id_ed25519 https://secrets.example.com/secret/KEY
  waxseal reveal --yes - < link.txt              (the link is seen by nobody)"))]
    Reveal(Reveal),
    /// Destroy a secret unread
    ///
    /// Takes the receipt's link or key, which only its creator has.
    #[command(after_help = taught("\
Examples:
  waxseal burn https://secrets.example.com/receipt/KEY
  waxseal burn --yes KEY"))]
    Burn(Burn),
    /// Tell what became of a secret
    ///
    /// Takes the receipt's link or key. The secret is neither shown nor opened.
    #[command(after_help = taught("\
Examples:
  waxseal receipt https://secrets.example.com/receipt/KEY
  waxseal receipt KEY --json | jq -r .state"))]
    Receipt(Look),
    /// List what your account made
    #[command(after_help = taught("\
Examples:
  waxseal recent
  waxseal recent --json"))]
    Recent(Ask),
    /// Ask a server how it does, and whether it knows you
    #[command(after_help = taught("\
Examples:
  waxseal status
  waxseal status --server https://eu.onetimesecret.com"))]
    Status(Ask),
}

// Which server is asked, and as whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Server")]
pub(crate) struct Reach {
    /// The server, such as `https://secrets.example.com` [env: WAXSEAL_SERVER]
    #[arg(long, value_name = "URL", conflicts_with_all = ["profile", "region"])]
    pub(crate) server: Option<String>,
    /// The profile of the configuration [env: WAXSEAL_PROFILE] [default: default, if it is there]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The region of the profile
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// The account [env: WAXSEAL_USER]
    #[arg(long, value_name = "EMAIL")]
    pub(crate) user: Option<String>,
    /// A file with the account's token, yours alone [env: WAXSEAL_TOKEN_FILE, or WAXSEAL_TOKEN itself]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Let secrets travel unencrypted over a network
    #[arg(long)]
    pub(crate) insecure_http: bool,
}

// Where a passphrase comes from.
#[derive(Args, Debug)]
pub(crate) struct Passphrased {
    /// Ask for a passphrase
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) passphrase: bool,
    /// Read the passphrase from a file that is yours alone [env: WAXSEAL_PASSPHRASE]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

// How a new secret is kept and shown.
#[derive(Args, Debug)]
pub(crate) struct Making {
    /// How long the link lives, as 30m, 1h or 7d [default: the server's, mostly 7d]
    #[arg(long, value_name = "TIME")]
    pub(crate) ttl: Option<Span>,
    #[command(flatten)]
    pub(crate) passphrased: Passphrased,
    /// Whom the server is to send the link; needs an account
    #[arg(long, value_name = "EMAIL")]
    pub(crate) recipient: Option<String>,
    /// The custom domain that the link stands on
    #[arg(long, value_name = "HOST")]
    pub(crate) share_domain: Option<String>,
    /// Show no QR code
    #[arg(long)]
    pub(crate) no_qr: bool,
    /// Print JSON: {"link": …, "receipt_link": …, "expires": …, …}
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Share {
    /// Read the secret from a file
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Leave out one final newline, such as echo's
    #[arg(long)]
    pub(crate) trim_newline: bool,
    #[command(flatten)]
    pub(crate) making: Making,
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) stray: Stray,
}

#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// How many characters; servers before 0.22.4 choose themselves
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=128))]
    pub(crate) length: Option<u16>,
    #[command(flatten)]
    pub(crate) making: Making,
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) stray: Stray,
}

#[derive(Args, Debug)]
pub(crate) struct Reveal {
    /// The link, or its key; `-` reads it from standard input
    #[arg(value_name = "LINK|KEY")]
    pub(crate) link: OsString,
    /// Write the secret to a new file that is yours alone
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Open it without asking
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) passphrased: Passphrased,
    /// Print JSON: {"value": …, "secret_key": …, "server": …}
    #[arg(long, conflicts_with = "output")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) stray: Stray,
}

#[derive(Args, Debug)]
pub(crate) struct Burn {
    /// The receipt's link, or its key; `-` reads it from standard input
    #[arg(value_name = "LINK|KEY")]
    pub(crate) link: OsString,
    /// Destroy it without asking
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) passphrased: Passphrased,
    /// Print JSON: {"metadata_key": …, "state": "burned", …}
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) stray: Stray,
}

#[derive(Args, Debug)]
pub(crate) struct Look {
    /// The receipt's link, or its key; `-` reads it from standard input
    #[arg(value_name = "LINK|KEY")]
    pub(crate) link: OsString,
    /// Print JSON: {"state": …, "expires": …, …}
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) stray: Stray,
}

#[derive(Args, Debug)]
pub(crate) struct Ask {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

// What people type where a secret must not stand: taken, so that it can be refused
// with a reason, and without being repeated.
#[derive(Args, Debug)]
pub(crate) struct Stray {
    #[arg(hide = true, value_name = "NOTHING")]
    pub(crate) words: Vec<OsString>,
    #[arg(long, hide = true, num_args = 0..=1, value_name = "NEVER")]
    pub(crate) secret: Option<Option<OsString>>,
    #[arg(long, hide = true, num_args = 0..=1, value_name = "NEVER")]
    pub(crate) token: Option<Option<OsString>>,
}

impl ClientCommand {
    /// What stands where nothing may, if the command could take a secret for it.
    pub(crate) fn stray(&self) -> Option<&Stray> {
        match self {
            Self::Share(share) => Some(&share.stray),
            Self::Generate(generate) => Some(&generate.stray),
            Self::Reveal(reveal) => Some(&reveal.stray),
            Self::Burn(burn) => Some(&burn.stray),
            Self::Receipt(look) => Some(&look.stray),
            Self::Recent(_) | Self::Status(_) => None,
        }
    }
}
