//! The way back: traffic first, then the new instances, then the switch.
//!
//! The old side takes what it can: all of it where its instances are ready, as they are unless something else broke.
//! Where some are missing it takes their share at once and the rest as they come back, and all of it at the latest
//! after the time that an instance may need to become healthy: a failed verdict reaches weight 0 (I3), and does not
//! push the side that is good over (I1).

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::plan::{Action, HostPlan, PlanKind};
use plimsoll_model::record::{BackReason, Entry, Outcome};
use plimsoll_model::{InstanceId, Share};

use super::forward::on_hosts;
use super::{Decision, Moment, record, sides};
use crate::state::Back;

/// What to do next on the way back.
pub(super) fn decide(at: &Moment, back: &Back) -> Decision {
    let next = if at.state.plan.kind == PlanKind::Converge { disarm(at) } else { next(at, back) };
    match next {
        Some(_) if at.now >= at.deadline() => finish_mixed(at),
        Some(decision) => decision,
        None => finish(at, back),
    }
}

fn next(at: &Moment, back: &Back) -> Option<Decision> {
    proxy(at)
        .or_else(|| restart_old(at))
        .or_else(|| route(at, back))
        .or_else(|| retire(at))
        .or_else(|| await_stopped(at))
        .or_else(|| disarm(at))
        .or_else(|| missing_host(at))
}

/// A proxy that does not answer is brought back; without it nothing can be said about the traffic.
fn proxy(at: &Moment) -> Option<Decision> {
    on_hosts(at, |host, seen| {
        (seen.traffic.is_none() && at.state.prepared.contains(&host.host)).then_some(Action::Prepare)
    })
}

/// Instances of the old side that are gone (crashed beyond their policy) are started again.
fn restart_old(at: &Moment) -> Option<Decision> {
    on_hosts(at, |host, seen| {
        let gone = |id: &&InstanceId| seen.instance(id).is_none_or(|i| !i.state.is_live());
        let gone: Vec<_> = host.old.iter().filter(gone).cloned().collect();
        (!gone.is_empty()).then_some(Action::Start { instances: gone })
    })
}

fn route(at: &Moment, back: &Back) -> Option<Decision> {
    let act = on_hosts(at, |host, seen| {
        let weights = wanted(at, back, host, seen)?;
        (!sides::in_force(seen, &weights)).then_some(Action::Route { weights })
    });
    act.or_else(|| {
        // Where the old side cannot take all of it yet, it does not serve everywhere, whoever else does.
        let partly = at.state.plan.hosts.iter().any(|h| {
            let all = sides::back_to(&at.state.plan, h);
            // Where nothing served before, a proxy that does not run is as good as one without a side.
            let nothing = |seen: &HostObservation| all.is_empty() && seen.traffic.is_none();
            at.fleet.host(&h.host).is_some_and(|seen| !sides::in_force(seen, &all) && !nothing(seen))
        });
        partly.then(|| at.wait("instances of the release before to be ready"))
    })
}

/// The table to set on a host now; `None` where nothing can be set yet because the old side has nothing ready.
fn wanted(at: &Moment, back: &Back, host: &HostPlan, seen: &HostObservation) -> Option<Vec<ArmWeight>> {
    let all = sides::back_to(&at.state.plan, host);
    if all.is_empty() {
        return seen.traffic.is_some().then_some(all);
    }
    let ready_old = sides::ready(seen, &host.old).len();
    let ready_new = sides::ready(seen, &host.new);
    let patience = back.since + at.state.plan.run.health.healthy_deadline.duration();
    if ready_old == 0 {
        return None;
    }
    if ready_old == host.old.len() || ready_new.is_empty() || at.now >= patience {
        return Some(all);
    }
    let able =
        Share::basis_points(u32::try_from(ready_old * 10_000 / host.old.len()).expect("at most 10,000"));
    let new = able.rest().min(sides::weight_of(seen, &at.state.plan.release));
    Some(match new {
        Share::NONE => all,
        new => {
            let arms = seen.traffic.iter().flat_map(|t| &t.table.arms);
            let mut of_new = arms.filter(|a| a.release == at.state.plan.release).flat_map(|a| &a.backends);
            let instances: Vec<_> = of_new.by_ref().map(|b| b.instance.clone()).collect();
            sides::split(&at.state.plan, host, &instances, new)
        }
    })
}

fn retire(at: &Moment) -> Option<Decision> {
    on_hosts(at, |host, seen| {
        let up = |id: &&InstanceId| {
            seen.instance(id).is_some_and(|i| i.state.is_live() && i.state != InstanceState::Draining)
        };
        let up: Vec<_> = host.new.iter().filter(up).cloned().collect();
        (!up.is_empty()).then_some(Action::Retire { instances: up })
    })
}

fn await_stopped(at: &Moment) -> Option<Decision> {
    let live = |h: &HostPlan| {
        let seen = at.fleet.host(&h.host)?;
        Some(h.new.iter().filter(|id| seen.instance(id).is_some_and(|i| i.state.is_live())).count())
    };
    let left: usize = at.state.plan.hosts.iter().filter_map(live).sum();
    (left > 0).then(|| at.wait(format!("{left} of the new instances to drain and stop")))
}

fn disarm(at: &Moment) -> Option<Decision> {
    on_hosts(at, |_, seen| match &seen.switch {
        SwitchState::Armed { orders, .. } | SwitchState::Fired { orders, .. }
            if orders.rollout == at.state.plan.rollout =>
        {
            Some(Action::Disarm)
        }
        _ => None,
    })
}

fn missing_host(at: &Moment) -> Option<Decision> {
    let missing = at.state.plan.hosts.iter().find(|h| at.fleet.host(&h.host).is_none())?;
    Some(at.wait(format!("host {} to answer", missing.host)))
}

fn finish_mixed(at: &Moment) -> Decision {
    let summary = match next(at, at.state.back.as_ref().expect("on the way back")) {
        Some(Decision::Wait(wait)) => format!("gave up waiting for {}", wait.waiting_for),
        Some(Decision::Act(actions)) => {
            let (host, action) = (&actions[0].host, actions[0].action.name());
            let key = (host.clone(), action.to_owned());
            let why = at.state.failures.get(&key).map_or("it did not help", |f| f.error.as_str());
            format!("gave up trying to {action} on {host}: {why}")
        }
        _ => "could not be brought back completely".to_owned(),
    };
    record(Entry::Finished { outcome: Outcome::Mixed, summary })
}

fn finish(at: &Moment, back: &Back) -> Decision {
    let outcome = match &back.reason {
        BackReason::Superseded { .. } => Outcome::Superseded,
        BackReason::NobodyAnswered { .. } | BackReason::Policy { .. } => Outcome::Inconclusive,
        BackReason::ActionFailed { .. } if !at.state.took_traffic && at.state.started.is_empty() => {
            Outcome::Refused
        }
        _ => Outcome::RolledBack,
    };
    let summary = match &at.state.plan.replaces {
        Some(_) => "the release before serves everywhere",
        None => "nothing serves, as before",
    };
    record(Entry::Finished { outcome, summary: summary.to_owned() })
}
