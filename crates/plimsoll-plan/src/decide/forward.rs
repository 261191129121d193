//! The way forward: prepare, publish, arm the switch, go through the steps, promote, settle.
//!
//! The order of traffic is always: capacity of the receiving side first, then weight, then verification at the data
//! plane, then drain, then stop.

use plimsoll_model::Share;
use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::plan::{Action, HostAction, HostPlan};
use plimsoll_model::record::{Entry, Outcome};

use super::{Decision, Moment, record, sides, steps};

/// What to do next on the way forward, nothing being committed.
pub(super) fn decide(at: &Moment) -> Decision {
    if let Some(decision) =
        missing_host(at).or_else(|| prepared(at)).or_else(|| published(at)).or_else(|| armed(at))
    {
        return decision;
    }
    let steps = u32::try_from(at.state.plan.steps.len()).expect("a plan has few steps");
    if at.state.promoting {
        return promote(at);
    }
    match at.state.step {
        Some(open) => steps::decide(at, open),
        None if at.state.paused => steps::hold_for_person(at),
        None if at.state.steps_done < steps => record(Entry::StepEntered { step: at.state.steps_done }),
        None => record(Entry::Promoting { why: why_promoting(at).to_owned() }),
    }
}

fn why_promoting(at: &Moment) -> &'static str {
    match (at.state.plan.steps.is_empty(), &at.state.plan.replaces) {
        (true, None) => "nothing served before that it could be compared with",
        (true, Some(_)) => "there are no steps",
        (false, _) => "no step is left",
    }
}

fn missing_host(at: &Moment) -> Option<Decision> {
    let missing = at.state.plan.hosts.iter().find(|h| at.fleet.host(&h.host).is_none())?;
    Some(at.wait(format!("host {} to answer", missing.host)))
}

fn prepared(at: &Moment) -> Option<Decision> {
    on_hosts(at, |host, seen| {
        // A proxy that was there and is not now is brought back by the same request.
        (!at.state.prepared.contains(&host.host) || seen.traffic.is_none()).then_some(Action::Prepare)
    })
}

fn published(at: &Moment) -> Option<Decision> {
    on_hosts(at, |_, seen| (!seen.releases.contains(&at.state.plan.release)).then_some(Action::Publish))
}

fn armed(at: &Moment) -> Option<Decision> {
    on_hosts(at, |_, seen| match &seen.switch {
        SwitchState::Armed { orders, .. } if orders.rollout == at.state.plan.rollout => None,
        // It went off in an earlier rollout that nobody brought to an end; until it is taken off the host lets
        // nothing move.
        SwitchState::Fired { .. } => Some(Action::Disarm),
        _ => Some(Action::Arm),
    })
}

/// The same kind of change on every host that needs it, or `None` where none does.
pub(super) fn on_hosts(
    at: &Moment,
    needs: impl Fn(&HostPlan, &HostObservation) -> Option<Action>,
) -> Option<Decision> {
    let actions: Vec<HostAction> = at
        .state
        .plan
        .hosts
        .iter()
        .filter_map(|h| Some((h, at.fleet.host(&h.host)?)))
        .filter_map(|(h, seen)| Some(HostAction { host: h.host.clone(), action: needs(h, seen)? }))
        .collect();
    (!actions.is_empty()).then(|| at.act(actions))
}

/// Brings `count` new instances up on each host and gives them `weight`: started, proved, routed, read back.
/// `None` once all of it holds.
pub(super) fn ensure(at: &Moment, share: impl Fn(&HostPlan) -> (u32, Share)) -> Option<Decision> {
    let plan = &at.state.plan;
    let wanted = |h: &HostPlan| h.new.iter().take(share(h).0 as usize).cloned().collect::<Vec<_>>();
    let start = on_hosts(at, |host, seen| {
        let missing: Vec<_> = wanted(host)
            .into_iter()
            .filter(|id| {
                seen.instance(id).is_none_or(|i| match i.state {
                    InstanceState::Stopped => true,
                    // Failed in an earlier rollout: started anew. Failed in this one: a trigger saw it first.
                    InstanceState::Failed => !at.state.has_started(&host.host, id),
                    _ => false,
                })
            })
            .collect();
        (!missing.is_empty()).then_some(Action::Start { instances: missing })
    });
    start.or_else(|| await_ready(at, &wanted)).or_else(|| {
        on_hosts(at, |host, seen| {
            let weights = sides::split(plan, host, &wanted(host), share(host).1);
            // In force is not enough: a coordinator that died between the deed and its record left nobody to start the
            // analyses, and no counts from which the spread is measured. The same table again gives both.
            let recorded = at.state.routed.get(&host.host) == Some(&weights);
            (!recorded || !sides::in_force(seen, &weights)).then_some(Action::Route { weights })
        })
    })
}

/// Waits until the instances are ready.
fn await_ready(
    at: &Moment,
    wanted: &impl Fn(&HostPlan) -> Vec<plimsoll_model::InstanceId>,
) -> Option<Decision> {
    let mut missing = 0;
    for host in &at.state.plan.hosts {
        let seen = at.fleet.host(&host.host)?;
        let wanted = wanted(host);
        missing += wanted.len() - sides::ready(seen, &wanted).len();
    }
    (missing > 0).then(|| at.wait(format!("{} to be proved", instances(missing))))
}

fn instances(count: usize) -> String {
    if count == 1 { "1 instance".to_owned() } else { format!("{count} instances") }
}

