//! The base image has no tag. The page beside this file says why.

use plimsoll_model::Severity;

use super::images;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3006",
    name: "untagged-base-image",
    aliases: &["DL3006"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3006.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for (instruction, image) in images::from_outside(subject.file) {
        if image.tag.is_none() && image.digest.is_none() && !image.has_variables() {
            let fix = format!("name a tag, better a digest: `{}:TAG@sha256:...`", image.text);
            sheet.add(
                instruction.place,
                format!("`{}` means another image from one week to the next", image.text),
                fix,
            );
        }
    }
}
