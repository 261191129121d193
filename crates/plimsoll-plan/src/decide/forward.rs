//! The way forward: prepare, publish, migrate, arm the switch, go through the steps, promote, settle.
//!
//! The order of traffic is always: capacity of the receiving side first, then weight, then verification at the data
//! plane, then drain, then stop.

use std::collections::HashSet;

use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::plan::{Action, HostAction, HostPlan};
use plimsoll_model::record::{Entry, Outcome};
use plimsoll_model::rollout::Step;
use plimsoll_model::{HostName, InstanceId, Share};

use super::{Decision, Moment, migrate, record, sides, steps};

/// What to do next on the way forward, nothing being committed.
pub(super) fn decide(at: &Moment) -> Decision {
    if let Some(decision) = prepared(at)
        .or_else(|| published(at))
        .or_else(|| missing_host(at))
        .or_else(|| migrate::decide(at))
        .or_else(|| armed(at))
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

/// A host that has to answer before anything goes on: one that was changed, or that has not got what it needs. The
/// others are waited for when their turn comes.
fn missing_host(at: &Moment) -> Option<Decision> {
    let ready = |h: &HostName| at.state.prepared.contains(h) && at.state.published.contains(h);
    let needed = |h: &&HostPlan| at.seen(&h.host).is_none() && (is_in_play(at, h) || !ready(&h.host));
    let missing = at.hosts().find(needed)?;
    Some(at.wait(format!("host {} to answer", missing.host)))
}

/// Whether the host was changed, or is among the first that will be.
fn is_in_play(at: &Moment, host: &HostPlan) -> bool {
    at.state.touched.contains(&host.host) || first(at).any(|h| h.host == host.host)
}

/// The hosts that are changed first.
fn first<'a>(at: &Moment<'a>) -> impl Iterator<Item = &'a HostPlan> + use<'a> {
    let plan = &at.state.plan;
    let weights = plan.steps.iter().find(|s| matches!(s.step, Step::SetWeight { .. }));
    let hosts = weights.map_or(plan.hosts.len(), |step| step.shares.len());
    plan.hosts.iter().take(hosts.min(plan.max_parallel as usize))
}

/// All hosts at once: nothing that serves is changed by it, and a host that cannot take part is known before the first
/// request meets the release.
fn prepared(at: &Moment) -> Option<Decision> {
    on_hosts(at, at.hosts(), |host, seen| {
        // A proxy that was there and is not now is brought back by the same request.
        (!at.state.prepared.contains(&host.host) || seen.traffic.is_none()).then_some(Action::Prepare)
    })
}

/// All hosts at once, as many as the transport carries; see [`prepared`].
fn published(at: &Moment) -> Option<Decision> {
    on_hosts(at, at.hosts(), |_, seen| {
        (!seen.releases.contains(&at.state.plan.release)).then_some(Action::Publish)
    })
}

/// The switch of every host that was changed, and of the first that will be.
fn armed(at: &Moment) -> Option<Decision> {
    let aside = &at.state.aside;
    let first: HashSet<&HostName> = first(at).map(|h| &h.host).filter(|h| !aside.contains_key(*h)).collect();
    let in_play = |h: &&HostPlan| at.state.touched.contains(&h.host) || first.contains(&h.host);
    on_hosts(at, at.hosts().filter(in_play), |_, seen| arm(at, seen))
}

fn arm(at: &Moment, seen: &HostObservation) -> Option<Action> {
    match &seen.switch {
        SwitchState::Armed { orders, .. } if orders.rollout == at.state.plan.rollout => None,
        // It went off in an earlier rollout that nobody brought to an end; until it is taken off the host lets
        // nothing move.
        SwitchState::Fired { .. } => Some(Action::Disarm),
        _ => Some(Action::Arm),
    }
}

/// The same kind of change on each of these hosts that needs it, or `None` where none does.
pub(super) fn on_hosts<'a>(
    at: &Moment,
    hosts: impl IntoIterator<Item = &'a HostPlan>,
    needs: impl Fn(&HostPlan, &HostObservation) -> Option<Action>,
) -> Option<Decision> {
    let action =
        |h: &HostPlan| Some(HostAction { host: h.host.clone(), action: needs(h, at.seen(&h.host)?)? });
    let actions: Vec<HostAction> = hosts.into_iter().filter_map(action).collect();
    (!actions.is_empty()).then(|| at.act(actions))
}

