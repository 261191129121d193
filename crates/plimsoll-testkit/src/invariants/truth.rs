//! What a host really does, whatever anybody has written about it.

use std::collections::BTreeMap;

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::observation::{InstanceState, SwitchState};
use plimsoll_model::plan::{HostPlan, Plan};
use plimsoll_model::{ReleaseId, Share};

use super::hosts::ready_of;
use crate::sim::host::SimHost;
use crate::sim::universe::weight;

/// Whether the host's switch has gone off, so that it does what the switch says and nothing else.
pub(super) fn has_fired(host: &SimHost) -> bool {
    host.agent.as_ref().is_some_and(|a| matches!(a.state().switch, SwitchState::Fired { .. }))
}

/// How the traffic differs from the weights; `None` where it does not, or where there is no proxy to ask.
pub(super) fn differs(host: &SimHost, weights: &[ArmWeight]) -> Option<String> {
    let table = host.memory.table().filter(|_| !has_fired(host))?;
    // A proxy that was restarted this very moment has an empty table until the agent has seen it.
    if table.version == 0 {
        return None;
    }
    let found: BTreeMap<&ReleaseId, Share> = table.arms.iter().map(|a| (&a.release, a.weight)).collect();
    let wanted: BTreeMap<&ReleaseId, Share> = weights.iter().map(|w| (&w.release, w.weight)).collect();
    (found != wanted).then(|| format!("the proxy has {found:?}"))
}

/// Why the host does not serve the plan's release alone; whether it is ready counts only where `ready` says so.
pub(super) fn not_promoted(
    host: &SimHost,
    plan: &Plan,
    planned: Option<&HostPlan>,
    ready: bool,
) -> Option<String> {
    if host.memory.current().as_ref() != Some(&plan.release) {
        return Some(format!("current on {} is {:?}", host.name, host.memory.current()));
    }
    let agent = host.agent.as_ref()?;
    let table = host.memory.table().filter(|t| t.version > 0)?;
    if weight(host, &plan.release) != Share::ALL {
        return Some(format!("{} gives it {}", host.name, weight(host, &plan.release)));
    }
    let planned = planned?;
    if ready && ready_of(&planned.new, host) == 0 {
        return Some(format!("no instance of it is ready on {}", host.name));
    }
    if let SwitchState::Armed { .. } | SwitchState::Fired { .. } = agent.state().switch {
        return Some(format!("the switch of {} is not off", host.name));
    }
    let others = table.arms.iter().any(|a| a.release != plan.release);
    others.then(|| format!("{} has another arm", host.name))
}

/// Why the host is not as it was before the plan, when `current` was current.
pub(super) fn not_back(
    host: &SimHost,
    plan: &Plan,
    planned: &HostPlan,
    current: Option<&ReleaseId>,
) -> Option<String> {
    let agent = host.agent.as_ref()?;
    let state = agent.state();
    if let SwitchState::Armed { orders, .. } | SwitchState::Fired { orders, .. } = &state.switch
        && orders.rollout == plan.rollout
    {
        return Some(format!("the switch of {} is not off", host.name));
    }
    if plan.is_level(planned) {
        return None;
    }
    if host.memory.current().as_ref() != current {
        return Some(format!("current on {} is {:?}", host.name, host.memory.current()));
    }
    if host.memory.table().is_some() && weight(host, &plan.release) > Share::NONE {
        return Some(format!("{} gives the new release {}", host.name, weight(host, &plan.release)));
    }
    let live = |s: InstanceState| s.is_live();
    if let Some((id, record)) =
        state.instances.iter().find(|(id, r)| id.release == plan.release && live(r.state))
    {
        return Some(format!("{id} is {:?} on {}", record.state, host.name));
    }
    let old = plan.before(planned)?;
    let table = host.memory.table().filter(|t| t.version > 0)?;
    let share = table.arms.iter().find(|a| a.release == *old).map_or(Share::NONE, |a| a.weight);
    (share != Share::ALL).then(|| format!("{} gives the release before {share}", host.name))
}
