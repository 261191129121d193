//! An instruction cannot be understood. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF1000",
    name: "dockerfile-syntax",
    aliases: &["DL1000"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df1000.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for problem in &subject.file.problems {
        sheet.add(problem.place, &problem.message, &problem.fix);
    }
}
