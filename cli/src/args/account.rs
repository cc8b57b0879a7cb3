//! `waxseal account …`

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueEnum};
use waxseal_core::contract::locale::LOCALES;
use waxseal_core::store::Scope;
use waxseal_core::time::Ttl;

use super::span::Span;

pub(super) const EXAMPLES: &str = "\
Examples:
  waxseal account add tom@example.com
  waxseal account add tom@example.com --plan team --json
  waxseal account list
  waxseal account plan tom@example.com team
  waxseal account language tom@example.com de
  waxseal account suspend tom@example.com
  waxseal account token add tom@example.com --name ci --scope create --expires 90d
  waxseal account remove tom@example.com";

const ADD: &str = "\
Examples:
  waxseal account add tom@example.com
  token=$(waxseal account add tom@example.com --plan team)";

const LIST: &str = "\
Examples:
  waxseal account list
  waxseal account list --json";

const REMOVE: &str = "\
Examples:
  waxseal account remove tom@example.com
  waxseal account remove tom@example.com --yes";

const SUSPEND: &str = "\
Examples:
  waxseal account suspend tom@example.com";

const RESUME: &str = "\
Examples:
  waxseal account resume tom@example.com";

const PLAN: &str = "\
Examples:
  waxseal account plan tom@example.com team
  waxseal account plan tom@example.com default";

const LANGUAGE: &str = "\
Examples:
  waxseal account language tom@example.com de
  waxseal account language tom@example.com any";

