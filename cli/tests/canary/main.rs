//! Nothing that is secret reaches the log, at any level, in any form: the real
//! program is driven with recognisable values in every secret place, and what it
//! said is searched for them.

mod drive;
#[cfg(feature = "pages")]
mod pages;
mod post;
mod search;
mod server;

use search::Search;
use server::{Over, Server};

/// Every place of the API that a line must have told about, or the search
/// searched too little.
const ROUTES: [&str; 10] =
    ["status", "authcheck", "share", "create", "generate", "reveal", "look", "burn", "recent", "none"];

/// Beside the API.
const BESIDE: &[&str] = if cfg!(feature = "pages") {
    &["create page", "secret page", "receipt page", "burn page", "robots"]
} else {
    &["hint"]
};

fn nothing_secret_is_logged(format: &str, over: Over) {
    let mut search = Search::default();
    let mut server = Server::start(format, over, &mut search);
    let asked = drive::everything(&mut server, &mut search);
    let said = server.stop();
    let answered = said.lines().filter(|line| line.contains("answered")).count();
    assert!(answered >= asked, "{answered} access lines of {asked} requests");
    for route in ROUTES.iter().chain(BESIDE) {
        assert!(said.contains(&format!("\"{route}\"")), "no line of {route}");
    }
    assert!(said.contains("failed"), "the store never failed");
    for told in post::TOLD {
        assert!(said.contains(told), "no message ended with: {told}");
    }
    let found = search.all_in(&said);
    assert!(found.is_empty(), "{found:#?}");
    assert!(search.secrets() > 30, "{} secrets", search.secrets());
}

#[test]
fn nothing_secret_is_logged_as_text() {
    nothing_secret_is_logged("text", Over::Sqlite);
}

#[test]
fn nothing_secret_is_logged_as_json() {
    nothing_secret_is_logged("json", Over::Sqlite);
}

#[test]
fn nothing_secret_is_logged_over_redis() {
    if waxseal_redis_servers::available("nothing_secret_is_logged_over_redis") {
        nothing_secret_is_logged("text", Over::Redis);
    }
}
