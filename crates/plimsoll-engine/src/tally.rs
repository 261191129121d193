//! Requests and latencies of a rollout's releases, summed over all hosts.
//!
//! Counters are added up as they grow, host by host: one that does not answer for a while, or whose proxy begins at zero
//! again, takes nothing away from the sum.

use std::collections::{BTreeMap, HashMap};

use plimsoll_model::metrics::{Counters, Histogram};
use plimsoll_model::observation::{FleetObservation, SeenHost};
use plimsoll_model::plan::Plan;
use plimsoll_model::record::Answered;
use plimsoll_model::traffic::{ArmTraffic, TrafficReport};
use plimsoll_model::{HostName, ReleaseId};
use plimsoll_plan::difference::grown_since;

/// Counters by release, for each that ever had an arm.
pub(crate) type Totals = BTreeMap<ReleaseId, Counters>;

/// The running sums.
pub(crate) struct Tally {
    releases: Vec<ReleaseId>,
    /// What each host's proxy last said, with its epoch.
    last: HashMap<HostName, (u64, Totals)>,
    pub(crate) totals: Totals,
}

impl Tally {
    pub(crate) fn new(plan: &Plan) -> Self {
        let releases = plan.replaces.iter().chain([&plan.release]).cloned().collect();
        Self { releases, last: HashMap::new(), totals: Totals::new() }
    }

    /// Adds what happened since the last call. What a proxy had counted before it is first seen is left out.
    pub(crate) fn count(&mut self, fleet: &FleetObservation) {
        for host in &fleet.hosts {
            let Some(traffic) = &host.seen.traffic else { continue };
            let now = self.of_host(traffic);
            let before = self.last.get(&host.host);
            for (release, counters) in &now {
                let same_life = before.filter(|(epoch, _)| *epoch == traffic.epoch);
                let known = same_life.and_then(|(_, totals)| totals.get(release));
                let grown = match (before, known) {
                    (None, _) => Counters { requests: 0, errors: 0, latency: Histogram::default() },
                    (Some(_), None) => counters.clone(),
                    (Some(_), Some(known)) => grown_since(known, counters),
                };
                let total = self.totals.entry(release.clone()).or_insert_with(|| Counters {
                    latency: Histogram::new(&counters.latency.bounds),
                    ..Counters::default()
                });
                add(total, &grown);
            }
            self.last.insert(host.host.clone(), (traffic.epoch, now));
        }
    }

    fn of_host(&self, traffic: &TrafficReport) -> Totals {
        let counters = |a: &ArmTraffic| Counters {
            requests: a.attempts(),
            errors: a.errors(),
            latency: a.latency.clone(),
        };
        let ours = traffic.arms.iter().filter(|a| self.releases.contains(&a.release));
        ours.map(|a| (a.release.clone(), counters(a))).collect()
    }
}

/// What the proxies of the rollout's hosts have counted for its sides until now. A side that has no arm yet has none.
pub(crate) fn answered(plan: &Plan, fleet: &FleetObservation) -> Vec<Answered> {
    let of_host = |host: &SeenHost| {
        let (planned, traffic) = (plan.host(&host.host)?, host.seen.traffic.as_ref()?);
        let before = plan.before(planned).filter(|release| **release != plan.release);
        let count = |release: &ReleaseId| {
            let arm = traffic.arms.iter().find(|arm| arm.release == *release);
            Answered {
                host: host.host.clone(),
                epoch: traffic.epoch,
                release: release.clone(),
                requests: arm.map_or(0, ArmTraffic::attempts),
                bad: arm.map_or(0, ArmTraffic::errors),
            }
        };
        Some(before.into_iter().chain([&plan.release]).map(count).collect::<Vec<_>>())
    };
    fleet.hosts.iter().filter_map(of_host).flatten().collect()
}

fn add(total: &mut Counters, grown: &Counters) {
    total.requests += grown.requests;
    total.errors += grown.errors;
    for (total, count) in total.latency.counts.iter_mut().zip(&grown.latency.counts) {
        *total += count;
    }
}
