//! What a rollout waits for. Always names the person, and the time at which it goes back without one.

use plimsoll_model::record::HoldReason;
use plimsoll_model::{EnvironmentName, Timestamp};

use crate::line::Line;
use crate::palette::Role;
use crate::style::Style;

/// `approval by ops`, `a person, because errors is inconclusive`.
pub(crate) fn waits_for(reason: &HoldReason) -> String {
    match reason {
        HoldReason::Pause => "a person to end the pause".to_owned(),
        HoldReason::PausedByPerson => "the person who paused it to go on".to_owned(),
        HoldReason::Approval { by: Some(by) } => format!("approval by {by}"),
        HoldReason::Approval { by: None } => "a person's approval".to_owned(),
        HoldReason::Inconclusive { analysis } => {
            format!("a person to decide: `{analysis}` came to no verdict")
        }
        HoldReason::NoData { analysis } => format!("a person to decide: `{analysis}` had no data"),
        HoldReason::Warning { analysis } => {
            format!("a person to decide: `{analysis}` is worse than before, within its limit")
        }
    }
}

/// `waits for approval by ops until 16:03 tomorrow, then it goes back`.
pub(crate) fn clause(reason: &HoldReason, until: Timestamp, now: Timestamp, style: &Style) -> String {
    let until = style.moment(until, now);
    format!("waits for {} until {until}, then it goes back", waits_for(reason))
}

/// [`clause`] for a status line, with the commands that answer it.
pub fn hold_clause(
    environment: &EnvironmentName,
    reason: &HoldReason,
    until: Timestamp,
    now: Timestamp,
    style: &Style,
) -> String {
    let clause = clause(reason, until, now, style);
    format!("{clause}: `plimsoll promote -e {environment}` or `plimsoll abort -e {environment}`")
}

/// The commands that answer it.
pub(crate) fn answers(environment: &EnvironmentName) -> Vec<Line> {
    [("promote", "go on"), ("abort", "go back now")]
        .map(|(verb, gives)| {
            Line::new()
                .with(Role::Hint, format!("plimsoll {verb} -e {environment}"))
                .plain(format!(" to {gives}"))
        })
        .to_vec()
}
