//! Nothing that is secret reaches the log, at any level, in any form: the real
//! program is driven with recognisable values in every secret place, and what it
//! said is searched for them.

mod drive;
#[path = "../figures/mod.rs"]
mod figures;
#[cfg(feature = "pages")]
mod pages;
mod post;
mod search;
mod server;

use figures::Figures;
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
    let figures = server.figures();
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
    nothing_secret_is_counted(&figures, &search);
    assert!(search.secrets() > 30, "{} secrets", search.secrets());
}

/// Nor does it stand among the figures, whose labels hold words of closed lists alone.
fn nothing_secret_is_counted(text: &str, search: &Search) {
    let found = search.all_in(text);
    assert!(found.is_empty(), "{found:#?}");
    let figures = Figures::read(text);
    figures.assert_labels_are_words();
    for route in ROUTES.iter().chain(BESIDE) {
        let of_route = [("route", *route)];
        let counted = figures.sum("waxseal_requests_total", &of_route);
        assert!(counted > 0.0, "no request of {route}");
        let timed = figures.sum("waxseal_request_duration_seconds_count", &of_route);
        assert!((timed - counted).abs() < 0.5, "{timed} of {counted} of {route}");
    }
    for (label, name) in [
        ("route", "waxseal_requests_total"),
        ("outcome", "waxseal_requests_total"),
        ("status", "waxseal_responses_total"),
    ] {
        assert!(figures.sum(name, &[(label, "other")]) < 0.5, "an answer's {label} is on no list");
    }
    for (name, labels) in [
        ("waxseal_attempts_total", [("guess", "open"), ("answer", "granted")].as_slice()),
        ("waxseal_attempts_total", &[("guess", "open"), ("answer", "locked_out")]),
        ("waxseal_attempts_total", &[("guess", "burn"), ("answer", "granted")]),
        ("waxseal_attempts_total", &[("answer", "gone")]),
        ("waxseal_store_operation_duration_seconds_count", &[("operation", "settle")]),
        ("waxseal_store_errors_total", &[]),
        ("waxseal_faults_total", &[]),
        ("waxseal_stored_limit_bytes", &[]),
        ("waxseal_connections_limit", &[]),
        ("waxseal_start_time_seconds", &[]),
        ("waxseal_build_info", &[]),
    ] {
        assert!(figures.sum(name, labels) > 0.0, "{name} {labels:?}");
    }
    if cfg!(feature = "mail") {
        assert!(figures.sum("waxseal_mails_total", &[("outcome", "sent")]) > 0.0);
        assert!(figures.sum("waxseal_mails_total", &[("outcome", "failed")]) > 0.0);
    }
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
