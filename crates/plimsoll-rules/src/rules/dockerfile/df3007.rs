//! The base image is tagged latest. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3007",
    name: "latest-base-image",
    aliases: &["DL3007", "AVD-DS-0001", "DS001", "CKV_DOCKER_7"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3007.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for (instruction, image) in images::from_outside(subject.file) {
        if image.tag.as_deref() == Some("latest") && image.digest.is_none() {
            let fix = format!("name a version, better a digest: `{}:VERSION`", image.path);
            sheet.add(
                instruction.place,
                format!("`{}` means another image from one week to the next", image.text),
                fix,
            );
        }
    }
}