/// For an account without a language of its own.
pub(crate) const ANY_LANGUAGE: &str = "any";

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Account {
    /// Add an account, and print its API token, this once
    ///
    /// The token alone goes to standard output. Only its keyed hash is stored: nobody can show it
    /// again.
    #[command(after_help = ADD)]
    Add {
        /// The account's name: an e-mail address
        email: String,
        /// The plan it is on, as the configuration names it
        #[arg(long, value_name = "NAME", default_value = "default")]
        plan: String,
        /// The language of its messages [default: whichever a request names]
        #[arg(long, value_parser = PossibleValuesParser::new(LOCALES))]
        language: Option<String>,
        /// Print JSON: {"account": …, "token": …}
        #[arg(long)]
        json: bool,
    },
    /// List the accounts, oldest first
    #[command(after_help = LIST)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Add, list, rotate and revoke the API tokens of an account
    ///
    /// An account may have several tokens, each with a name, a scope and an end, so that each
    /// program has its own and losing one costs only that one. `account add` makes the first,
    /// called `first`.
    #[command(subcommand, after_help = TOKEN)]
    Token(Token),
    /// Refuse an account's tokens until it is resumed
    ///
    /// The secrets it made live on for whoever has their links.
    #[command(after_help = SUSPEND)]
    Suspend {
        /// The account's name
        email: String,
    },
    /// Hear a suspended account's tokens again
    #[command(after_help = RESUME)]
    Resume {
        /// The account's name
        email: String,
    },
    /// Put an account on another plan
    ///
    /// It bounds what the account makes from then on; what it made keeps its life.
    #[command(after_help = PLAN)]
    Plan {
        /// The account's name
        email: String,
        /// The plan, as the configuration names it; `default` is always there
        plan: String,
    },
    /// Set the language that an account's messages are in
    ///
    /// Recipients are told of a link in it, unless the request that makes the secret names another.
    #[command(after_help = LANGUAGE)]
    Language {
        /// The account's name
        email: String,
        /// The language, or `any` for whichever a request names
        #[arg(value_parser = PossibleValuesParser::new(LOCALES.into_iter().chain([ANY_LANGUAGE])))]
        language: String,
    },
    /// Remove an account
    ///
    /// Its tokens are refused from then on, and the domains that `waxseal domain add` gave it are
    /// removed, too. The secrets it made live on for whoever has their links.
    #[command(after_help = REMOVE)]
    Remove {
        /// The account's name
        email: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

const TOKEN: &str = "\
An account's list of secrets can only be read with one of its tokens, not even by whoever runs the
server. So a new token reads the list only if an old one is shown: put that one into a file and say
--with-token-file FILE. Nothing secret is ever an argument, where other users could see it.

Examples:
  waxseal account token add tom@example.com --name laptop --with-token-file old-token
  waxseal account token add tom@example.com --name ci --scope create --expires 90d --yes
  waxseal account token list tom@example.com
  waxseal account token rotate tom@example.com ci --overlap 24h --with-token-file ci-token
  waxseal account token revoke tom@example.com ci";

const TOKEN_ADD: &str = "\
Examples:
  waxseal account token add tom@example.com --name laptop --with-token-file old-token
  token=$(waxseal account token add tom@example.com --name ci --scope create --expires 90d --yes)";

const TOKEN_LIST: &str = "\
Examples:
  waxseal account token list tom@example.com
  waxseal account token list tom@example.com --json";

const TOKEN_ROTATE: &str = "\
Examples:
  waxseal account token rotate tom@example.com ci --with-token-file ci-token
  waxseal account token rotate tom@example.com ci --overlap 7d --with-token-file ci-token > new-token";

const TOKEN_REVOKE: &str = "\
Examples:
  waxseal account token revoke tom@example.com ci
  waxseal account token revoke tom@example.com ci --yes";

#[derive(Subcommand, Debug)]
#[command(defer = true)]
pub(crate) enum Token {
    /// Add a further token, and print it, this once
    ///
    /// Without --with-token-file it starts with a new, empty list: it will not see what the
    /// account's other tokens made, nor they what it makes.
    #[command(after_help = TOKEN_ADD)]
    Add {
        /// The account's name
        email: String,
        /// What to call it, once in the account [default: token-2, token-3, …]
        #[arg(long)]
        name: Option<String>,
        /// What it may do; any other request that comes with it is refused
        #[arg(long, value_enum, default_value = "full")]
        scope: ScopeName,
        /// How long it is heard, such as 12h or 30d [default: until it is revoked]
        #[arg(long, value_name = "LENGTH", value_parser = life)]
        expires: Option<Span>,
        /// A file that holds a token of this account, whose list the new one shares
        #[arg(long, value_name = "FILE")]
        with_token_file: Option<PathBuf>,
        /// Print JSON: {"account": …, "name": …, "scope": …, "expires": …, "token": …}
        #[arg(long)]
        json: bool,
        /// Do not ask whether an empty list will do
        #[arg(long)]
        yes: bool,
    },
    /// List the tokens of an account, oldest first; never the tokens themselves
    #[command(after_help = TOKEN_LIST)]
    List {
        /// The account's name
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Replace a token by a new one, and print that, this once
    ///
    /// The new token has the name, the scope and the list of the old one, and lives for as long as
    /// that was made for. The old one is called NAME.old and is heard until the overlap ends, so that
    /// programs can change over. End it earlier with: waxseal account token revoke EMAIL NAME.old
    #[command(after_help = TOKEN_ROTATE)]
    Rotate {
        /// The account's name
        email: String,
        /// The token's name
        name: String,
        /// How long the old token is still heard; 0s for not at all
        #[arg(long, value_name = "LENGTH", default_value = "24h")]
        overlap: Span,
        /// How long the new one is heard [default: as long as the old one was made for]
        #[arg(long, value_name = "LENGTH", value_parser = life)]
        expires: Option<Span>,
        /// A file that holds the token to replace
        #[arg(long, value_name = "FILE")]
        with_token_file: PathBuf,
        /// Print JSON: {"account": …, "name": …, "scope": …, "expires": …, "token": …, "old": {…}}
        #[arg(long)]
        json: bool,
    },
    /// Refuse a token from now on, and forget it
    ///
    /// A list that no other token of the account reads can never be read again. Which tokens read
    /// the same list is not stored, so you are asked.
    #[command(after_help = TOKEN_REVOKE)]
    Revoke {
        /// The account's name
        email: String,
        /// The token's name
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A scope, as it is typed and printed.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum ScopeName {
    /// Everything
    Full,
    /// Share and generate, and check the credentials
    Create,
    /// Read the account's list and receipts, and check the credentials
    Read,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Full => Self::Full,
            ScopeName::Create => Self::Create,
            ScopeName::Read => Self::Read,
        }
    }
}

/// How long a token is heard. One that is heard no second is none.
fn life(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    if span.0 == Ttl::default() { Err("a token must live at least a second".to_owned()) } else { Ok(span) }
}
