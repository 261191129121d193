//! Looks at the sources of the analyses, when they are due.
//!
//! Counters are kept from one look to the next and differenced by pure code. They live only in this process: a
//! coordinator that takes over begins with a new baseline, which costs one interval of evidence and no validity. What
//! a look gave is written to the journal, raw, and the judges fold it from there.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use plimsoll_drivers::metrics::{MetricsReader, SnapshotRequest, Unreadable};
use plimsoll_model::metrics::{Counters, Increment, Reading, Snapshot, Unusable};
use plimsoll_model::observation::FleetObservation;
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource};
use plimsoll_model::{InstanceId, ReleaseId, Timestamp};
use plimsoll_plan::difference::difference;
use plimsoll_plan::{Judge, RolloutState};

/// The last snapshots of each analysis, and when each was looked at.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    last: BTreeMap<String, Last>,
}

#[derive(Debug, Default)]
struct Last {
    at: Timestamp,
    canary: Option<Snapshot>,
    stable: Option<Snapshot>,
}

impl Looks {
    /// Makes the looks that are due and gives what each read. A first look only takes the baseline.
    pub(crate) fn due(
        &mut self,
        state: &RolloutState,
        fleet: &FleetObservation,
        metrics: &mut dyn MetricsReader,
        now: Timestamp,
    ) -> Vec<(String, Reading)> {
        let mut readings = Vec::new();
        for judge in &state.judges {
            if !self.is_due(judge, now) {
                continue;
            }
            let spec = judge.spec();
            let mut source = Source { spec, state, fleet, metrics, now };
            let last = self.last.entry(spec.name.clone()).or_default();
            last.at = now;
            if let Some(reading) = source.read(last) {
                readings.push((spec.name.clone(), reading));
            }
        }
        readings
    }

    fn is_due(&self, judge: &Judge, now: Timestamp) -> bool {
        let Some(due) = judge.next_look() else { return false };
        let last = self.last.get(&judge.spec().name);
        now >= due && last.is_none_or(|last| now >= last.at + judge.spec().interval.duration())
    }
}

/// One analysis and everything needed to look at its source.
struct Source<'a> {
    spec: &'a AnalysisSpec,
    state: &'a RolloutState,
    fleet: &'a FleetObservation,
    metrics: &'a mut dyn MetricsReader,
    now: Timestamp,
}

impl Source<'_> {
    fn read(&mut self, last: &mut Last) -> Option<Reading> {
        if let Check::Threshold { query, .. } = &self.spec.check {
            let value = self.metrics.value(&self.spec.source, query, &self.state.plan.release, self.now);
            return Some(match value {
                Ok(value) => Reading::Value { value },
                Err(error) => unusable(error),
            });
        }
        let canary = match self.snapshot(&self.state.plan.release.clone()) {
            Ok(snapshot) => snapshot,
            Err(error) => return Some(unusable(error)),
        };
        // A stable side that cannot be read is not there to compare with; the canary's own limit still counts.
        let stable = self.state.plan.replaces.clone().and_then(|release| self.snapshot(&release).ok());
        let reading = self.between(last, &canary, stable.as_ref());
        last.canary = Some(canary);
        last.stable = stable.or(last.stable.take());
        reading
    }

    fn between(&self, last: &Last, canary: &Snapshot, stable: Option<&Snapshot>) -> Option<Reading> {
        let before = last.canary.as_ref()?;
        let bounds = &self.state.plan.settings.latency_bounds;
        let Some(canary) = difference(before, canary, bounds) else {
            return (before.at == canary.at && self.is_old(canary.at)).then(|| stale(canary.at));
        };
        let stable = last.stable.as_ref().zip(stable).and_then(|(b, a)| difference(b, a, bounds));
        let quiet = |side: &Increment| side.requests == 0;
        if quiet(&canary) && stable.as_ref().is_none_or(quiet) {
            return Some(Reading::NoTraffic);
        }
        Some(Reading::Counts { canary, stable, bounds: bounds.clone() })
    }

    /// Whether samples of this time are so old that their source has stopped making new ones.
    fn is_old(&self, at: Timestamp) -> bool {
        let allowed = match &self.spec.source {
            MetricSource::Prometheus { max_age, .. } => max_age.duration(),
            _ => self.spec.interval.duration() * 3,
        };
        self.now.since(at) > allowed
    }

    fn snapshot(&mut self, release: &ReleaseId) -> Result<Snapshot, Unreadable> {
        match &self.spec.source {
            MetricSource::Proxy => self.proxy_counters(release),
            source => {
                let instances = self.instances(release);
                let request = SnapshotRequest { source, release, instances, now: self.now };
                self.metrics.snapshot(&request)
            }
        }
    }

    /// The proxies' own counters of a release: one series for each host and life of its proxy.
    fn proxy_counters(&self, release: &ReleaseId) -> Result<Snapshot, Unreadable> {
        let mut snapshot = Snapshot { at: self.now, ..Snapshot::default() };
        let silent = |detail: String| Unreadable { reason: Unusable::Unreachable, detail };
        if let Some(lost) = self.fleet.unreachable.first() {
            return Err(silent(format!("host {} does not answer", lost.host)));
        }
        for host in &self.fleet.hosts {
            let traffic = host.seen.traffic.as_ref();
            let traffic =
                traffic.ok_or_else(|| silent(format!("the proxy on {} does not answer", host.host)))?;
            if let Some(arm) = traffic.arms.iter().find(|a| a.release == *release) {
                let counters =
                    Counters { requests: arm.attempts(), errors: arm.errors(), latency: arm.latency.clone() };
                snapshot.series.insert(format!("{}/{}", host.host, traffic.epoch), counters);
            }
        }
        Ok(snapshot)
    }

    fn instances(&self, release: &ReleaseId) -> Vec<(InstanceId, SocketAddr)> {
        let seen = self.fleet.hosts.iter().flat_map(|h| &h.seen.instances);
        let running = seen.filter(|i| i.instance.release == *release && i.pid.is_some());
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        running.map(|i| (i.instance.clone(), local(i.port))).collect()
    }
}

fn unusable(error: Unreadable) -> Reading {
    Reading::Unusable { reason: error.reason, detail: error.detail }
}

fn stale(at: Timestamp) -> Reading {
    Reading::Unusable { reason: Unusable::Stale, detail: format!("its newest sample is of {at}") }
}
