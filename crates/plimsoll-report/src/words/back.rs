//! Why a rollout goes back.

use plimsoll_model::record::BackReason;

use super::hold;
use crate::clock;
use crate::names::Names;

/// One clause, with its figures.
pub(crate) fn clause(reason: &BackReason, names: &Names) -> String {
    match reason {
        BackReason::Analysis { summary, shared: false, .. } => summary.clone(),
        BackReason::Analysis { summary, shared: true, .. } => format!("both releases are bad: {summary}"),
        BackReason::Aborted { by } => format!("{by} asked to go back"),
        BackReason::Superseded { by } => format!("{} takes its place", names.release(by)),
        BackReason::InstanceFailed { host, instance, detail } => {
            format!("instance {} on {host} failed: {detail}", names.instance(instance))
        }
        BackReason::ActionFailed { action, error } => format!("could not {action}: {error}"),
        BackReason::NoProgress { waiting_for } => {
            format!("no progress for too long, waiting for {waiting_for}")
        }
        BackReason::TrafficMismatch { detail } => {
            format!("the traffic does not follow the weights: {detail}")
        }
        BackReason::SwitchFired { host, at } => {
            format!("the dead man's switch of {host} went off at {}", clock::stamp(*at))
        }
        BackReason::NobodyAnswered { asked } => {
            format!("nobody answered in time; it waited for {}", hold::waits_for(asked))
        }
        BackReason::Policy { analysis, detail } => {
            format!("`{analysis}` could not tell ({detail}), and the policy is to go back")
        }
    }
}
