//! A variable is given twice. The page beside this file says why.

use std::collections::BTreeMap;

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV001",
    name: "variable-given-twice",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env001.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for variable in &subject.file.variables {
        if let Some(first) = seen.insert(&variable.name, variable.place.line) {
            let message =
                format!("`{}` is set in line {first} already, and the last one wins", variable.name);
            sheet.add(variable.place, message, "delete one of them").hide_values();
        }
    }
}