/// All instances, all traffic, and then the point of no return.
fn promote(at: &Moment) -> Decision {
    let all =
        |host: &HostPlan| (u32::try_from(host.new.len()).expect("a plan has few instances"), Share::ALL);
    ensure(at, all)
        .or_else(|| {
            on_hosts(at, |host, _| (!at.state.committed.contains(&host.host)).then_some(Action::Commit))
        })
        .unwrap_or_else(|| settle(at))
}

/// After the first commit: the other hosts commit, the old instances leave, and the rollout is over. Nothing here
/// goes back, and nothing here gives the old side weight. What cannot be settled in time is left as it is, and said.
pub(super) fn settle(at: &Moment) -> Decision {
    match settling(at) {
        Decision::Record(entry) => Decision::Record(entry),
        unsettled if at.now >= at.deadline() => finish_unsettled(at, unsettled),
        unsettled => unsettled,
    }
}

fn finish_unsettled(at: &Moment, unsettled: Decision) -> Decision {
    let what = match unsettled {
        Decision::Act(actions) => format!("trying to {} on {}", actions[0].action.name(), actions[0].host),
        Decision::Wait(wait) => format!("waiting for {}", wait.waiting_for),
        Decision::Record(_) | Decision::Over(_) => "settling".to_owned(),
    };
    let summary = format!(
        "{} is current, and after {} {what} was given up",
        at.state.plan.release, at.state.plan.rules.progress_deadline
    );
    record(Entry::Finished { outcome: Outcome::Mixed, summary })
}

fn settling(at: &Moment) -> Decision {
    let plan = &at.state.plan;
    let all =
        |host: &HostPlan| (u32::try_from(host.new.len()).expect("a plan has few instances"), Share::ALL);
    // Hosts that have not committed yet still have their switch armed: they are brought through first.
    let uncommitted = plan.hosts.iter().any(|h| !at.state.committed.contains(&h.host));
    if uncommitted {
        return ensure(at, all)
            .or_else(|| {
                on_hosts(at, |h, _| (!at.state.committed.contains(&h.host)).then_some(Action::Commit))
            })
            .unwrap_or_else(|| at.wait("hosts to commit"));
    }
    let prepare = on_hosts(at, |_, seen| seen.traffic.is_none().then_some(Action::Prepare));
    let route = || {
        on_hosts(at, |host, seen| {
            let weights = sides::split(plan, host, &host.new, Share::ALL);
            (!sides::in_force(seen, &weights)).then_some(Action::Route { weights })
        })
    };
    let retire = || {
        on_hosts(at, |_, seen| {
            let leftover = leftovers(at, seen, |state| state != InstanceState::Draining);
            (!leftover.is_empty()).then_some(Action::Retire { instances: leftover })
        })
    };
    prepare.or_else(route).or_else(retire).unwrap_or_else(|| finish(at))
}

/// Instances that are still up and that the plan does not keep: the old side's, and any left by a rollout before.
fn leftovers(
    at: &Moment,
    seen: &HostObservation,
    which: impl Fn(InstanceState) -> bool,
) -> Vec<plimsoll_model::InstanceId> {
    let kept = at.state.plan.hosts.iter().flat_map(|h| &h.new).collect::<Vec<_>>();
    let live = seen.instances.iter().filter(|i| i.state.is_live() && which(i.state));
    live.map(|i| i.instance.clone()).filter(|id| !kept.contains(&id)).collect()
}

fn finish(at: &Moment) -> Decision {
    let plan = &at.state.plan;
    let draining: usize = at.fleet.hosts.iter().map(|h| leftovers(at, &h.seen, |_| true).len()).sum();
    let deadline = at.deadline();
    if draining > 0 && at.now < deadline {
        return at.wait(format!("{} to drain and stop", instances(draining)));
    }
    if let Some(lost) = plan.hosts.iter().find(|h| at.fleet.host(&h.host).is_none()) {
        if at.now < deadline {
            return at.wait(format!("host {} to answer", lost.host));
        }
        let summary = format!("{} does not answer; it is not known what it serves", lost.host);
        return record(Entry::Finished { outcome: Outcome::Mixed, summary });
    }
    let ready: usize =
        plan.hosts.iter().filter_map(|h| Some(sides::ready(at.fleet.host(&h.host)?, &h.new).len())).sum();
    let all: usize = plan.hosts.iter().map(|h| h.new.len()).sum();
    if ready < all && at.now < deadline {
        return at.wait(format!("{} to be ready again", instances(all - ready)));
    }
    let summary = format!("serves with {ready} of {all} instances on {}", hosts(plan.hosts.len()));
    let outcome = if ready == 0 { Outcome::Mixed } else { Outcome::Promoted };
    record(Entry::Finished { outcome, summary })
}

fn hosts(count: usize) -> String {
    if count == 1 { "1 host".to_owned() } else { format!("{count} hosts") }
}

/// What keeps the rollout from going on, for the sentence that says so; `None` where only a clock or a person is waited
/// for, or nothing is.
pub(super) fn obstacle(at: &Moment) -> Option<String> {
    match decide(at) {
        Decision::Wait(wait) if wait.person => None,
        Decision::Wait(wait) => Some(wait.waiting_for),
        Decision::Act(actions) => Some(actions.first().map_or("nothing", |a| a.action.name()).to_owned()),
        Decision::Record(_) | Decision::Over(_) => None,
    }
}
