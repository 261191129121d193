//! The file does not begin with FROM. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3061",
    name: "instruction-before-from",
    aliases: &["DL3061"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3061.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    // A `FROM` that was not understood is one all the same.
    let end = subject.file.problems.first().map_or(u32::MAX, |problem| problem.place.line);
    let instructions = subject.file.instructions.iter();
    let before = instructions.take_while(|i| i.stage.is_none() && i.place.line < end);
    for instruction in before.filter(|instruction| !matches!(instruction.body, Body::Arg(_))) {
        sheet.add(instruction.place, "this stands before the first `FROM`", "move it below");
    }
}
