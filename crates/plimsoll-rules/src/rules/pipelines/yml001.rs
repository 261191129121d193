//! A file is not YAML. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "YML001",
    name: "yaml-not-readable",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("yml001.md"),
    check: Check::Yaml(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    if let Some(problem) = &subject.file.problem {
        sheet.add(
            problem.place,
            format!("this is not YAML: {}", problem.message),
            "mend the syntax; other checks have seen only what stands before",
        );
    }
}
