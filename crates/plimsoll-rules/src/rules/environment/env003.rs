//! Lines end as on Windows. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, VariablesSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "ENV003",
    name: "line-ends-of-windows",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("env003.md"),
    check: Check::Environment(look),
};

fn look(subject: &VariablesSubject<'_>, sheet: &mut Sheet<'_>) {
    let source = &subject.file.source;
    let text = |line: u32| source.text.get(source.bytes_of(line)).unwrap_or_default();
    if let Some((line, _)) = source.lines().find(|(line, _)| text(*line).ends_with("\r\n")) {
        sheet
            .add(
                source.whole_lines(line, line),
                "lines end as on Windows: each value has a return sign at its end",
                "save the file with line ends of Unix",
            )
            .hide_values();
    }
}
