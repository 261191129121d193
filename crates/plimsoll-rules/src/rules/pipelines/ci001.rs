//! An action is not pinned to a commit. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::lock::is_commit;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI001",
    name: "action-without-commit",
    aliases: &["unpinned-uses"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci001.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for uses in jobs::steps(subject.file)
        .into_iter()
        .chain(jobs::all(subject.file))
        .filter_map(|step| step.get("uses"))
    {
        let Some((action, revision)) = uses
            .text()
            .filter(|text| !text.starts_with('.') && !text.contains("docker://"))
            .and_then(|text| text.split_once('@'))
        else {
            continue;
        };
        if is_commit(revision) || revision.contains("${{") {
            continue;
        }
        let message =
            format!("{action} is whatever `{revision}` is on that day, with the rights of this workflow");
        let mut entry = sheet.add(
            uses.place,
            message,
            format!(
                "write the whole commit, with the version behind it: `{action}@<40 digits> # {revision}`"
            ),
        );
        // Whoever runs the workflow is trusted anyway.
        if action.starts_with("actions/") || action.starts_with("github/") {
            entry.severity(Severity::Info);
        }
    }
}
