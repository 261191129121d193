//! The image has no HEALTHCHECK. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3057",
    name: "no-healthcheck",
    aliases: &["DL3057", "IMG012", "CIS-DI-0006", "AVD-DS-0026", "DS026", "CKV_DOCKER_2"],
    severity: Severity::Info,
    on: false,
    page: include_str!("df3057.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(last) = subject.file.last_stage() else { return };
    let mut instructions = subject.file.instructions.iter();
    let has = instructions.any(|instruction| {
        matches!(instruction.body, Body::Healthcheck(_)) && subject.file.is_shipped(instruction.stage)
    });
    if !has {
        let from = &subject.file.instructions[subject.file.stages[last].from];
        sheet.add(
            from.place,
            "nothing tells whether the program works",
            "add `HEALTHCHECK CMD [\"/program\", \"check\"]`",
        );
    }
}
