//! RUN follows RUN. The page beside this file says why.

use plimsoll_model::Severity;

use super::runs;
use crate::dockerfile::{Body, Instruction};
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3059",
    name: "consecutive-runs",
    aliases: &["DL3059"],
    severity: Severity::Info,
    on: true,
    page: include_str!("df3059.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut before: Option<&Instruction> = None;
    for instruction in &subject.file.instructions {
        let is_small =
            matches!(&instruction.body, Body::Run(command) if runs::programs(&command.script) <= 1);
        if is_small && before.is_some_and(|before| before.flags == instruction.flags) {
            sheet.add(
                instruction.place,
                "this could be one layer with the `RUN` before it",
                "join them with `&&`",
            );
        }
        before = is_small.then_some(instruction);
    }
}
