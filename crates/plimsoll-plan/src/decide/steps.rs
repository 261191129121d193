//! One step at a time: what has to hold before it is over.

use std::collections::HashMap;

use plimsoll_model::plan::HostPlan;
use plimsoll_model::record::{BackReason, Entry, HoldReason};
use plimsoll_model::rollout::{Policy, Step};
use plimsoll_model::verdict::Verdict;
use plimsoll_model::{Span, Timestamp};

use super::{Decision, Moment, Wait, forward, record};
use crate::judge::Judge;
use crate::state::{OpenStep, RolloutState};

/// When the open step is over by its own clock, or by a person's deadline; `None` for a step without a clock.
pub(super) fn own_end(state: &RolloutState) -> Option<Timestamp> {
    let open = state.step?;
    let length = match &state.plan.steps.get(open.index as usize)?.step {
        Step::SetWeight { .. } => return None,
        Step::Pause { duration: Some(duration) } | Step::Analysis { duration, .. } => *duration,
        Step::Pause { duration: None } | Step::Approve { .. } => state.plan.rules.person_deadline,
    };
    Some(open.entered + length.duration())
}

/// What the open step needs.
pub(super) fn decide(at: &Moment, open: OpenStep) -> Decision {
    let Some(planned) = at.state.plan.steps.get(open.index as usize) else {
        return done(open, "the plan has no such step");
    };
    // Whatever the step is, the share reached so far is kept up: a proxy or instance that was lost comes back first.
    if let Some(decision) = keep_share(at, open.index) {
        return decision;
    }
    if at.state.paused {
        return hold_for_person(at);
    }
    match &planned.step {
        Step::SetWeight { weight, .. } => {
            done(open, &format!("{weight} in force, read back from the {}", proxies(planned.shares.len())))
        }
        Step::Pause { duration: Some(duration) } => timed(at, open, *duration),
        Step::Pause { duration: None } => person(at, open, HoldReason::Pause, "resumed"),
        Step::Approve { by } => person(at, open, HoldReason::Approval { by: by.clone() }, "approved"),
        Step::Analysis { names, duration } => analysis(at, open, names, *duration),
    }
}

/// Brings the host to the share of the last weight step up to this one; before the first there is none.
fn keep_share(at: &Moment, step: u32) -> Option<Decision> {
    let reached = &at.state.plan.steps[..=step as usize];
    let shares = &reached.iter().rev().find(|s| matches!(s.step, Step::SetWeight { .. }))?.shares;
    let shares: HashMap<_, _> = shares.iter().map(|s| (&s.host, (s.instances, s.weight))).collect();
    forward::ensure(at, |host: &HostPlan| shares.get(&host.host).copied())
}

fn proxies(count: usize) -> String {
    if count == 1 { "proxy".to_owned() } else { format!("proxies of {count} hosts") }
}

fn done(open: OpenStep, why: &str) -> Decision {
    record(Entry::StepDone { step: open.index, why: why.to_owned() })
}

/// A pause with a duration: over when its time is, nothing warns, and there was something to see.
fn timed(at: &Moment, open: OpenStep, duration: Span) -> Decision {
    if open.waved_on {
        return done(open, "a person said to go on");
    }
    let end = open.entered + duration.duration();
    if at.now < end {
        return wait_until(format!("the pause of {duration}"), end);
    }
    if let Some(warned) = at.state.judges.iter().find(|j| is_doubtful(j.verdict())) {
        return hold(at, HoldReason::Warning { analysis: warned.spec().name.clone() });
    }
    // Before the first weight there is nothing to see and nothing to wait for.
    let watching = || at.state.judges.iter().filter(|j| j.is_watching());
    let lacking = watching().filter(|j| !j.is_informed_since(watched_from(open, duration)));
    let suspicious = watching().filter(|j| j.is_suspicious());
    let answers = lacking.map(|judge| no_data(at, open, judge, end));
    let answers = answers.chain(suspicious.map(|judge| suspected(at, open, judge, end)));
    strictest(answers)
        .unwrap_or_else(|| done(open, &format!("{duration} passed and nothing speaks against it")))
}

/// Of the answers that several analyses give, the first that does not let the step pass; one that does where all do.
fn strictest(answers: impl Iterator<Item = Decision>) -> Option<Decision> {
    let passes = |d: &Decision| matches!(d, Decision::Record(e) if matches!(**e, Entry::StepDone { .. }));
    let (mut passing, mut strict) = answers.partition::<Vec<_>, _>(passes);
    if strict.is_empty() { passing.pop() } else { Some(strict.swap_remove(0)) }
}

/// Data from the second half of a pause is what can end it: older data says nothing about the state at its end.
fn watched_from(open: OpenStep, duration: Span) -> Timestamp {
    open.entered + duration.duration() / 2
}

/// A shared degradation that the rules do not roll back on, or a warning.
pub(super) fn is_doubtful(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Warning | Verdict::SharedDegradation)
}

