//! Counters of one release. Each worker writes to its own shard, so that counting costs no traffic between
//! cores; a report adds the shards up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;
use plimsoll_model::ReleaseId;
use plimsoll_model::metrics::Histogram;
use plimsoll_model::traffic::ArmTraffic;

/// Counters of one release in one epoch.
#[derive(Debug)]
pub(crate) struct ReleaseCounters {
    pub(crate) release: ReleaseId,
    bounds: Vec<f64>,
    bounds_nanos: Vec<u64>,
    shards: Box<[Shard]>,
}

/// One worker's part. Two cache lines, since processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    assigned: AtomicU64,
    by_class: [AtomicU64; 5],
    failed_attempts: AtomicU64,
    proxy_errors: AtomicU64,
    latency_nanos: AtomicU64,
    buckets: Box<[AtomicU64]>,
}

impl ReleaseCounters {
    pub(crate) fn new(release: ReleaseId, bounds: &[f64], workers: usize) -> Self {
        let shard =
            || Shard { buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), ..Shard::default() };
        Self {
            release,
            bounds: bounds.to_vec(),
            bounds_nanos: bounds
                .iter()
                .map(|bound| nanos(Duration::try_from_secs_f64(*bound).ok()))
                .collect(),
            shards: (0..workers).map(|_| shard()).collect(),
        }
    }

    /// The split gave a request to this release.
    pub(crate) fn assigned(&self, worker: usize) {
        self.shards[worker].assigned.fetch_add(1, Relaxed);
    }

    /// An attempt failed before an answer.
    pub(crate) fn failed_attempt(&self, worker: usize) {
        self.shards[worker].failed_attempts.fetch_add(1, Relaxed);
    }

    /// The proxy had to answer itself.
    pub(crate) fn proxy_error(&self, worker: usize) {
        self.shards[worker].proxy_errors.fetch_add(1, Relaxed);
    }

    /// An instance answered `status` after `latency`.
    pub(crate) fn answered(&self, worker: usize, status: StatusCode, latency: Duration) {
        let shard = &self.shards[worker];
        // A status above 599 is not defined; an error is the only safe reading.
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        shard.by_class[class].fetch_add(1, Relaxed);
        let took = nanos(Some(latency));
        let bucket = self.bounds_nanos.partition_point(|bound| *bound < took);
        shard.buckets[bucket].fetch_add(1, Relaxed);
        shard.latency_nanos.fetch_add(took, Relaxed);
    }

    /// The sums over all workers.
    pub(crate) fn read(&self) -> ArmTraffic {
        let sum = |pick: &dyn Fn(&Shard) -> u64| self.shards.iter().map(pick).sum::<u64>();
        let mut latency = Histogram::new(&self.bounds);
        for (at, count) in latency.counts.iter_mut().enumerate() {
            *count = sum(&|shard| shard.buckets[at].load(Relaxed));
        }
        latency.sum = sum(&|shard| shard.latency_nanos.load(Relaxed)) as f64 / 1e9;
        ArmTraffic {
            release: self.release.clone(),
            assigned: sum(&|shard| shard.assigned.load(Relaxed)),
            by_class: std::array::from_fn(|class| sum(&|shard| shard.by_class[class].load(Relaxed))),
            failed_attempts: sum(&|shard| shard.failed_attempts.load(Relaxed)),
            proxy_errors: sum(&|shard| shard.proxy_errors.load(Relaxed)),
            latency,
        }
    }
}

/// Nanoseconds, 584 years at most.
fn nanos(duration: Option<Duration>) -> u64 {
    duration.and_then(|d| u64::try_from(d.as_nanos()).ok()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_at_a_bound_is_within_it() {
        let counters = ReleaseCounters::new("aaaaaaaaaaaa".parse().unwrap(), &[0.1, 0.5], 2);
        counters.answered(0, StatusCode::OK, Duration::from_millis(100));
        counters.answered(1, StatusCode::OK, Duration::from_millis(101));
        counters.answered(1, StatusCode::BAD_GATEWAY, Duration::from_secs(9));
        let read = counters.read();
        assert_eq!(read.latency.counts, [1, 1, 1]);
        assert_eq!(read.by_class, [0, 2, 0, 0, 1]);
        assert!((read.latency.sum - 9.201).abs() < 1e-9);
        assert_eq!(read.latency.above(0.1), Some(2));
    }
}
