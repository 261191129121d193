//! A stage has several ENTRYPOINTs. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::dockerfile::{Body, Instruction};
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF4004",
    name: "several-entrypoints",
    aliases: &["DL4004", "MultipleInstructionsDisallowed", "AVD-DS-0007", "DS007"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df4004.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let is_it = |instruction: &Instruction| matches!(instruction.body, Body::Entrypoint(_));
    let fix = "keep the one that is meant";
    for (again, first) in images::repeated(subject.file, is_it) {
        sheet.add(
            again.place,
            format!("line {} has one already; only the last one counts", first.place.line),
            fix,
        );
    }
}
