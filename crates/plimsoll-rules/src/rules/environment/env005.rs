//! Blanks stand around an equals sign. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV005",
    name: "blanks-around-equals",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("env005.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    for variable in subject.file.variables.iter().filter(|variable| variable.spaced) {
        let message = format!(
            "blanks stand around the `=` of `{}`: readers of this file do not agree on it",
            variable.name
        );
        sheet
            .add(variable.place, message, format!("write `{}=` without blanks", variable.name))
            .hide_values();
    }
}
