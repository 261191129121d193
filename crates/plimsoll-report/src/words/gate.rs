//! Gates: one line each.

use plimsoll_model::evidence::{Evidence, GateDecision};

use super::mark::Mark;
use crate::duration;
use crate::line::Line;
use crate::palette::Role;

/// The mark of a decision.
pub(crate) const fn mark(decision: GateDecision) -> Mark {
    match decision {
        GateDecision::Passed => Mark::Passed,
        GateDecision::Warned => Mark::Warned,
        GateDecision::Refused => Mark::Refused,
        GateDecision::Skipped => Mark::Skipped,
        GateDecision::Unknown => Mark::Unknown,
    }
}

/// The line of a gate that decided, under the name that people know it by.
///
/// What passed may be cut at the screen's edge; a reason to stop is never cut.
pub(crate) fn line(mark: Mark, name: &str, summary: &str, evidence: &Evidence) -> Line {
    let (line, hang) = mark.named(name);
    let line = match evidence.decision {
        GateDecision::Unknown => line.plain("unknown: "),
        _ => line,
    };
    let line = line.plain(summary);
    let took = evidence.took.duration();
    match evidence.decision {
        GateDecision::Passed if took.is_zero() => line,
        GateDecision::Passed => line.right(Role::Quiet, duration::human(took)),
        _ => line.wrapped(hang),
    }
}