/// An analysis step: over as soon as all are shown good.
fn analysis(at: &Moment, open: OpenStep, names: &[String], duration: Span) -> Decision {
    if open.waved_on {
        return done(open, "a person said to go on");
    }
    let named = |j: &&Judge| names.is_empty() || names.contains(&j.spec().name);
    let undecided = at.state.judges.iter().filter(named).filter(|j| j.verdict() != Verdict::Good);
    let shown = || done(open, "every analysis shows it to be good");
    strictest(undecided.map(|judge| not_good(at, open, judge, duration))).unwrap_or_else(shown)
}

/// What one analysis that does not show the release to be good means for the open analysis step.
fn not_good(at: &Moment, open: OpenStep, judge: &Judge, duration: Span) -> Decision {
    let end = open.entered + duration.duration();
    if at.now < end {
        return wait_until(format!("analysis `{}`", judge.spec().name), end);
    }
    if is_doubtful(judge.verdict()) {
        return hold(at, HoldReason::Warning { analysis: judge.spec().name.clone() });
    }
    if !judge.is_informed_since(watched_from(open, duration)) {
        return no_data(at, open, judge, end);
    }
    let name = judge.spec().name.clone();
    let lacking = format!("no verdict after {duration}: {}", judge.assessment().reason);
    policy(
        at,
        open,
        at.state.plan.rules.on_inconclusive,
        HoldReason::Inconclusive { analysis: name },
        lacking,
    )
}

/// Until when data is waited for that a step cannot end without. Time in which nobody looked does not count against the
/// release: a coordinator that came since then has its first interval, which begins with its first look, before the wait.
fn data_deadline(at: &Moment, judge: &Judge, end: Timestamp) -> Timestamp {
    let spec = judge.spec();
    let could_look = at.fleet.watched_since + spec.interval.duration();
    end.max(could_look) + spec.no_data_deadline.duration()
}

/// No data: waited for until its deadline, then the declared policy.
fn no_data(at: &Moment, open: OpenStep, judge: &Judge, end: Timestamp) -> Decision {
    let spec = judge.spec();
    let deadline = data_deadline(at, judge, end);
    if at.now < deadline {
        return wait_until(format!("data for analysis `{}` ({})", spec.name, judge.lack()), deadline);
    }
    let reason = HoldReason::NoData { analysis: spec.name.clone() };
    let lacking = format!("no data after {}: {}", spec.no_data_deadline, judge.lack());
    policy(at, open, spec.on_no_data, reason, lacking)
}

/// Over the limit so far, and too little traffic to tell whether that is chance: a pause is not over while that is so.
/// It waits for as long as it would for data, and is without verdict then.
fn suspected(at: &Moment, open: OpenStep, judge: &Judge, end: Timestamp) -> Decision {
    let spec = judge.spec();
    let deadline = data_deadline(at, judge, end);
    let seen = judge.assessment().reason;
    if at.now < deadline {
        return wait_until(
            format!("analysis `{}` to tell whether this is chance: {seen}", spec.name),
            deadline,
        );
    }
    let reason = HoldReason::Inconclusive { analysis: spec.name.clone() };
    let lacking = format!("no verdict after {}: {seen}", spec.no_data_deadline);
    policy(at, open, at.state.plan.rules.on_inconclusive, reason, lacking)
}

fn policy(at: &Moment, open: OpenStep, policy: Policy, reason: HoldReason, lacking: String) -> Decision {
    match policy {
        Policy::Hold => hold(at, reason),
        Policy::Promote => done(open, &format!("{lacking}; the policy says to go on")),
        Policy::RollBack => {
            let (HoldReason::Inconclusive { analysis } | HoldReason::NoData { analysis }) = reason else {
                return hold(at, reason);
            };
            record(Entry::GoingBack { reason: BackReason::Policy { analysis, detail: lacking } })
        }
    }
}

fn person(at: &Moment, open: OpenStep, reason: HoldReason, done_because: &str) -> Decision {
    if open.waved_on {
        return done(open, done_because);
    }
    hold(at, reason)
}

/// A pause that a person asked for in between.
pub(super) fn hold_for_person(at: &Moment) -> Decision {
    hold(at, HoldReason::PausedByPerson)
}

fn hold(at: &Moment, reason: HoldReason) -> Decision {
    match &at.state.hold {
        Some(hold) => Decision::Wait(Wait {
            waiting_for: format!("a person: {}", describe(&hold.reason)),
            until: hold.until,
            person: true,
        }),
        None => {
            record(Entry::Held { reason, until: at.now + at.state.plan.rules.person_deadline.duration() })
        }
    }
}

fn describe(reason: &HoldReason) -> String {
    match reason {
        HoldReason::Pause => "the step pauses until someone resumes".to_owned(),
        HoldReason::PausedByPerson => "someone paused the rollout".to_owned(),
        HoldReason::Approval { by: Some(by) } => format!("{by} is asked to approve"),
        HoldReason::Approval { by: None } => "someone is asked to approve".to_owned(),
        HoldReason::Inconclusive { analysis } => format!("analysis `{analysis}` came to no verdict"),
        HoldReason::NoData { analysis } => format!("analysis `{analysis}` has no data"),
        HoldReason::Warning { analysis } => format!("analysis `{analysis}` warns"),
    }
}

fn wait_until(waiting_for: String, until: Timestamp) -> Decision {
    Decision::Wait(Wait { waiting_for, until, person: true })
}
