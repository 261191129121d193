//! A relative WORKDIR depends on the base image. The page beside this file says why.

use plimsoll_model::Severity;

use super::paths;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3000",
    name: "relative-workdir",
    aliases: &["DL3000", "WorkdirRelativePath", "AVD-DS-0009", "DS009", "CKV_DOCKER_10"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3000.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut absolute = paths::stages_with_workdir(subject.file);
    for instruction in &subject.file.instructions {
        let Body::Workdir(path) = &instruction.body else { continue };
        if paths::is_absolute(path) {
            absolute.begin(instruction.stage);
        } else if !absolute.began(instruction.stage) {
            let fix =
                format!("write an absolute path: `WORKDIR /{}`", path.trim_start_matches(['.', '~', '/']));
            sheet.add(
                instruction.place,
                format!("`{path}` is relative to whatever folder the base image left"),
                fix,
            );
        }
    }
}
