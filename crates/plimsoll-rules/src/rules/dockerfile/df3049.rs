//! A label that is asked for is missing. The page beside this file says why.

use std::collections::HashSet;

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3049",
    name: "label-missing",
    aliases: &["DL3049", "IMG019"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3049.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(last) = subject.file.last_stage() else { return };
    let present: HashSet<&str> = labels::all(subject)
        .filter(|(instruction, _)| subject.file.is_shipped(instruction.stage))
        .map(|(_, label)| label.key.as_str())
        .collect();
    let from = &subject.file.instructions[subject.file.stages[last].from];
    for label in subject.settings.labels.keys().filter(|label| !present.contains(label.as_str())) {
        sheet.add(from.place, format!("the label `{label}` is missing"), format!("add `LABEL {label}=...`"));
    }
}
