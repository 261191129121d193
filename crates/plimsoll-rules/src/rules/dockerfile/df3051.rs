//! A label that is asked for is empty. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3051",
    name: "empty-label",
    aliases: &["DL3051"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3051.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for (instruction, label) in labels::all(subject) {
        if subject.settings.labels.contains_key(&label.key) && label.value.is_empty() {
            sheet.add(instruction.place, format!("the label `{}` is empty", label.key), "give it a value");
        }
    }
}
