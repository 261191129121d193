//! How a rollout is spread over hosts: in which order they are changed, and what a weight means on each.
//!
//! The order is fixed when the plan is made, and every step takes a beginning of it. So a later step has the hosts of
//! the earlier ones, and no zone is far ahead of another.

use std::collections::{BTreeMap, VecDeque};

use plimsoll_model::plan::{HostPlan, HostShare, PlannedStep};
use plimsoll_model::rollout::Step;
use plimsoll_model::{HostName, Quantity, Share};

/// Hosts in the order in which they are changed: one of each zone in turn, as declared within a zone. Hosts that cannot
/// be canaries come last.
pub(crate) fn in_order(
    hosts: Vec<HostPlan>,
    zones: &BTreeMap<HostName, String>,
    is_able: impl Fn(&HostPlan) -> bool,
) -> Vec<HostPlan> {
    let (able, rest): (Vec<_>, Vec<_>) = hosts.into_iter().partition(is_able);
    let mut ordered = in_turn(able, zones);
    ordered.extend(in_turn(rest, zones));
    ordered
}

fn in_turn(hosts: Vec<HostPlan>, zones: &BTreeMap<HostName, String>) -> Vec<HostPlan> {
    let mut place: BTreeMap<Option<&String>, usize> = BTreeMap::new();
    let mut queues: Vec<VecDeque<HostPlan>> = Vec::new();
    let count = hosts.len();
    for host in hosts {
        let queue = *place.entry(zones.get(&host.host)).or_insert(queues.len());
        if queue == queues.len() {
            queues.push(VecDeque::new());
        }
        queues[queue].push_back(host);
    }
    let mut ordered = Vec::with_capacity(count);
    while !queues.is_empty() {
        ordered.extend(queues.iter_mut().filter_map(VecDeque::pop_front));
        queues.retain(|queue| !queue.is_empty());
    }
    ordered
}

/// The steps with what each weight means on each host. The first `able` of `hosts` can be canaries.
pub(crate) fn planned_steps(steps: &[Step], hosts: &[HostPlan], able: usize) -> Vec<PlannedStep> {
    let hosts = &hosts[..able];
    // What each canary has so far: a weight on a host never falls, or clients that stick to a side would change it.
    let mut reached: Vec<Share> = Vec::new();
    let planned = |step: &Step| {
        let shares = match step {
            Step::SetWeight { weight, hosts: on } => {
                reached = raised(&reached, *weight, *on, hosts.len());
                hosts.iter().zip(&reached).map(|(host, weight)| host_share(host, *weight)).collect()
            }
            _ => Vec::new(),
        };
        PlannedStep { step: step.clone(), shares }
    };
    steps.iter().map(planned).collect()
}

/// The weight on each canary after a step; `reached` is what they had before it.
fn raised(reached: &[Share], weight: Share, on: Option<Quantity>, hosts: usize) -> Vec<Share> {
    let all = u32::try_from(hosts).expect("fewer than four billion hosts");
    if all == 0 {
        return Vec::new();
    }
    let needed = on.map_or(weight.of_count(all), |on| on.at_least(all)).max(1) as usize;
    let count = needed.max(reached.len());
    let even = match on {
        // Each of them has this share of its own traffic.
        Some(_) => weight,
        None => part_of(total(weight, hosts), count),
    };
    let before = |at: usize| reached.get(at).copied().unwrap_or(Share::NONE);
    if on.is_some() || reached.iter().all(|had| *had <= even) {
        return (0..count).map(|at| even.max(before(at))).collect();
    }
    // Those that have more already keep it, and the others share what is left.
    let kept: u64 = reached.iter().map(|had| u64::from(had.points())).sum();
    let left = part_of(total(weight, hosts).saturating_sub(kept), count - reached.len());
    (0..count).map(|at| reached.get(at).copied().unwrap_or(left)).collect()
}

/// What `weight` of the traffic of `hosts` equal hosts is, in points of one host's.
fn total(weight: Share, hosts: usize) -> u64 {
    u64::from(weight.points()) * hosts as u64
}

fn part_of(points: u64, count: usize) -> Share {
    let part = points.checked_div(count as u64).unwrap_or(0);
    Share::basis_points(u32::try_from(part).unwrap_or(u32::MAX))
}

fn host_share(host: &HostPlan, weight: Share) -> HostShare {
    let count = u32::try_from(host.new.len()).expect("a plan has few instances");
    HostShare { host: host.host.clone(), instances: weight.of_count(count), weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percents(shares: &[Share]) -> Vec<u32> {
        shares.iter().map(|s| s.points()).collect()
    }

    #[test]
    fn a_small_weight_is_a_part_of_one_host() {
        let five = raised(&[], Share::percent(5), None, 10);
        assert_eq!(percents(&five), [5000], "5 % of ten hosts is half of one");
        let quarter = raised(&five, Share::percent(25), None, 10);
        assert_eq!(percents(&quarter), [8333, 8333, 8333]);
        assert_eq!(percents(&raised(&quarter, Share::percent(50), None, 10)), [10_000; 5]);
    }

    #[test]
    fn one_host_has_the_weight_as_declared() {
        assert_eq!(percents(&raised(&[], Share::percent(5), None, 1)), [500]);
        assert_eq!(percents(&raised(&[], Share::NONE, None, 1)), [0]);
    }

    #[test]
    fn no_host_loses_weight() {
        let ten = raised(&[], Share::percent(10), None, 10);
        assert_eq!(percents(&ten), [10_000]);
        let quarter = raised(&ten, Share::percent(25), None, 10);
        assert_eq!(percents(&quarter), [10_000, 7500, 7500], "25 % of all, and the first one keeps its own");
    }

    #[test]
    fn declared_hosts_have_the_weight_each() {
        assert_eq!(percents(&raised(&[], Share::percent(5), Some(Quantity::ALL), 3)), [500; 3]);
        let one = raised(&[], Share::percent(50), Some(Quantity::Count(1)), 3);
        assert_eq!(percents(&one), [5000]);
        let more = raised(&one, Share::percent(20), Some(Quantity::Share(Share::percent(50))), 3);
        assert_eq!(percents(&more), [5000, 2000]);
        assert_eq!(raised(&[], Share::percent(5), Some(Quantity::Count(9)), 3).len(), 3);
    }

    #[test]
    fn zones_take_turns() {
        let host = |name: &str| HostPlan {
            host: name.parse().unwrap(),
            differs: None,
            old: Vec::new(),
            new: Vec::new(),
        };
        let hosts: Vec<_> = ["a1", "a2", "a3", "b1", "n1", "b2"].map(host).into();
        let zones = hosts
            .iter()
            .filter(|h| !h.host.as_str().starts_with('n'))
            .map(|h| (h.host.clone(), h.host.as_str()[..1].to_owned()))
            .collect();
        let ordered = in_order(hosts, &zones, |h| h.host.as_str() != "a1");
        let names: Vec<_> = ordered.iter().map(|h| h.host.as_str()).collect();
        assert_eq!(names, ["a2", "b1", "n1", "a3", "b2", "a1"]);
    }
}
