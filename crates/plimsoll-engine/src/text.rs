//! Words that several parts use.

use plimsoll_model::plan::PlanKind;
use plimsoll_model::record::{BackReason, Outcome};

/// An error with its causes, each once: `cannot open x: no such file`.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = source.source();
    }
    text
}

/// A size as people write it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// How a rollout ended, in words.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "serves everywhere",
        Outcome::PromotedInPart => "serves everywhere but on hosts that were set aside",
        Outcome::RolledBack => "rolled back",
        Outcome::Inconclusive => "taken back: nobody could tell whether it is good",
        Outcome::Superseded => "taken back for another release",
        Outcome::Refused => "refused by a host before it took any traffic",
        Outcome::Mixed => "could not be brought back everywhere",
        Outcome::Stopped => "ended by `plimsoll down`",
    }
}

/// An outcome as one word, for programs.
pub(crate) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Promoted => "promoted",
        Outcome::PromotedInPart => "promoted-in-part",
        Outcome::RolledBack => "rolled-back",
        Outcome::Inconclusive => "inconclusive",
        Outcome::Superseded => "superseded",
        Outcome::Refused => "refused",
        Outcome::Mixed => "mixed",
        Outcome::Stopped => "stopped",
    }
}

/// A kind of plan as one word, for programs.
pub(crate) const fn kind_word(kind: PlanKind) -> &'static str {
    match kind {
        PlanKind::Initial => "initial",
        PlanKind::Update => "update",
        PlanKind::Rollback => "rollback",
        PlanKind::Converge => "converge",
    }
}

/// Why a rollout goes back, for programs: releases stand by their identifiers.
pub(crate) fn back_reason(reason: &BackReason) -> String {
    match reason {
        BackReason::Analysis { summary, .. } => summary.clone(),
        BackReason::Aborted { by } => format!("{by} asked to go back"),
        BackReason::Superseded { by } => format!("{by} takes its place"),
        BackReason::InstanceFailed { host, instance, detail } => {
            format!("instance {instance} on {host} failed: {detail}")
        }
        BackReason::ActionFailed { action, error } => format!("could not {action}: {error}"),
        BackReason::NoProgress { waiting_for, .. } => {
            format!("no progress for too long, waiting for {waiting_for}")
        }
        BackReason::TrafficMismatch { detail } => {
            format!("the traffic does not follow the weights: {detail}")
        }
        BackReason::SwitchFired { host, .. } => format!("the dead man's switch of {host} went off"),
        BackReason::HostLost { host, detail } => format!("{host} does not answer: {detail}"),
        BackReason::NobodyAnswered { .. } => "nobody answered in time".to_owned(),
        BackReason::Policy { analysis, detail } => format!("`{analysis}` could not tell: {detail}"),
    }
}
