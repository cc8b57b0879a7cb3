//! Every route is described, and nothing that is none.

use std::collections::BTreeSet;

use serde_json::json;
use waxseal_core::contract::route::Route;

use crate::document::{Document, METHODS};
use crate::golden::exchanges;

#[test]
fn what_is_described_is_routed_and_other_methods_are_not() {
    let document = Document::read();
    for operation in document.operations() {
        for method in METHODS {
            let described = document.operation(method, operation.path).is_some();
            let routed = operation.route_by(method) != Route::Unrouted;
            assert_eq!(described, routed, "{method} {}", operation.path);
        }
    }
}

#[test]
fn what_is_routed_is_described() {
    let document = Document::read();
    for exchange in exchanges() {
        let routed = Route::of(&exchange.method, &exchange.path) != Route::Unrouted;
        let described = document.operation(&exchange.method, &exchange.path).is_some();
        assert!(described || !routed, "{}: {} {}", exchange.case, exchange.method, exchange.path);
    }
}

/// A match and not a list, so that a new route does not compile until it is considered here.
#[test]
fn every_kind_of_route_is_described() {
    let is_described = |route: &Route| match route {
        Route::Status | Route::Authcheck | Route::Recent => true,
        Route::Share | Route::Create | Route::Generate => true,
        Route::Reveal(_) | Route::Look(_) | Route::Burn(_) => true,
        Route::Unrouted => false,
    };
    let document = Document::read();
    let routes: Vec<Route> = document.operations().iter().map(|operation| operation.route()).collect();
    assert!(routes.iter().all(is_described));
    let names: BTreeSet<_> = routes.iter().map(Route::name).collect();
    assert_eq!(names.len(), 9, "{names:?}");
}

#[test]
fn an_account_is_needed_and_an_allowance_used_where_the_code_says_so() {
    let document = Document::read();
    for operation in document.operations() {
        let (route, path) = (operation.route(), operation.path);
        let needs_account = operation.value["security"] == json!([{ "account": [] }]);
        assert_eq!(needs_account, route.needs_account(), "{path}");
        let refusal = document.follow(&operation.value["responses"]["404"]);
        let limited = refusal["headers"].get("Retry-After").is_some();
        assert_eq!(limited, route.action().is_some(), "{path}");
    }
}
