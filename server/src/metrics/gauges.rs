//! Figures that are read where they stand when somebody asks, and the store's, which
//! are read once a minute.

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use waxseal_core::store::{Store, Usage};

use super::Metrics;
use super::table::Label;
use crate::places::Places;
use crate::{StretchPool, Tls, Turns};

/// A store may read everything to count what stands in it.
const EVERY: Duration = Duration::from_secs(60);

type Size = Gauge<u64, AtomicU64>;

/// What stands in the store.
#[derive(Default, Debug)]
pub(super) struct Usages {
    secrets: Family<[Label; 1], Size>,
    bytes: Size,
    limit: Size,
}

impl Usages {
    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Records by state, the expired but unswept among the new; read once a minute";
        registry.register("secrets", help, self.secrets.clone());
        let help = "Bytes counted against the limit; read once a minute";
        registry.register_with_unit("stored", help, Unit::Bytes, self.bytes.clone());
        let help = "Bytes that may be stored; 0 is no limit";
        registry.register_with_unit("stored_limit", help, Unit::Bytes, self.limit.clone());
    }

    pub(super) fn set_limit(&self, bytes: u64) {
        self.limit.set(bytes);
    }

    fn set(&self, usage: &Usage) {
        let states = [("new", usage.new), ("received", usage.received), ("burned", usage.burned)];
        for (state, count) in states {
            self.secrets.get_or_create(&[("state", state)]).set(count);
        }
        self.bytes.set(usage.bytes);
    }
}

/// Reads what stands in the store once a minute, until the task is aborted. A store that
/// fails is counted among the errors, and the figures read last stay.
pub(crate) async fn watch_usage(metrics: Arc<Metrics>, store: Arc<dyn Store>) {
    loop {
        if let Ok(usage) = store.usage().await {
            metrics.usages.set(&usage);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// The passphrases that are checked, and those that wait for it.
#[derive(Debug)]
pub(super) struct Passphrases(pub(super) Arc<StretchPool>);

impl Collector for Passphrases {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let load = self.0.load();
        gauge(&mut encoder, "passphrases_running", "Passphrases being checked", load.running)?;
        gauge(&mut encoder, "passphrases_waiting", "Passphrases that wait for it", load.waiting)?;
        let help = "Passphrases turned away because too many waited";
        counter(&mut encoder, "passphrases_refused", help, load.refused)
    }
}

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Connections(pub(super) Arc<Places>);

impl Collector for Connections {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let (taken, total) = (self.0.taken_now() as u64, self.0.total() as u64);
        gauge(&mut encoder, "connections", "Open connections of clients", taken)?;
        gauge(&mut encoder, "connections_limit", "Connections that may be open at once", total)
    }
}

/// The requests that are worked on.
#[derive(Debug)]
pub(super) struct Requests(pub(super) Turns);

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let help = "Requests that are worked on, without those that wait for a passphrase";
        gauge(&mut encoder, "requests_running", help, self.0.taken())?;
        let help = "Requests told to come again because too many were worked on";
        counter(&mut encoder, "requests_turned_away", help, self.0.refused())
    }
}

/// The certificate that clients are shown.
#[derive(Debug)]
pub(super) struct Certificate(pub(super) Arc<Tls>);

impl Collector for Certificate {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let Some(expires) = self.0.expires() else { return Ok(()) };
        let help = "When the certificate that clients are shown expires, since 1970";
        let gauge = ConstGauge::new(expires.secs());
        let unit = Some(&Unit::Seconds);
        gauge.encode(encoder.encode_descriptor("tls_certificate_expiry", help, unit, MetricType::Gauge)?)
    }
}

/// Messages to recipients.
#[cfg(feature = "mail")]
#[derive(Debug)]
pub(super) struct MailFigures(pub(super) Arc<waxseal_mail::Spool>);

#[cfg(feature = "mail")]
impl Collector for MailFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let figures = self.0.figures();
        gauge(&mut encoder, "mails_waiting", "Messages that wait or are being sent", figures.waiting)?;
        let ended = Family::<[Label; 1], super::Counter>::default();
        let outcomes = [
            ("sent", figures.sent),
            ("failed", figures.failed),
            ("tried again", figures.tried_again),
            ("no room", figures.no_room),
        ];
        for (outcome, count) in outcomes {
            ended.get_or_create(&[("outcome", outcome)]).inc_by(count);
        }
        let help = "What became of messages, and of tries to send them";
        ended.encode(encoder.encode_descriptor("mails", help, None, MetricType::Counter)?)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), Error> {
    ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), Error> {
    ConstCounter::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
}
