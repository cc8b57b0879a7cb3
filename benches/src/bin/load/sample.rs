//! What was counted, and the few numbers that are kept of it.

use std::time::Duration;

use serde::Serialize;

use crate::traffic::Counted;

/// One visit to one server.
pub(crate) struct Visit {
    length: Duration,
    cpu: Duration,
    operations: u64,
    pub(crate) refused: u64,
    latencies: Vec<u32>,
}

/// The figures of one visit, or the medians of many.
#[derive(Clone, Copy, Serialize, Debug)]
pub(crate) struct Figures {
    /// Operations a second.
    pub(crate) rate: f64,
    /// Processor time of the server for one operation, in microseconds.
    pub(crate) cpu_us: f64,
    /// Of one request, in milliseconds.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
}

impl Visit {
    pub(crate) const fn new(length: Duration, cpu: Duration) -> Self {
        Self { length, cpu, operations: 0, refused: 0, latencies: Vec::new() }
    }

    pub(crate) fn add(&mut self, counted: Counted) {
        self.operations += counted.operations;
        self.refused += counted.refused;
        self.latencies.extend(counted.latencies);
    }

    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub(crate) fn figures(mut self) -> Figures {
        self.latencies.sort_unstable();
        let operations = self.operations.max(1) as f64;
        Figures {
            rate: operations / self.length.as_secs_f64(),
            cpu_us: self.cpu.as_secs_f64() * 1e6 / operations,
            p50_ms: percentile(&self.latencies, 500),
            p99_ms: percentile(&self.latencies, 990),
            p999_ms: percentile(&self.latencies, 999),
        }
    }
}

/// Of nanoseconds in their order, in milliseconds; 0 of none.
pub(crate) fn percentile(sorted: &[u32], thousandths: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let nanos = sorted.get((sorted.len() * thousandths / 1_000).min(last));
    f64::from(nanos.copied().unwrap_or_default()) / 1e6
}

impl Figures {
    /// Each of them against another's.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self {
            rate: self.rate / other.rate,
            cpu_us: self.cpu_us / other.cpu_us,
            p50_ms: self.p50_ms / other.p50_ms,
            p99_ms: self.p99_ms / other.p99_ms,
            p999_ms: self.p999_ms / other.p999_ms,
        }
    }

    /// The middle of each; at least one must be given.
    pub(crate) fn median(all: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> f64| median(all.iter().map(figure));
        Self {
            rate: middle(|figures| figures.rate),
            cpu_us: middle(|figures| figures.cpu_us),
            p50_ms: middle(|figures| figures.p50_ms),
            p99_ms: middle(|figures| figures.p99_ms),
            p999_ms: middle(|figures| figures.p999_ms),
        }
    }

    /// The mean of the two visits of a round.
    pub(crate) fn between(&self, other: &Self) -> Self {
        Self {
            rate: f64::midpoint(self.rate, other.rate),
            cpu_us: f64::midpoint(self.cpu_us, other.cpu_us),
            p50_ms: f64::midpoint(self.p50_ms, other.p50_ms),
            p99_ms: f64::midpoint(self.p99_ms, other.p99_ms),
            p999_ms: f64::midpoint(self.p999_ms, other.p999_ms),
        }
    }
}

/// The middle of some numbers; 0 of none.
pub(crate) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
