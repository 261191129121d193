//! The last user of a stage is root. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3002",
    name: "root-as-last-user",
    aliases: &["DL3002", "CIS-DI-0001", "AVD-DS-0002", "DS002", "CKV_DOCKER_8"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3002.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let stages = 0..subject.file.stages.len();
    for stage in stages {
        let users = subject.file.in_stage(stage).filter_map(|instruction| match &instruction.body {
            Body::User(user) => Some((instruction, user)),
            _ => None,
        });
        let Some((instruction, user)) = users.last() else { continue };
        if images::is_root(user) {
            let fix = "end the stage with a user without rights: `USER 65532`";
            sheet.add(instruction.place, format!("the stage ends as `{user}`"), fix);
        }
    }
}
