//! What ends the way forward: looked for before anything else, at every decision.

use plimsoll_model::InstanceId;
use plimsoll_model::observation::{InstanceState, SwitchState};
use plimsoll_model::plan::{Action, HostAction, HostPlan};
use plimsoll_model::record::{BackReason, Entry, Outcome};
use plimsoll_model::verdict::Verdict;

use super::{Decision, Moment, check_split, lost, migrate};
use crate::judge::Judge;
use crate::state::Failures;

/// Failures in a row of one action after which the rollout goes back.
const MAX_FAILURES: u32 = 5;

/// A host that committed this rollout while the coordinator died before it could say so. From there on the way
/// leads only forward: the host has taken its switch off.
pub(super) fn unrecorded_commit(at: &Moment) -> Option<Entry> {
    let actions: Vec<HostAction> = at
        .fleet
        .hosts
        .iter()
        // By name and release: another journal may have given the same name to a rollout of its own.
        .filter(|h| h.seen.committed.as_ref() == Some(&at.state.plan.rollout))
        .filter(|h| h.seen.current.as_ref() == Some(&at.state.plan.release))
        .filter(|h| !at.state.committed.contains(&h.host))
        .map(|h| HostAction { host: h.host.clone(), action: Action::Commit })
        .collect();
    (!actions.is_empty()).then_some(Entry::Performed { actions, assigned: Vec::new() })
}

/// A host that was asked to commit and does not say whether it did. Until it does, neither way is right: forward would
/// be a guess, and the way back does not undo a commit.
pub(super) fn unknown_commit(at: &Moment) -> Option<Decision> {
    let host = at.state.commit_intended.iter().find(|h| at.seen(h).is_none())?;
    if at.now < at.deadline() {
        return Some(at.wait(format!("host {host} to say whether it has committed")));
    }
    let summary = format!("{host} was asked to commit and does not answer; it is not known what it serves");
    Some(super::record(Entry::Finished { outcome: Outcome::Mixed, summary }))
}

/// The first reason to go back, the most certain ones first.
pub(super) fn reason_to_go_back(at: &Moment) -> Option<BackReason> {
    at.state
        .abort
        .clone()
        .or_else(|| switch_fired(at))
        .or_else(|| bad_verdict(at))
        .or_else(|| failed_instance(at))
        .or_else(|| lost_old_side(at))
        .or_else(|| migrate::failed(at))
        .or_else(|| failed_action(at))
        .or_else(|| lost::migrating(at))
        .or_else(|| lost::too_many(at))
        .or_else(|| nobody_answered(at))
        .or_else(|| split_mismatch(at))
        .or_else(|| no_progress(at))
}

fn switch_fired(at: &Moment) -> Option<BackReason> {
    at.hosts().find_map(|h| match &at.seen(&h.host)?.switch {
        SwitchState::Fired { orders, at: when } if orders.rollout == at.state.plan.rollout => {
            let against_release =
                speaks_against(at, |state| matches!(state, InstanceState::Failed | InstanceState::Unready));
            Some(BackReason::SwitchFired { host: h.host.clone(), at: *when, against_release })
        }
        _ => None,
    })
}

/// Whether anything is known against the release itself: an analysis that doubts it, or an instance of it that is in a
/// state that its host's or its coordinator's absence does not explain.
fn speaks_against(at: &Moment, doubtful: impl Fn(InstanceState) -> bool) -> bool {
    let doubts =
        |j: &Judge| j.is_suspicious() || j.verdict().is_bad() || super::steps::is_doubtful(j.verdict());
    let ill = |host: &HostPlan| {
        let seen = at.seen(&host.host);
        let started = host.new.iter().filter(|id| at.state.has_started(&host.host, id));
        let mut states = started.filter_map(|id| Some(seen?.instance(id)?.state));
        states.any(&doubtful)
    };
    at.state.judges.iter().any(doubts) || at.hosts().any(ill)
}

