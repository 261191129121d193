//! A stage has a reserved name. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3063",
    name: "reserved-stage-name",
    aliases: &["DL3063", "ReservedStageName"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3063.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for stage in &subject.file.stages {
        let Some(name) = &stage.name else { continue };
        if ["scratch", "context"].iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            let from = &subject.file.instructions[stage.from];
            sheet.add(
                from.place,
                format!("`{name}` means something else to the builder"),
                "give the stage another name",
            );
        }
    }
}
