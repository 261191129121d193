//! Records and events as short lines, with releases by the names that people use.

use plimsoll_model::agent::ArmWeight;
use plimsoll_model::metrics::Reading;
use plimsoll_model::plan::{Action, HostAction};
use plimsoll_model::record::{Answered, Entry, Record};
use plimsoll_model::{InstanceId, ReleaseId};

use super::faults::Event;
use super::release::Releases;

/// A record as one line; releases that are not known stay as they are.
pub fn record(record: &Record, releases: &Releases) -> String {
    let name = |id: &ReleaseId| name(id, releases);
    let line = match &record.entry {
        Entry::Planned { plan } => {
            let from = plan.replaces.as_ref().map_or_else(|| "nothing".to_owned(), name);
            format!("planned {}: {:?} {from} -> {}", plan.rollout, plan.kind, name(&plan.release))
        }
        Entry::Intended { actions: list } => format!("intends {}", actions(list, releases)),
        Entry::Performed { actions: list, .. } => format!("did {}", actions(list, releases)),
        Entry::ActionFailed { action, error, retry } => {
            let again = if *retry { "" } else { ", for good" };
            format!("failed {}{again}: {error}", actions(std::slice::from_ref(action), releases))
        }
        Entry::StepEntered { step } => format!("enters step {step}"),
        Entry::StepDone { step, why } => format!("done with step {step}: {why}"),
        Entry::Looked { analysis, reading } => format!("looks for {analysis}: {}", reading_words(reading)),
        Entry::Assessed { assessment } => {
            format!("assesses {}: {:?}; {}", assessment.analysis, assessment.verdict, assessment.reason)
        }
        Entry::Held { reason, .. } => format!("holds: {reason:?}"),
        Entry::Commanded { command } => format!("command of {}: {command:?}", record.author),
        Entry::Promoting { why } => format!("promotes: {why}"),
        Entry::GoingBack { reason } => format!("goes back: {reason:?}"),
        Entry::Finished { outcome, summary } => format!("finished {outcome:?}: {summary}"),
        Entry::SetAside { host, reason, .. } => format!("goes on without {host}: {reason}"),
        Entry::Counted { counts } => {
            let count =
                |c: &Answered| format!("{} on {} {} ({} bad)", name(&c.release), c.host, c.requests, c.bad);
            format!("counts {}", counts.iter().map(count).collect::<Vec<_>>().join(", "))
        }
        Entry::TakenOver { course } => format!("taken over: {course}"),
        other => format!("{other:?}"),
    };
    format!("#{} {}", record.sequence, renamed(line, releases))
}

/// Replaces the identifiers of known releases by their names.
pub fn renamed(mut text: String, releases: &Releases) -> String {
    for label in releases.labels() {
        text = text.replace(label.release.as_str(), &label.to_string());
    }
    text
}

fn name(id: &ReleaseId, releases: &Releases) -> String {
    releases.get(id).map_or_else(|| id.to_string(), |r| r.label().to_string())
}

fn actions(actions: &[HostAction], releases: &Releases) -> String {
    let one = |HostAction { host, action }: &HostAction| {
        let what = match action {
            Action::Start { instances: list } => format!("start {}", instances(list, releases)),
            Action::Retire { instances: list } => format!("retire {}", instances(list, releases)),
            Action::Route { weights } => format!("route {}", shares(weights, releases)),
            other => other.name().to_owned(),
        };
        format!("{what} on {host}")
    };
    actions.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn instances(ids: &[InstanceId], releases: &Releases) -> String {
    let one = |id: &InstanceId| format!("{}/{}", name(&id.release, releases), id.ordinal);
    ids.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Weights as words: `r1 95 % r2 5 %`.
pub fn shares(weights: &[ArmWeight], releases: &Releases) -> String {
    let one = |w: &ArmWeight| format!("{} {}", name(&w.release, releases), w.weight);
    if weights.is_empty() {
        "nothing".to_owned()
    } else {
        weights.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

fn reading_words(reading: &Reading) -> String {
    match reading {
        Reading::Counts { canary, stable, .. } => {
            let side = |i: &plimsoll_model::metrics::Increment| format!("{} of {} bad", i.errors, i.requests);
            let stable = stable.as_ref().map_or_else(|| "no stable side".to_owned(), side);
            format!("canary {}, stable {stable}", side(canary))
        }
        Reading::Value { value } => format!("{value:.3}"),
        Reading::NoTraffic => "no traffic".to_owned(),
        Reading::Unusable { detail, .. } => format!("unusable: {detail}"),
    }
}

/// An event as one line.
pub fn event(event: &Event) -> String {
    match event {
        Event::Person(command) => format!("a person says {command:?}"),
        other => format!("event {other:?}"),
    }
}
