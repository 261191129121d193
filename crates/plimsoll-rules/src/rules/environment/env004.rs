//! An environment file has `export` in it. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV004",
    name: "export-in-environment-file",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env004.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    if let Some(variable) = subject.file.variables.iter().find(|variable| variable.exported) {
        let message =
            format!("`export {}` is for shells: Docker refuses it and systemd leaves it out", variable.name);
        sheet
            .add(variable.place, message, "remove `export`; a shell takes the rest with `set -a`")
            .hide_values();
    }
}
