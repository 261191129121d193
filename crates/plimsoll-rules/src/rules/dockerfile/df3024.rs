//! Two stages have one name. The page beside this file says why.

use std::collections::HashSet;

use plimsoll_model::Severity;

use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3024",
    name: "stage-name-given-twice",
    aliases: &["DL3024", "DuplicateStageName", "AVD-DS-0012", "DS012", "CKV_DOCKER_11"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3024.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut seen = HashSet::new();
    for stage in &subject.file.stages {
        let Some(name) = &stage.name else { continue };
        if !seen.insert(name.to_ascii_lowercase()) {
            let from = &subject.file.instructions[stage.from];
            sheet.add(
                from.place,
                format!("a stage before is called `{name}` already"),
                "give it another name",
            );
        }
    }
}
