//! A line sets no variable. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV007",
    name: "line-without-variable",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env007.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    for place in &subject.file.others {
        sheet
            .add(*place, "this line sets no variable", "write `NAME=value`, or begin it with `#`")
            .hide_values();
    }
}
