//! A service that is stopped by halves, or before it can finish. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::Sheet;
use crate::systemd::value::{boolean, span};

pub(super) const RULE: Rule = Rule {
    id: "SYSD013",
    name: "unclean-stop",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("sysd013.md"),
    check: Check::Unit(look),
};

/// Below this no server finishes what it has begun, in microseconds.
const SHORT: u64 = 2_000_000;

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    for assignment in subject
        .file
        .file
        .assignments
        .iter()
        .filter(|a| ["Service", "Socket", "Scope"].contains(&a.section.as_str()))
    {
        let value = assignment.value.as_str();
        let is_short = || span(value).is_some_and(|stop| stop > 0 && stop < SHORT);
        let (message, fix) = match assignment.key.as_str() {
            "KillMode" if value == "none" => {
                ("systemd ends none of the service's processes: they stay behind", "use `KillMode=mixed`")
            }
            "KillMode" if value == "process" => {
                ("only the first process is ended: others stay behind", "use `KillMode=mixed`")
            }
            "SendSIGKILL" if boolean(value) == Some(false) => {
                ("what does not end by itself stays behind for ever", "take `SendSIGKILL=` out")
            }
            "TimeoutStopSec" | "TimeoutSec" if is_short() => {
                ("the program is killed before it can finish what it has begun", "give it 10 s or more")
            }
            _ => continue,
        };
        sheet.add(assignment.place, message, fix);
    }
}
