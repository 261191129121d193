//! Metrics sources beside the proxy, in memory: the only place here that knows the drivers' trait for them.

use std::sync::Arc;

use plimsoll_drivers::metrics::{MetricsReader, SnapshotRequest, Unreadable};
use plimsoll_model::metrics::{Counters, Snapshot, Unusable};
use plimsoll_model::rollout::MetricSource;
use plimsoll_model::{ReleaseId, Timestamp};

use super::Universe;

/// Reads the proxies' counters as a metrics server would have scraped them.
pub(super) struct MemoryMetrics(pub(super) Arc<Universe>);

impl MemoryMetrics {
    fn available(&self) -> Result<(), Unreadable> {
        let state = self.0.lock();
        if state.now < state.metrics_down_until {
            let detail = "connection refused".to_owned();
            return Err(Unreadable { reason: Unusable::Unreachable, detail });
        }
        Ok(())
    }
}

impl MetricsReader for MemoryMetrics {
    fn snapshot(&mut self, request: &SnapshotRequest) -> Result<Snapshot, Unreadable> {
        self.available()?;
        let mut snapshot = Snapshot { at: request.now, ..Snapshot::default() };
        for host in &self.0.lock().hosts {
            host.memory.edit_report(|report| {
                for arm in report.arms.iter().filter(|a| a.release == *request.release) {
                    let counters = Counters {
                        requests: arm.attempts(),
                        errors: arm.errors(),
                        latency: arm.latency.clone(),
                    };
                    snapshot.series.insert(format!("{}/{}", host.name, report.epoch), counters);
                }
            });
        }
        Ok(snapshot)
    }

    /// The share of bad answers of the release so far, in percent; no requests give no number.
    fn value(
        &mut self,
        _source: &MetricSource,
        _query: &str,
        release: &ReleaseId,
        _now: Timestamp,
    ) -> Result<f64, Unreadable> {
        self.available()?;
        let (mut requests, mut errors) = (0, 0);
        for host in &self.0.lock().hosts {
            host.memory.edit_report(|report| {
                for arm in report.arms.iter().filter(|a| a.release == *release) {
                    requests += arm.attempts();
                    errors += arm.errors();
                }
            });
        }
        if requests == 0 {
            return Err(Unreadable { reason: Unusable::NotANumber, detail: "NaN".to_owned() });
        }
        Ok(100.0 * errors as f64 / requests as f64)
    }
}
