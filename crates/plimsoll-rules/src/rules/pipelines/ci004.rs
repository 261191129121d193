//! A stranger's code runs beside the secrets. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI004",
    name: "stranger-runs-with-secrets",
    aliases: &["dangerous-triggers"],
    severity: Severity::Error,
    on: true,
    page: include_str!("ci004.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    if !["pull_request_target", "workflow_run"].iter().any(|name| jobs::has_trigger(subject.file, name)) {
        return;
    }
    for step in jobs::steps(subject.file) {
        let is_checkout = step.text_at(&["uses"]).is_some_and(|uses| uses.starts_with("actions/checkout@"));
        let Some(reference) = step.at(&["with", "ref"]).filter(|_| is_checkout) else { continue };
        let text = reference.text().unwrap_or_default();
        let is_theirs = ["pull_request.head", "github.head_ref", "workflow_run.head", "refs/pull/"]
            .iter()
            .any(|word| text.contains(word));
        if is_theirs {
            let message = "the code of a pull request is fetched into a workflow that has the secrets of this repository";
            sheet.add(
                reference.place,
                message,
                "use `pull_request`, which has none; or fetch it and run nothing of it",
            );
        }
    }
}
