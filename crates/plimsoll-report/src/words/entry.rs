//! Records of the journal, one clause each: for the audit, for one rollout's history, and for pipes.

use std::collections::BTreeMap;

use plimsoll_model::metrics::{Increment, Reading, Unusable};
use plimsoll_model::plan::Plan;
use plimsoll_model::record::{Answered, Entry, HoldReason};
use plimsoll_model::verdict::Assessment;
use plimsoll_model::{ReleaseId, Timestamp, release::Tree};

use super::{action, assessment, back, command, gate, hold, hook, kind, operation, source};
use crate::clock;
use crate::names::Names;
use crate::number::{counted, thousands};
use crate::rate::part;

/// What a record says.
pub(crate) fn clause(entry: &Entry, names: &Names) -> String {
    match entry {
        Entry::ReleaseSealed { number, release, commit, subject, tree, .. } => {
            let label = format!("release r{number} ({release}) sealed");
            sealed(label, commit.as_deref(), subject.as_deref(), tree)
        }
        Entry::Gate { evidence } => {
            let decided = gate_word(gate::mark(evidence.decision));
            format!("gate {} {decided}: {}", evidence.gate.name(), evidence.summary)
        }
        Entry::LeaseTaken { holder, from } => lease(holder, from.as_deref()),
        Entry::Planned { plan } => planned(plan, names),
        Entry::Counted { counts } => counted_so_far(counts, names),
        Entry::TakenOver { course } => format!("took the unfinished rollout over: {course}"),
        Entry::Intended { actions } => format!("about to {}", action::clauses(actions, names)),
        Entry::Performed { actions, .. } => format!("done: {}", action::clauses(actions, names)),
        Entry::ActionFailed { action, error, retry } => {
            let again = if *retry { "; trying again may help" } else { "" };
            let what = action::clause(&action.action, names);
            format!("could not {what} on {}: {}{again}", action.host, names.in_text(error))
        }
        Entry::StepEntered { step } => format!("step {} entered", step + 1),
        Entry::StepDone { step, why } => format!("step {} done: {why}", step + 1),
        Entry::Looked { analysis, reading } => format!("`{analysis}` read {}", read(reading)),
        Entry::Assessed { assessment } => assessed(assessment),
        Entry::Held { reason, until } => held(reason, *until),
        Entry::Commanded { command } => command::clause(command, names),
        Entry::Promoting { why } => format!("promoting to all: {why}"),
        Entry::SetAside { host, reason, since } => {
            let since =
                since.map_or(String::new(), |since| format!(" (silent since {})", clock::stamp(since)));
            format!("goes on without {host}: {}{since}", names.in_text(reason))
        }
        Entry::GoingBack { reason } => format!("decided to go back: {}", back::clause(reason, names)),
        Entry::Finished { outcome, summary } => format!("{}: {summary}", kind::outcome(*outcome).1),
        Entry::HooksDue { hooks } => {
            let hooks: Vec<_> = hooks.iter().map(|hook| hook.name()).collect();
            format!("hooks: {}", hooks.join(", "))
        }
        Entry::HookStarted { hook, command } => format!("hook {hook} begins: {command}"),
        Entry::HookEnded { run } => hook::clause(run),
        Entry::Operated { operation, .. } => operation::clause(operation, names),
    }
}

fn sealed(label: String, commit: Option<&str>, subject: Option<&str>, tree: &Tree) -> String {
    let commit = commit.map_or(String::new(), |commit| format!(" from {}", source::short(commit)));
    let subject = subject.map_or(String::new(), |subject| format!(" \"{subject}\""));
    format!("{label}{commit}{subject} ({})", source::tree(tree).1)
}

const fn gate_word(mark: super::mark::Mark) -> &'static str {
    use super::mark::Mark;
    match mark {
        Mark::Passed => "passed",
        Mark::Warned => "passed with a warning",
        Mark::Refused => "refused",
        Mark::Skipped => "skipped",
        _ => "unknown",
    }
}

/// `proxies had counted r41 1,395 requests, 2 bad; r42 7 requests, 7 bad`.
fn counted_so_far(counts: &[Answered], names: &Names) -> String {
    let mut sides: BTreeMap<&ReleaseId, (u64, u64)> = BTreeMap::new();
    for count in counts {
        let side = sides.entry(&count.release).or_default();
        *side = (side.0.saturating_add(count.requests), side.1.saturating_add(count.bad));
    }
    let side = |(release, (requests, bad)): (&ReleaseId, (u64, u64))| {
        format!("{} {}, {} bad", names.release(release), counted(requests, "request"), thousands(bad))
    };
    format!("proxies had counted {}", sides.into_iter().map(side).collect::<Vec<_>>().join("; "))
}

fn lease(holder: &str, from: Option<&str>) -> String {
    match from {
        Some(from) => format!("{holder} took the lease after that of {from} had run out"),
        None => format!("{holder} took the lease"),
    }
}

fn planned(plan: &Plan, names: &Names) -> String {
    let replaces = match &plan.replaces {
        Some(old) => format!(", replacing {}", names.release(old)),
        None => String::new(),
    };
    let hosts = counted(plan.hosts.len() as u64, "host");
    let steps = counted(plan.steps.len() as u64, "step");
    let what = kind::kind(plan.kind);
    format!("{what}: {} on {hosts} in {steps}{replaces}", names.release(&plan.release))
}

fn assessed(seen: &Assessment) -> String {
    let verdict = assessment::verdict(seen.verdict).map_or("undecided", |(_, word)| word);
    let reason = if seen.reason.is_empty() { String::new() } else { format!(": {}", seen.reason) };
    format!("`{}` {verdict}{reason} ({})", seen.analysis, assessment::in_full(seen))
}

/// The verdict and why, without the figures behind it where the reason has them.
pub(crate) fn assessed_briefly(seen: &Assessment) -> String {
    let verdict = assessment::verdict(seen.verdict).map_or("undecided", |(_, word)| word);
    let why = if seen.reason.is_empty() { assessment::in_brief(seen) } else { seen.reason.clone() };
    format!("`{}` {verdict}: {why}", seen.analysis)
}

fn held(reason: &HoldReason, until: Timestamp) -> String {
    format!("waits for {} until {}", hold::waits_for(reason), clock::stamp(until))
}

/// A reading with all its numbers.
fn read(reading: &Reading) -> String {
    match reading {
        Reading::Counts { canary, stable, .. } => {
            let stable =
                stable.as_ref().map_or(String::new(), |stable| format!("; stable {}", counts(stable)));
            format!("canary {}{stable}", counts(canary))
        }
        Reading::Value { value } => format!("{value}"),
        Reading::NoTraffic => "no requests yet".to_owned(),
        Reading::Unusable { reason, detail } => format!("nothing usable: {} ({detail})", unusable(*reason)),
    }
}

fn counts(increment: &Increment) -> String {
    use plimsoll_model::verdict::SideTotal;
    let total = SideTotal { requests: increment.requests, bad: increment.errors };
    let bad = format!("{} bad", part(total));
    if increment.timed == 0 {
        return bad;
    }
    let slower: Vec<String> = increment.slower.iter().map(|n| thousands(*n)).collect();
    let timed = thousands(increment.timed);
    format!("{bad}, {timed} timed (slower than each bound: {})", slower.join(" "))
}

const fn unusable(reason: Unusable) -> &'static str {
    match reason {
        Unusable::Unreachable => "no answer",
        Unusable::Stale => "samples too old",
        Unusable::Empty => "no such series",
        Unusable::NotANumber => "not a number",
        Unusable::Invalid => "not understood",
    }
}
