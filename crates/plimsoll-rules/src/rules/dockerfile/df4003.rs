//! A stage has several CMDs. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::dockerfile::{Body, Instruction};
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4003",
    name: "several-cmds",
    aliases: &["DL4003", "MultipleInstructionsDisallowed", "AVD-DS-0016", "DS016"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df4003.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let is_it = |instruction: &Instruction| matches!(instruction.body, Body::Cmd(_));
    let fix = "keep the one that is meant";
    for (again, first) in images::repeated(subject.file, is_it) {
        sheet.add(
            again.place,
            format!("line {} has one already; only the last one counts", first.place.line),
            fix,
        );
    }
}
