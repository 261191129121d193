//! Looks at the sources of the analyses, when they are due.
//!
//! Counters are kept from one look to the next and differenced by pure code. They live only in this process: a
//! coordinator that takes over begins with a new baseline, which costs one interval of evidence and no validity. What
//! a look gave is written to the journal, raw, and the judges fold it from there.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use plimsoll_drivers::metrics::{self, MetricsReader, Side, Unread};
use plimsoll_model::metrics::{Counters, Increment, Reading, Snapshot, Unusable};
use plimsoll_model::observation::{FleetObservation, InstanceObservation, SeenHost};
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource};
use plimsoll_model::{ReleaseId, Timestamp};
use plimsoll_plan::difference::{carried, difference};
use plimsoll_plan::{Judge, RolloutState};

use crate::world::MetricSources;

/// The last snapshots of each analysis, and when each was looked at.
#[derive(Default)]
pub(crate) struct Looks {
    last: BTreeMap<String, Last>,
}

#[derive(Default)]
struct Last {
    at: Timestamp,
    /// Made at the first look; absent for the proxy, whose counters the hosts report.
    reader: Option<Box<dyn MetricsReader>>,
    canary: Option<Snapshot>,
    stable: Option<Snapshot>,
}

impl Looks {
    /// Makes the looks that are due and gives what each read. A first look only takes the baseline.
    pub(crate) fn due(
        &mut self,
        state: &RolloutState,
        fleet: &FleetObservation,
        sources: &mut dyn MetricSources,
        now: Timestamp,
    ) -> Vec<(String, Reading)> {
        let mut readings = Vec::new();
        for judge in &state.judges {
            if !self.is_due(judge, now) {
                continue;
            }
            let spec = judge.spec();
            let last = self.last.entry(spec.name.clone()).or_default();
            last.at = now;
            let source = Source { spec, state, fleet, now };
            let reading = match reader(last, spec, sources) {
                Ok(()) => source.read(last),
                Err(error) => Some(error.into()),
            };
            readings.extend(reading.map(|reading| (spec.name.clone(), reading)));
        }
        readings
    }

    fn is_due(&self, judge: &Judge, now: Timestamp) -> bool {
        let Some(due) = judge.next_look() else { return false };
        let last = self.last.get(&judge.spec().name);
        now >= due && last.is_none_or(|last| now >= last.at + judge.spec().interval.duration())
    }
}

/// Makes the reader of an analysis' source, unless it is there.
fn reader(last: &mut Last, spec: &AnalysisSpec, sources: &mut dyn MetricSources) -> Result<(), Unread> {
    if last.reader.is_none() && spec.source != MetricSource::Proxy {
        last.reader = Some(sources.reader(&spec.source)?);
    }
    Ok(())
}

/// One analysis and what its source is looked at for.
struct Source<'a> {
    spec: &'a AnalysisSpec,
    state: &'a RolloutState,
    fleet: &'a FleetObservation,
    now: Timestamp,
}

impl Source<'_> {
    fn read(&self, last: &mut Last) -> Option<Reading> {
        if let Check::Threshold { query, .. } = &self.spec.check {
            let side = self.side(&self.state.plan.release);
            let answer = last.reader.as_mut()?.value(&side, query, self.now);
            return Some(metrics::reading(answer));
        }
        let canary = match self.snapshot(last, &self.state.plan.release) {
            Ok(snapshot) => snapshot,
            Err(error) => return Some(error.into()),
        };
        // A stable side that cannot be read is not there to compare with; the canary's own limit still counts.
        let replaced = self.state.plan.replaces.as_ref();
        let stable = replaced.and_then(|release| self.snapshot(last, release).ok());
        let reading = self.between(last, &canary, stable.as_ref());
        last.canary = Some(kept(last.canary.take(), canary));
        last.stable = match stable {
            Some(stable) => Some(kept(last.stable.take(), stable)),
            None => last.stable.take(),
        };
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

    fn snapshot(&self, last: &mut Last, release: &ReleaseId) -> Result<Snapshot, Unread> {
        match (&self.spec.source, &mut last.reader) {
            (
                MetricSource::Scrape { series, .. } | MetricSource::Prometheus { series: Some(series), .. },
                Some(reader),
            ) => reader.snapshot(&self.side(release), series, self.now).map(|answer| answer.value),
            (MetricSource::Proxy, _) => self.proxy_counters(release),
            _ => Err(Unread::new(Unusable::Invalid, "the analysis names no series to count")),
        }
    }

    /// The proxies' own counters of a release: one series for each host and life of its proxy.
    fn proxy_counters(&self, release: &ReleaseId) -> Result<Snapshot, Unread> {
        let mut snapshot = Snapshot { at: self.now, ..Snapshot::default() };
        let silent = |detail: String| Unread::new(Unusable::Unreachable, detail);
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

    /// A release and its running instances.
    fn side(&self, release: &ReleaseId) -> Side {
        let target = |host: &SeenHost, i: &InstanceObservation| metrics::Target {
            name: format!("{}/{}", host.host, i.instance),
            place: Some((host.host.clone(), i.instance.clone())),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, i.port)),
        };
        let hosts = self.fleet.hosts.iter();
        let instances = hosts.flat_map(|host| {
            let running = host.seen.of_release(release).filter(|i| i.pid.is_some());
            running.map(|i| target(host, i)).collect::<Vec<_>>()
        });
        Side { release: release.clone(), instances: instances.collect() }
    }
}

/// The new baseline. A series that missed this look keeps its old place in it: its next sample is a growth, not news.
fn kept(before: Option<Snapshot>, now: Snapshot) -> Snapshot {
    match before {
        Some(before) => carried(&before, &now),
        None => now,
    }
}

fn stale(at: Timestamp) -> Reading {
    Reading::Unusable { reason: Unusable::Stale, detail: format!("its newest sample is of {at}") }
}
