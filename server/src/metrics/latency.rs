//! A histogram that takes no lock: prometheus-client's own takes one for every value.

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// Upper bounds in microseconds: from what memory takes to what nobody waits for.
const BOUNDS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// How long something took, each time.
#[derive(Clone, Default, Debug)]
pub(super) struct Latency(Arc<Cells>);

#[derive(Default, Debug)]
struct Cells {
    /// By bound; the last is of what took longer than all of them.
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Latency {
    pub(super) fn observe(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let at = BOUNDS.partition_point(|bound| bound * 1_000 < nanos);
        self.0.counts[at].fetch_add(1, Ordering::Relaxed);
        self.0.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl TypedMetric for Latency {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Latency {
    #[allow(clippy::cast_precision_loss, reason = "a sum of seconds is no exact number anywhere")]
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
        let bounds = BOUNDS.iter().map(|bound| *bound as f64 / 1e6).chain([f64::INFINITY]);
        let counts = self.0.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        // Of the same reading as the buckets, so that the two always agree.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.0.nanos.load(Ordering::Relaxed) as f64 / 1e9;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_up_to_its_bound() {
        let latency = Latency::default();
        for micros in [0, 100, 101, 5_000_000, 5_000_001] {
            latency.observe(Duration::from_micros(micros));
        }
        let counts: Vec<u64> = latency.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!((counts[0], counts[1], counts[13], counts[14]), (2, 1, 1, 1));
        assert_eq!(counts.iter().sum::<u64>(), 5);
    }
}
