//! The way back: traffic first, then the new instances, then the switch.
//!
//! The old side takes what it can: all of it where its instances are ready, as they are unless something else broke.
//! Where some are missing it takes their share at once and the rest as they come back, and all of it at the latest
//! after the time that an instance may need to become healthy: a failed verdict reaches weight 0 (I3), and does not
//! push the side that is good over (I1).

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::plan::{Action, HostPlan};
use plimsoll_model::record::{BackReason, Entry, Outcome};
use plimsoll_model::{InstanceId, Share};

use super::forward::on_hosts;
use super::{Decision, Moment, Wait, forward, migrate, record, sides};
use crate::state::Back;

/// What to do next on the way back.
pub(super) fn decide(at: &Moment, back: &Back) -> Decision {
    match next(at, back) {
        Some(_) if at.now >= at.deadline() => finish_mixed(at),
        Some(decision) => decision,
        None => finish(at, back),
    }
}

fn next(at: &Moment, back: &Back) -> Option<Decision> {
    migrate::back(at)
        .or_else(|| proxy(at))
        .or_else(|| restart_old(at))
        .or_else(|| route(at, back))
        .or_else(|| retire(at))
        .or_else(|| await_stopped(at))
        .or_else(|| disarm(at))
        .or_else(|| missing_host(at, back))
}

/// The hosts that go back to what they served before, those that were set aside among them: all at once, since what
/// serves there is good. One that served the release already has nothing to go back to.
fn returning<'a>(at: &Moment<'a>) -> impl Iterator<Item = &'a HostPlan> + use<'a> {
    let plan = &at.state.plan;
    plan.hosts.iter().filter(|h| !plan.is_level(h))
}

/// A proxy that does not answer is brought back; without it nothing can be said about the traffic.
fn proxy(at: &Moment) -> Option<Decision> {
    on_hosts(at, returning(at), |host, seen| {
        (seen.traffic.is_none() && at.state.prepared.contains(&host.host)).then_some(Action::Prepare)
    })
}

/// Instances of the old side that are gone (crashed beyond their policy) are started again.
fn restart_old(at: &Moment) -> Option<Decision> {
    on_hosts(at, returning(at), |host, seen| {
        let gone = |id: &&InstanceId| seen.instance(id).is_none_or(|i| !i.state.is_live());
        let gone: Vec<_> = host.old.iter().filter(gone).cloned().collect();
        (!gone.is_empty()).then_some(Action::Start { instances: gone })
    })
}

fn route(at: &Moment, back: &Back) -> Option<Decision> {
    let act = on_hosts(at, returning(at), |host, seen| {
        let weights = wanted(at, back, host, seen)?;
        (!sides::in_force(seen, &weights)).then_some(Action::Route { weights })
    });
    act.or_else(|| {
        // Where the old side cannot take all of it yet, it does not serve everywhere, whoever else does.
        let partly = returning(at).any(|h| {
            let all = sides::back_to(&at.state.plan, h);
            // Where nothing served before, a proxy that does not run is as good as one without a side.
            let nothing = |seen: &HostObservation| all.is_empty() && seen.traffic.is_none();
            at.seen(&h.host).is_some_and(|seen| !sides::in_force(seen, &all) && !nothing(seen))
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
    on_hosts(at, returning(at), |host, seen| {
        let up = |id: &&InstanceId| {
            seen.instance(id).is_some_and(|i| i.state.is_live() && i.state != InstanceState::Draining)
        };
        let up: Vec<_> = host.new.iter().filter(up).cloned().collect();
        (!up.is_empty()).then_some(Action::Retire { instances: up })
    })
}

fn await_stopped(at: &Moment) -> Option<Decision> {
    let live = |h: &HostPlan| {
        let seen = at.seen(&h.host)?;
        Some(h.new.iter().filter(|id| seen.instance(id).is_some_and(|i| i.state.is_live())).count())
    };
    let left: usize = returning(at).filter_map(live).sum();
    (left > 0).then(|| at.wait(format!("{left} of the new instances to drain and stop")))
}

fn disarm(at: &Moment) -> Option<Decision> {
    on_hosts(at, &at.state.plan.hosts, |_, seen| match &seen.switch {
        SwitchState::Armed { orders, .. } | SwitchState::Fired { orders, .. }
            if orders.rollout == at.state.plan.rollout =>
        {
            Some(Action::Disarm)
        }
        _ => None,
    })
}

/// Hosts of which it is not known whether they have gone back: they were changed, and do not answer.
fn unknown<'a>(at: &Moment<'a>) -> impl Iterator<Item = &'a HostPlan> {
    returning(at).filter(|h| at.seen(&h.host).is_none() && at.state.touched.contains(&h.host))
}

/// A host that does not answer is waited for until its own switch must have brought it back; the only host there is,
/// for as long as anything is.
fn missing_host(at: &Moment, back: &Back) -> Option<Decision> {
    let alone = at.state.plan.total() == 1;
    let missing =
        if alone { returning(at).find(|h| at.seen(&h.host).is_none())? } else { unknown(at).next()? };
    let patience = back.since + at.state.plan.rules.dead_man_switch.duration();
    if !alone && at.now >= patience {
        return None;
    }
    let until = if alone { at.deadline() } else { patience.min(at.deadline()) };
    Some(Decision::Wait(Wait {
        waiting_for: format!("host {} to answer", missing.host),
        until,
        person: false,
    }))
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
    let untouched = !at.state.took_traffic && at.state.started.is_empty();
    let outcome = match &back.reason {
        _ if unknown(at).next().is_some() => Outcome::Mixed,
        BackReason::Superseded { .. } => Outcome::Superseded,
        BackReason::ActionFailed { .. } if untouched => Outcome::Refused,
        reason if !reason.is_against_release() => Outcome::Inconclusive,
        _ => Outcome::RolledBack,
    };
    record(Entry::Finished { outcome, summary: what_serves(at) })
}

/// What serves after the way back, and where that is not the same or not known everywhere.
fn what_serves(at: &Moment) -> String {
    let plan = &at.state.plan;
    let hosts = |which: &mut dyn Iterator<Item = &HostPlan>| {
        let hosts: Vec<_> = which.map(|h| &h.host).collect();
        (!hosts.is_empty()).then(|| (forward::names(&hosts), if hosts.len() == 1 { "does" } else { "do" }))
    };
    let unknown = hosts(&mut unknown(at));
    let others = hosts(&mut plan.hosts.iter().filter(|h| h.differs.is_some()));
    let serves = match (&plan.replaces, &unknown) {
        (Some(_), Some(_)) => "the release before serves on every host that answers",
        (None, Some(_)) => "nothing serves on any host that answers, as before",
        (Some(_), None) => "the release before serves everywhere",
        (None, None) => "nothing serves, as before",
    };
    let but = others.map_or(String::new(), |(names, _)| format!(" but on {names}, which served another one"));
    let lost = unknown.map_or(String::new(), |(names, does)| {
        format!(
            "; {names} {does} not answer: the switch there goes back by itself, and what serves is not known"
        )
    });
    format!("{serves}{but}{lost}")
}
