//! Kinds and ends of rollouts.

use plimsoll_model::plan::PlanKind;
use plimsoll_model::record::Outcome;

use crate::palette::Role;

/// `update`, `rollback`.
pub(crate) const fn kind(kind: PlanKind) -> &'static str {
    match kind {
        PlanKind::Initial => "start",
        PlanKind::Update => "update",
        PlanKind::Rollback => "rollback",
        PlanKind::Converge => "converge",
    }
}

/// How a rollout ended.
pub(crate) const fn outcome(outcome: Outcome) -> (Role, &'static str) {
    match outcome {
        Outcome::Promoted => (Role::Good, "promoted"),
        Outcome::PromotedInPart => (Role::Warning, "promoted, hosts set aside"),
        Outcome::RolledBack => (Role::Bad, "rolled back"),
        Outcome::Inconclusive => (Role::Warning, "back, inconclusive"),
        Outcome::Superseded => (Role::Warning, "back, superseded"),
        Outcome::Refused => (Role::Bad, "refused by a host"),
        Outcome::Mixed => (Role::Bad, "MIXED FLEET"),
        Outcome::Stopped => (Role::Warning, "stopped by a person"),
    }
}