fn bad_verdict(at: &Moment) -> Option<BackReason> {
    use plimsoll_model::rollout::Policy;
    let holds_when_shared = at.state.plan.rules.on_shared_degradation != Policy::RollBack;
    let bad = |verdict: Verdict| match verdict {
        Verdict::SharedDegradation => !holds_when_shared,
        other => other.is_bad(),
    };
    let judge = at.state.judges.iter().find(|j| bad(j.verdict()))?;
    Some(BackReason::Analysis {
        analysis: judge.spec().name.clone(),
        summary: judge.assessment().reason,
        shared: judge.verdict() == Verdict::SharedDegradation,
    })
}

fn failed_instance(at: &Moment) -> Option<BackReason> {
    at.hosts().find_map(|host| {
        let seen = at.seen(&host.host)?;
        // One that this rollout has not started yet is left from an earlier attempt.
        let started = |id: &&InstanceId| at.state.has_started(&host.host, id);
        let ours = |id| seen.instance(id).filter(|i| i.state == InstanceState::Failed);
        let failed = host.new.iter().filter(started).find_map(ours)?;
        Some(BackReason::InstanceFailed {
            host: host.host.clone(),
            instance: failed.instance.clone(),
            detail: failed.detail.clone(),
        })
    })
}

/// A table that a host refuses because the side that shall keep a part of the traffic has nothing left to serve with: no
/// fault of the new release.
fn lost_old_side(at: &Moment) -> Option<BackReason> {
    let route = Action::Route { weights: Vec::new() };
    let refused =
        at.state.failures.iter().filter(|((_, action), f)| action == route.name() && is_given_up(f));
    refused.into_iter().find_map(|((name, _), _)| {
        let (host, seen) = (at.state.plan.host(name)?, at.seen(name)?);
        let old = at.state.plan.before(host).filter(|_| super::sides::ready(seen, &host.old).is_empty())?;
        let against_release = speaks_against(at, |state| {
            matches!(state, InstanceState::Failed | InstanceState::Unready | InstanceState::Starting)
        });
        let waiting_for = format!("an instance of release {old} to be ready on {name}");
        Some(BackReason::NoProgress { waiting_for, against_release })
    })
}

fn failed_action(at: &Moment) -> Option<BackReason> {
    let given_up = at.state.failures.iter().filter(|(_, f)| is_given_up(f));
    let ((host, action), failures) =
        given_up.into_iter().find(|((host, action), _)| !lost::is_excused(at, host, action))?;
    Some(BackReason::ActionFailed { action: format!("{action} on {host}"), error: failures.error.clone() })
}

/// Whether trying again is of no use.
pub(super) fn is_given_up(failures: &Failures) -> bool {
    !failures.retry || failures.count >= MAX_FAILURES
}

fn nobody_answered(at: &Moment) -> Option<BackReason> {
    let hold = at.state.hold.as_ref().filter(|hold| at.now >= hold.until)?;
    Some(BackReason::NobodyAnswered { asked: hold.reason.clone() })
}

fn split_mismatch(at: &Moment) -> Option<BackReason> {
    let check = check_split(at.state, at.fleet)?;
    check.is_mismatch().then(|| BackReason::TrafficMismatch { detail: check.to_string() })
}

/// No progress for too long. A step's own clock, a hold and a person are no obstacles; a host that does not answer or
/// an instance that does not come back is one in any step.
fn no_progress(at: &Moment) -> Option<BackReason> {
    if at.state.hold.is_some() || at.now < at.deadline() {
        return None;
    }
    let obstacle = super::forward::obstacle(at)?;
    // An instance that had all this time and is not proved is the release's own doing.
    let against_release = speaks_against(at, |state| {
        matches!(state, InstanceState::Failed | InstanceState::Unready | InstanceState::Starting)
    });
    Some(BackReason::NoProgress { waiting_for: obstacle, against_release })
}