/// What a host is to have: how many new instances, and their weight.
struct Part<'a> {
    host: &'a HostPlan,
    wanted: &'a [InstanceId],
    weight: Share,
}

/// Brings each host to its share, batch by batch: instances started, proved, routed, read back. A batch begins when all
/// of the one before holds. Hosts without a share are left alone. `None` once all of it holds.
pub(super) fn ensure(at: &Moment, share: impl Fn(&HostPlan) -> Option<(u32, Share)>) -> Option<Decision> {
    let part = |host| {
        let (count, weight) = share(host)?;
        let wanted = host.new.get(..count as usize).unwrap_or(&host.new);
        Some(Part { host, wanted, weight })
    };
    at.batches().find_map(|batch| ensure_batch(at, &batch.into_iter().filter_map(part).collect::<Vec<_>>()))
}

fn ensure_batch(at: &Moment, parts: &[Part]) -> Option<Decision> {
    let on_parts = |needs: &dyn Fn(&Part, &HostObservation) -> Option<Action>| {
        let action = |p: &Part| {
            let action = needs(p, at.seen(&p.host.host)?)?;
            Some(HostAction { host: p.host.host.clone(), action })
        };
        let actions: Vec<HostAction> = parts.iter().filter_map(action).collect();
        (!actions.is_empty()).then(|| at.act(actions))
    };
    let uncommitted = |p: &Part| !at.state.committed.contains(&p.host.host);
    on_parts(&|part, seen| uncommitted(part).then(|| arm(at, seen)).flatten())
        .or_else(|| {
            on_parts(&|part, seen| {
                let missing = missing(at, part, seen);
                (!missing.is_empty()).then_some(Action::Start { instances: missing })
            })
        })
        .or_else(|| await_ready(at, parts))
        .or_else(|| {
            on_parts(&|part, seen| {
                let weights = sides::split(&at.state.plan, part.host, part.wanted, part.weight);
                // In force is not enough: a coordinator that died between the deed and its record left nobody to start
                // the analyses, and no counts from which the spread is measured. The same table again gives both.
                let recorded = at.state.routed.get(&part.host.host) == Some(&weights);
                (!recorded || !sides::in_force(seen, &weights)).then_some(Action::Route { weights })
            })
        })
        .or_else(|| {
            let lost = parts.iter().find(|p| at.seen(&p.host.host).is_none())?;
            Some(at.wait(format!("host {} to answer", lost.host.host)))
        })
}

/// Instances that are to be there and are not.
fn missing(at: &Moment, part: &Part, seen: &HostObservation) -> Vec<InstanceId> {
    let is_missing = |id: &&InstanceId| {
        seen.instance(id).is_none_or(|i| match i.state {
            InstanceState::Stopped => true,
            // Failed in an earlier rollout: started anew. Failed in this one: a trigger saw it first.
            InstanceState::Failed => !at.state.has_started(&part.host.host, id),
            _ => false,
        })
    };
    part.wanted.iter().filter(is_missing).cloned().collect()
}

/// Waits until the instances are ready.
fn await_ready(at: &Moment, parts: &[Part]) -> Option<Decision> {
    let lacks = |part: &Part| {
        let seen = at.seen(&part.host.host)?;
        Some(part.wanted.len() - sides::ready(seen, part.wanted).len())
    };
    let missing: usize = parts.iter().filter_map(lacks).sum();
    (missing > 0).then(|| at.wait(format!("{} to be proved", instances(missing))))
}

fn instances(count: usize) -> String {
    if count == 1 { "1 instance".to_owned() } else { format!("{count} instances") }
}

/// All instances, all traffic, on all hosts; and only then the point of no return. Until then any host's fault takes the
/// whole fleet back.
fn promote(at: &Moment) -> Decision {
    ensure(at, all).or_else(|| commit(at)).unwrap_or_else(|| settle(at))
}

#[expect(clippy::unnecessary_wraps, reason = "a share as `ensure` asks for it")]
fn all(host: &HostPlan) -> Option<(u32, Share)> {
    Some((u32::try_from(host.new.len()).expect("a plan has few instances"), Share::ALL))
}

