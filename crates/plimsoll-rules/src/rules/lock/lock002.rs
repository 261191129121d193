//! A lock file is out of step with its manifest. The page beside this file says why.

use plimsoll_model::Severity;

use super::manifests;
use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK002",
    name: "lock-out-of-step",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("lock002.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    for (what, place) in manifests::differences(subject) {
        sheet.add(place, what, "lock again, and commit both files");
    }
}
