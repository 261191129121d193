//! A label is not among those that may be there. The page beside this file says why.

use plimsoll_model::Severity;

use super::labels;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3050",
    name: "superfluous-label",
    aliases: &["DL3050"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3050.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    if !subject.settings.only_these_labels {
        return;
    }
    let mut told = None;
    for (instruction, label) in labels::all(subject) {
        if !subject.settings.labels.contains_key(&label.key) && told != Some(instruction.place) {
            told = Some(instruction.place);
            let fix = "correct its key, or add it to the settings";
            sheet.add(instruction.place, format!("no label `{}` is asked for", label.key), fix);
        }
    }
}
