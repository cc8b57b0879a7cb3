//! Figures for Prometheus: what the server counts of itself.
//!
//! A label holds a word of the closed lists in `words`, or the program's version, and
//! nothing else: no key, no user, no address. To count a request takes a few atomic
//! additions, and neither a lock nor memory.

mod endpoint;
mod gauges;
mod latency;
mod store;
mod table;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use waxseal_core::api::Answer;
use waxseal_core::attempt::Guess;
use waxseal_core::store::{Attempt, Store, StoreError};

pub(crate) use endpoint::serve;
pub(crate) use gauges::watch_usage;

use crate::StretchPool;
use gauges::Usages;
use latency::Latency;
use table::{Label, Row, Table};

/// What the server counts of itself. Without it, nothing is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Table,
    latencies: Vec<Latency>,
    responses: Row,
    faults: Row,
    attempts: Table,
    operations: Vec<Latency>,
    store_errors: Table,
    handshakes: Row,
    turned_away: Counter,
    usages: Usages,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Table::new(words::ROUTES, words::OUTCOMES);
        let responses = Row::new(words::STATUSES);
        let faults = Row::new(words::FAULTS);
        let attempts = Table::new(words::GUESSES, words::ANSWERS).with_zeros();
        let store_errors = Table::new(words::OPERATIONS, words::ERRORS).with_zeros();
        let handshakes = Row::new(words::HANDSHAKES);
        let (by_route, latencies) = by(words::ROUTES);
        let (by_operation, operations) = by(words::OPERATIONS);
        let (turned_away, usages) = (Counter::default(), Usages::default());
        let mut registry = Registry::with_prefix("waxseal");
        register_start(&mut registry);
        registry.register("requests", "Requests answered", requests.family());
        registry.register("responses", "Answers by HTTP status", responses.family());
        let seconds = "Time from a request's head to its answer";
        registry.register_with_unit("request_duration", seconds, Unit::Seconds, by_route);
        registry.register("faults", "Requests that failed by a fault of the machinery", faults.family());
        registry.register("attempts", "Attempts at secrets, as the store answered them", attempts.family());
        let seconds = "Time that the store took";
        registry.register_with_unit("store_operation_duration", seconds, Unit::Seconds, by_operation);
        registry.register("store_errors", "Operations that the store failed at", store_errors.family());
        registry.register("tls_handshakes", "TLS handshakes", handshakes.family());
        registry.register("connections_turned_away", "Connections without a place", turned_away.clone());
        usages.register(&mut registry);
        let registry = Mutex::new(registry);
        Self {
            registry,
            requests,
            latencies,
            responses,
            faults,
            attempts,
            operations,
            store_errors,
            handshakes,
            turned_away,
            usages,
        }
    }
}

/// A histogram for every word of a list, and the same as one family.
fn by(words: table::Words) -> (Family<[Label; 1], Latency>, Vec<Latency>) {
    let family = Family::<[Label; 1], Latency>::default();
    let made = |place| family.get_or_create_owned(&[words.at(place)]);
    let all = (0..words.all.len()).map(made).collect();
    (family, all)
}

fn register_start(registry: &mut Registry) {
    let build = Family::<[Label; 1], Gauge>::default();
    build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
    registry.register("build_info", "Which program this is", build);
    let start: Gauge = Gauge::default();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    start.set(i64::try_from(since.as_secs()).unwrap_or_default());
    registry.register_with_unit("start_time", "When the server began, since 1970", Unit::Seconds, start);
}

impl Metrics {
    /// The same store, watched.
    #[must_use]
    pub fn meter(self: &Arc<Self>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(store::Metered { store, metrics: self.clone() })
    }

    /// Shows how many passphrases the pool works on.
    pub fn watch_passphrases(&self, pool: Arc<StretchPool>) {
        self.with_registry(|registry| registry.register_collector(Box::new(gauges::Passphrases(pool))));
    }

    /// Shows what becomes of messages.
    #[cfg(feature = "mail")]
    pub fn watch_mail(&self, spool: Arc<waxseal_mail::Spool>) {
        self.with_registry(|registry| registry.register_collector(Box::new(gauges::MailFigures(spool))));
    }

    /// Shows how many bytes may be stored; 0 is no limit.
    pub fn set_stored_bytes_limit(&self, bytes: u64) {
        self.usages.set_limit(bytes);
    }

    pub(crate) fn watch_places(&self, places: Arc<crate::places::Places>) {
        self.with_registry(|registry| registry.register_collector(Box::new(gauges::Connections(places))));
    }

    pub(crate) fn watch_turns(&self, turns: crate::Turns) {
        self.with_registry(|registry| registry.register_collector(Box::new(gauges::Requests(turns))));
    }

    pub(crate) fn watch_certificate(&self, tls: Arc<crate::Tls>) {
        self.with_registry(|registry| registry.register_collector(Box::new(gauges::Certificate(tls))));
    }

    pub(crate) fn answered(&self, answer: &Answer, took: Duration) {
        let route = words::ROUTES.place(answer.route);
        self.requests.count_at(route, words::OUTCOMES.place(answer.outcome));
        self.latencies[route].observe(took);
        self.responses.count(words::status(answer.reply.status));
        if let Some(fault) = &answer.fault {
            self.faults.count(words::fault(fault));
        }
    }

    pub(crate) fn shook_hands(&self, outcome: &'static str) {
        self.handshakes.count(outcome);
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.inc();
    }

    fn stored(&self, operation: &'static str, took: Duration, error: Option<&StoreError>) {
        self.operations[words::OPERATIONS.place(operation)].observe(took);
        if let Some(error) = error {
            self.store_errors.count(operation, words::error(error));
        }
    }

    fn attempted(&self, guess: Guess, answer: &Attempt) {
        self.attempts.count(words::guess(guess), words::answer(answer));
    }

    /// Everything, as Prometheus reads it (OpenMetrics 1.0).
    fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string can't fail.
        self.with_registry(|registry| prometheus_client::encoding::text::encode(&mut text, registry).ok());
        text
    }

    fn with_registry<T>(&self, work: impl FnOnce(&mut Registry) -> T) -> T {
        work(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
