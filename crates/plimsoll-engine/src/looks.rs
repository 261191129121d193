//! Looks at the sources of the analyses, when they are due.
//!
//! Counters are kept from one look to the next and differenced by pure code. They live only in this process: a
//! coordinator that takes over begins with a new baseline, which costs one interval of evidence and no validity. What
//! a look gave is written to the journal, raw, and the judges fold it from there. A look that gave nothing, as the one
//! before it, is written only now and then: it changes no judge.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use plimsoll_drivers::metrics::{self, MetricsReader, Side, Unread};
use plimsoll_model::metrics::{Counters, Increment, Reading, Snapshot, Unusable};
use plimsoll_model::observation::{FleetObservation, HostObservation, InstanceObservation, SeenHost};
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource};
use plimsoll_model::traffic::TrafficReport;
use plimsoll_model::{HostName, ReleaseId, Timestamp};
use plimsoll_plan::difference::{carried, difference};
use plimsoll_plan::{Judge, RolloutState};

use crate::world::MetricSources;

/// A look that gives nothing new is written this often.
const QUIET_EVERY: Duration = Duration::from_secs(10);

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
    /// Hosts whose proxies were asked before. What one counted until it is first asked is no news.
    asked: HashSet<HostName>,
    /// The last reading that was given away, and when.
    given: Option<(Timestamp, Reading)>,
}

impl Looks {
    /// When the next look is due, if one is.
    pub(crate) fn next(&self, judges: &[Judge]) -> Option<Timestamp> {
        judges.iter().filter_map(|judge| self.next_of(judge)).min()
    }

    fn next_of(&self, judge: &Judge) -> Option<Timestamp> {
        let due = judge.next_look()?;
        let last = self.last.get(&judge.spec().name);
        Some(last.map_or(due, |last| due.max(last.at + judge.spec().interval.duration())))
    }

    /// Makes the looks that are due and gives what each read, where that is news. A first look only takes the baseline.
    pub(crate) fn due(
        &mut self,
        state: &RolloutState,
        fleet: &FleetObservation,
        sources: &mut dyn MetricSources,
        now: Timestamp,
    ) -> Vec<(String, Reading)> {
        let mut readings = Vec::new();
        for judge in &state.judges {
            if self.next_of(judge).is_none_or(|due| now < due) {
                continue;
            }
            let spec = judge.spec();
            let last = self.last.entry(spec.name.clone()).or_default();
            last.at = now;
            let source = Source { spec, state, fleet, seen: fleet.by_host(), now };
            let reading = match reader(last, spec, sources) {
                Ok(()) => source.read(last),
                Err(error) => Some(error.into()),
            };
            let news = reading.filter(|reading| last.is_news(reading, spec, now));
            if let Some(reading) = &news {
                last.given = Some((now, reading.clone()));
            }
            readings.extend(news.map(|reading| (spec.name.clone(), reading)));
        }
        readings
    }
}

impl Last {
    /// Whether the reading changes what its judge knows. Without requests, or without an answer, the second one does
    /// not; a threshold counts its unusable looks.
    fn is_news(&self, reading: &Reading, spec: &AnalysisSpec, now: Timestamp) -> bool {
        let Some((at, before)) = &self.given else { return true };
        let same = match (before, reading) {
            (Reading::NoTraffic, Reading::NoTraffic) => true,
            (Reading::Unusable { reason: before, .. }, Reading::Unusable { reason, .. }) => {
                before == reason && !matches!(spec.check, Check::Threshold { .. })
            }
            _ => false,
        };
        !same || now.since(*at) >= QUIET_EVERY
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
    seen: HashMap<&'a HostName, &'a HostObservation>,
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
        if self.spec.source == MetricSource::Proxy {
            self.meet_hosts(last, &canary, stable.as_ref());
        }
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

    /// The proxies' own counters of a release, summed over all hosts that take part: one series for each host and life
    /// of its proxy, so that a host that does not answer is no counter that falls. The new release's counters are
    /// missing only where none of its hosts answers.
    fn proxy_counters(&self, release: &ReleaseId) -> Result<Snapshot, Unread> {
        let mut snapshot = Snapshot { at: self.now, ..Snapshot::default() };
        let (mut answered, mut silent) = (false, None);
        for (host, is_canary) in self.hosts_in_play() {
            let traffic = self.traffic(host);
            if is_canary || *release != self.state.plan.release {
                answered |= traffic.is_ok();
                silent = silent.or(traffic.as_ref().err().cloned());
            }
            let Ok(traffic) = traffic else { continue };
            if let Some(arm) = traffic.arms.iter().find(|a| a.release == *release) {
                let counters =
                    Counters { requests: arm.attempts(), errors: arm.errors(), latency: arm.latency.clone() };
                snapshot.series.insert(series(host, traffic.epoch), counters);
            }
        }
        match silent {
            Some(detail) if !answered => Err(Unread::new(Unusable::Unreachable, detail)),
            _ => Ok(snapshot),
        }
    }

    /// The hosts whose proxies count, and whether the new release has a share there.
    fn hosts_in_play(&self) -> impl Iterator<Item = (&HostName, bool)> {
        let state = self.state;
        let hosts = state.plan.hosts.iter().map(|h| &h.host).filter(|h| !state.aside.contains_key(*h));
        let has_share = |host| {
            let weights = state.routed.get(host)?;
            Some(weights.iter().any(|w| w.release == state.plan.release && w.weight.points() > 0))
        };
        hosts.map(move |host| (host, has_share(host).unwrap_or(false)))
    }

    fn traffic(&self, host: &HostName) -> Result<&TrafficReport, String> {
        let seen = self.seen.get(host).ok_or_else(|| format!("host {host} does not answer"))?;
        seen.traffic.as_ref().ok_or_else(|| format!("the proxy on {host} does not answer"))
    }

    /// Takes what hosts that are asked for the first time have counted so far as known.
    fn meet_hosts(&self, last: &mut Last, canary: &Snapshot, stable: Option<&Snapshot>) {
        for (host, _) in self.hosts_in_play() {
            let Ok(traffic) = self.traffic(host) else { continue };
            if last.asked.contains(host) {
                continue;
            }
            last.asked.insert(host.clone());
            let series = series(host, traffic.epoch);
            let sides = [(&mut last.canary, Some(canary)), (&mut last.stable, stable)];
            for (before, now) in sides {
                if let (Some(before), Some(counters)) = (before, now.and_then(|n| n.series.get(&series))) {
                    before.series.insert(series.clone(), counters.clone());
                }
            }
        }
    }

    /// A release and its running instances.
    fn side(&self, release: &ReleaseId) -> Side {
        let target = |host: &SeenHost, i: &InstanceObservation| metrics::Target {
            name: format!("{}/{}", host.host, i.instance),
            place: Some((host.host.clone(), i.instance.clone())),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, i.port)),
        };
        let hosts = self.fleet.hosts.iter().filter(|h| !self.state.aside.contains_key(&h.host));
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

fn series(host: &HostName, epoch: u64) -> String {
    format!("{host}/{epoch}")
}

fn stale(at: Timestamp) -> Reading {
    Reading::Unusable { reason: Unusable::Stale, detail: format!("its newest sample is of {at}") }
}