fn commit(at: &Moment) -> Option<Decision> {
    at.batches().find_map(|batch| {
        on_hosts(at, batch, |host, _| (!at.state.committed.contains(&host.host)).then_some(Action::Commit))
    })
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
    // Hosts that have not committed yet still have their switch armed: they are brought through first.
    if at.hosts().any(|h| !at.state.committed.contains(&h.host)) {
        return ensure(at, all).or_else(|| commit(at)).unwrap_or_else(|| at.wait("hosts to commit"));
    }
    let prepare = on_hosts(at, at.hosts(), |_, seen| seen.traffic.is_none().then_some(Action::Prepare));
    let route = || {
        at.batches().find_map(|batch| {
            on_hosts(at, batch, |host, seen| {
                let weights = sides::split(plan, host, &host.new, Share::ALL);
                (!sides::in_force(seen, &weights)).then_some(Action::Route { weights })
            })
        })
    };
    prepare.or_else(route).or_else(|| retire(at)).unwrap_or_else(|| finish(at))
}

/// Batch by batch as well: instances that finish their requests cost a host what they cost it before.
fn retire(at: &Moment) -> Option<Decision> {
    at.batches().find_map(|batch| {
        let act = on_hosts(at, batch.iter().copied(), |host, seen| {
            let leftover = leftovers(host, seen, |state| state != InstanceState::Draining);
            (!leftover.is_empty()).then_some(Action::Retire { instances: leftover })
        });
        act.or_else(|| await_drained(at, &batch))
    })
}

fn await_drained(at: &Moment, hosts: &[&HostPlan]) -> Option<Decision> {
    let left = |h: &&HostPlan| at.seen(&h.host).map_or(0, |seen| leftovers(h, seen, |_| true).len());
    let draining: usize = hosts.iter().map(left).sum();
    (draining > 0 && at.now < at.deadline())
        .then(|| at.wait(format!("{} to drain and stop", instances(draining))))
}

/// Instances that are still up and that the plan does not keep: the old side's, and any left by a rollout before.
fn leftovers(
    host: &HostPlan,
    seen: &HostObservation,
    which: impl Fn(InstanceState) -> bool,
) -> Vec<InstanceId> {
    let live = seen.instances.iter().filter(|i| i.state.is_live() && which(i.state));
    live.map(|i| i.instance.clone()).filter(|id| !host.new.contains(id)).collect()
}

fn finish(at: &Moment) -> Decision {
    let deadline = at.deadline();
    if let Some(lost) = at.hosts().find(|h| at.seen(&h.host).is_none()) {
        if at.now < deadline {
            return at.wait(format!("host {} to answer", lost.host));
        }
        let summary = format!("{} does not answer; it is not known what it serves", lost.host);
        return record(Entry::Finished { outcome: Outcome::Mixed, summary });
    }
    let (mut ready, mut all, mut count) = (0, 0, 0);
    for host in at.hosts() {
        ready += at.seen(&host.host).map_or(0, |seen| sides::ready(seen, &host.new).len());
        all += host.new.len();
        count += 1;
    }
    if ready < all && at.now < deadline {
        return at.wait(format!("{} to be ready again", instances(all - ready)));
    }
    let serves = format!("serves with {ready} of {all} instances on {}", hosts(count));
    let (outcome, summary) = match set_aside(at) {
        _ if ready == 0 => (Outcome::Mixed, serves),
        None => (Outcome::Promoted, serves),
        Some(aside) => (Outcome::PromotedInPart, format!("{serves}; {aside}")),
    };
    record(Entry::Finished { outcome, summary })
}

/// `web9 is set aside`, `web9, web11 and 3 more are set aside`; `None` where no host is.
fn set_aside(at: &Moment) -> Option<String> {
    let planned = at.state.plan.set_aside.iter().map(|lost| &lost.host);
    let hosts: Vec<_> = planned.chain(at.state.aside.keys()).collect();
    let are = if hosts.len() == 1 { "is" } else { "are" };
    (!hosts.is_empty()).then(|| format!("{} {are} set aside", names(&hosts)))
}

/// Up to three names; of more, how many.
pub(super) fn names(hosts: &[&HostName]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<_> = hosts.iter().take(SHOWN).map(|host| host.as_str()).collect();
    match hosts.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
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
