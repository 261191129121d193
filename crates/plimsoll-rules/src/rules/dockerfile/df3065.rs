//! FROM asks for the platform that it gets anyway. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3065",
    name: "redundant-platform",
    aliases: &["DL3065", "RedundantTargetPlatform"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3065.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for stage in &subject.file.stages {
        let from = &subject.file.instructions[stage.from];
        if from.flag("platform").is_some_and(|p| ["$TARGETPLATFORM", "${TARGETPLATFORM}"].contains(&p)) {
            sheet.add(from.place, "`$TARGETPLATFORM` is the default", "leave `--platform` out");
        }
    }
}
