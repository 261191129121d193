//! A value with blanks is not in quotes. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV002",
    name: "blanks-without-quotes",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env002.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    for variable in subject.file.variables.iter().filter(|variable| !variable.is_quoted()) {
        // A comment behind a value is one for most readers.
        let value = variable.raw.split(" #").next().unwrap_or_default().trim();
        if value.contains([' ', '\t']) {
            let message = format!(
                "the value of `{}` has blanks and no quotes: readers of this file do not agree on it",
                variable.name
            );
            sheet.add(variable.place, message, "put the value in quotes").hide_values();
        }
    }
}
