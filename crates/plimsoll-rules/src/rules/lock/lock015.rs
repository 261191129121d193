//! A lock file cannot be read. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK015",
    name: "lock-not-readable",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("lock015.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    if let Some(problem) = &subject.file.problem {
        sheet.add(
            problem.place,
            format!("the lock file cannot be read: {}", problem.message),
            "lock again; two branches that were merged leave such files",
        );
    }
    for (number, line) in subject.file.source.lines() {
        if subject.file.problem.is_none() && (line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")) {
            sheet.add(
                subject.file.source.whole_lines(number, number),
                "a merge was not brought to its end",
                "take one side, and lock again",
            );
        }
    }
}
