//! What each side can take on a host, and the tables of traffic that follow from it.

use plimsoll_model::agent::{ArmWeight, SwitchOrders};
use plimsoll_model::observation::{HostObservation, InstanceState};
use plimsoll_model::plan::{HostPlan, Plan};
use plimsoll_model::{InstanceId, ReleaseId, Share, Span};

/// Instances of a list that are ready on the host.
pub(super) fn ready(seen: &HostObservation, instances: &[InstanceId]) -> Vec<InstanceId> {
    let is_ready = |id: &&InstanceId| seen.instance(id).is_some_and(|i| i.state == InstanceState::Ready);
    instances.iter().filter(is_ready).cloned().collect()
}

/// The table that gives the new side `weight` and the old side the rest.
pub(super) fn split(plan: &Plan, host: &HostPlan, new: &[InstanceId], weight: Share) -> Vec<ArmWeight> {
    let new_arm = ArmWeight { release: plan.release.clone(), weight, instances: new.to_vec() };
    match plan.before(host) {
        Some(old) if weight < Share::ALL && *old != plan.release => {
            let old_arm =
                ArmWeight { release: old.clone(), weight: weight.rest(), instances: host.old.clone() };
            if weight == Share::NONE { vec![old_arm] } else { vec![old_arm, new_arm] }
        }
        _ => vec![new_arm],
    }
}

/// The table to return to: all traffic to the old side, or none where nothing served before.
pub fn back_to(plan: &Plan, host: &HostPlan) -> Vec<ArmWeight> {
    match plan.before(host) {
        None => Vec::new(),
        Some(old) if plan.is_level(host) => {
            let instances = host.old.iter().chain(&host.new).cloned().collect();
            vec![ArmWeight { release: old.clone(), weight: Share::ALL, instances }]
        }
        Some(old) => {
            vec![ArmWeight { release: old.clone(), weight: Share::ALL, instances: host.old.clone() }]
        }
    }
}

/// What the dead man's switch of a host is told.
pub fn switch_orders(plan: &Plan, host: &HostPlan, after: Span) -> SwitchOrders {
    let retire = if plan.is_level(host) { Vec::new() } else { host.new.clone() };
    SwitchOrders { rollout: plan.rollout.clone(), after, back_to: back_to(plan, host), retire }
}

/// Whether the host's proxy has exactly this table in force, apart from readiness. Instances that are gone are in no
/// table: the host leaves them out, whoever names them.
pub(super) fn in_force(seen: &HostObservation, wanted: &[ArmWeight]) -> bool {
    let Some(traffic) = &seen.traffic else { return false };
    let arms = &traffic.table.arms;
    let live = |id: &&InstanceId| seen.instance(id).is_some_and(|i| i.state.is_live());
    arms.len() == wanted.len()
        && wanted.iter().all(|w| {
            let live: Vec<_> = w.instances.iter().filter(live).collect();
            arms.iter().any(|a| {
                a.release == w.release
                    && a.weight == w.weight
                    && a.backends.len() == live.len()
                    && a.backends.iter().all(|b| live.contains(&&b.instance))
            })
        })
}

/// The share that a release has on the host now.
pub(super) fn weight_of(seen: &HostObservation, release: &ReleaseId) -> Share {
    let arms = seen.traffic.iter().flat_map(|t| &t.table.arms);
    arms.filter(|a| a.release == *release).map(|a| a.weight).next().unwrap_or(Share::NONE)
}
