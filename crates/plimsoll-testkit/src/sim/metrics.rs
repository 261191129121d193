//! Metrics sources beside the proxy, in memory: the only place here that knows the drivers' trait for them.

use std::sync::Arc;

use plimsoll_drivers::metrics::{Answer, MetricsReader, Side, Unread};
use plimsoll_engine::world::MetricSources;
use plimsoll_model::metrics::{Counters, Snapshot, Unusable};
use plimsoll_model::rollout::{MetricSource, SeriesSelectors};
use plimsoll_model::{ReleaseId, Timestamp};

use super::Universe;

/// Makes readers of the simulated sources.
pub(super) struct MemorySources(pub(super) Arc<Universe>);

impl MetricSources for MemorySources {
    fn reader(&mut self, _source: &MetricSource) -> Result<Box<dyn MetricsReader>, Unread> {
        Ok(Box::new(MemoryMetrics(Arc::clone(&self.0))))
    }
}

/// Reads the proxies' counters as a metrics server would have scraped them.
struct MemoryMetrics(Arc<Universe>);

impl MemoryMetrics {
    fn available(&self) -> Result<(), Unread> {
        let state = self.0.lock();
        if state.now < state.metrics_down_until {
            return Err(Unread::new(Unusable::Unreachable, "connection refused"));
        }
        Ok(())
    }

    /// The counters of a release, by host and life of its proxy.
    fn counters(&self, release: &ReleaseId) -> Vec<(String, Counters)> {
        let mut found = Vec::new();
        for host in &self.0.lock().hosts {
            host.memory.edit_report(|report| {
                for arm in report.arms.iter().filter(|a| a.release == *release) {
                    let counters = Counters {
                        requests: arm.attempts(),
                        errors: arm.errors(),
                        latency: arm.latency.clone(),
                    };
                    found.push((format!("{}/{}", host.name, report.epoch), counters));
                }
            });
        }
        found
    }
}

impl MetricsReader for MemoryMetrics {
    fn snapshot(
        &mut self,
        side: &Side,
        _series: &SeriesSelectors,
        now: Timestamp,
    ) -> Result<Answer<Snapshot>, Unread> {
        self.available()?;
        let series = self.counters(&side.release).into_iter().collect();
        Ok(Answer { value: Snapshot { at: now, series }, notes: Vec::new() })
    }

    /// The share of bad answers of the release so far, in percent; no requests give no number.
    fn value(&mut self, side: &Side, _query: &str, _now: Timestamp) -> Result<Answer<f64>, Unread> {
        self.available()?;
        let counters = self.counters(&side.release);
        let requests: u64 = counters.iter().map(|(_, c)| c.requests).sum();
        let errors: u64 = counters.iter().map(|(_, c)| c.errors).sum();
        if requests == 0 {
            return Err(Unread::new(Unusable::NotANumber, "NaN"));
        }
        Ok(Answer { value: 100.0 * errors as f64 / requests as f64, notes: Vec::new() })
    }
}
